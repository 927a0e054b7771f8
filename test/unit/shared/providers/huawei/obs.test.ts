import { describe, expect, it, onTestFinished } from 'vitest';
import { toCause } from '../../../../../shared/lib/cause.ts';
import { createClock } from '../../../../../shared/lib/clock.ts';
import { TransportError, WaybillError } from '../../../../../shared/lib/errors.ts';
import { createObsReader } from '../../../../../shared/providers/huawei/obs.ts';
import { readFailedList } from '../../../../../shared/providers/huawei/oms/failed-list.ts';
import { createFaults, type FaultRule } from '../../../../../simulator/faults/faults.ts';
import { DEFAULT_OMS_KEYS, startHuawei } from '../../../../../simulator/huawei/simulator.ts';
import { startPeer } from '../../../../fixtures/http.ts';

const AT = new Date('2026-11-20T02:00:00Z');
const PROJECT = '0123456789abcdef0123456789abcdef';
const REGION = 'cn-north-4';
const BUCKET = 'destination-bucket';
const { ak, sk } = DEFAULT_OMS_KEYS.destination;
const keys: { readonly dstAk: string; readonly dstSk: string } = { dstAk: ak, dstSk: sk };

async function setup(faults: readonly FaultRule[] = []) {
  const now = () => AT;
  const huawei = await startHuawei({ now, faults: createFaults(faults) });
  onTestFinished(() => huawei.close());
  const obs = createObsReader({
    endpoint: `${huawei.obsUrl}/{bucket}`,
    clock: createClock({ now }),
  });
  async function* read(key: string, by: typeof keys = keys, bucket = BUCKET) {
    yield* await obs.read({ region: REGION, bucket, key }, by);
  }
  return { huawei, read };
}

const textOf = async (bytes: AsyncIterable<Uint8Array>): Promise<string> =>
  Buffer.concat(await Array.fromAsync(bytes)).toString('utf8');
async function failureOf(bytes: AsyncIterable<Uint8Array>): Promise<WaybillError> {
  const error: unknown = await textOf(bytes).then(
    () => new Error('it was read'),
    (reason: unknown) => reason,
  );
  if (!(error instanceof WaybillError)) throw error;
  return error;
}

describe('objects of OBS', () => {
  it('hold the list of a failed task, which is read to the last line', async () => {
    const { huawei, read } = await setup();
    const failedObjects = [
      {
        key: 'photos/北京 1+2.jpg',
        code: 'UPLOAD_DST_OBJ_FAILURE-1-OBSClientUploadError',
        message: 'reset, by peer',
      },
      { key: 'a,b\tc.txt', code: 'MIGRATE_SRC_ARCHIVE_OBJ_FAILURE', message: 'archived' },
      { key: 'plain', code: '403', message: '' },
    ];
    const task = huawei.tasks.add({
      apiVersion: 'v2',
      region: REGION,
      projectId: PROJECT,
      dstBucket: BUCKET,
      name: '迁移 1+1',
      status: 4,
      failedObjects,
    });
    const found = await Array.fromAsync(readFailedList(read(task.listFileKey ?? '')));
    expect(found).toEqual([
      { ...failedObjects[0], class: 'transient' },
      { ...failedObjects[1], class: 'source' },
      { ...failedObjects[2], class: 'source' },
    ]);
  });

  it.each(['a', 'a b', 'a+b', 'a%20b', "!'()*~", '腾/讯', 'a//b', 'a&b=c?d#e', 'x'.repeat(900)])(
    'are found by the key %s',
    async (key) => {
      const { huawei, read } = await setup();
      huawei.obs.put(BUCKET, key, `text of ${key}`);
      expect(await textOf(read(key))).toBe(`text of ${key}`);
    },
  );

  it('are read by the bucket in the host where the endpoint says so', async () => {
    const urls: string[] = [];
    const obs = createObsReader({
      endpoint: 'https://{bucket}.obs.{region}.example',
      clock: createClock({ now: () => AT }),
      fetch: async ({ origin, path }) => {
        urls.push(`${origin}${path}`);
        return { status: 200, headers: {}, body: (async function* () {})() };
      },
    });
    await textOf(await obs.read({ region: REGION, bucket: 'b1', key: 'k' }, keys));
    expect(urls).toEqual(['https://b1.obs.cn-north-4.example/k']);
  });

  it('are signed with the session token of temporary keys', async () => {
    const peer = await startPeer();
    const obs = createObsReader({
      endpoint: `${peer.origin}/{bucket}`,
      clock: createClock({ now: () => AT }),
    });
    const temporary = { ...keys, dstSecurityToken: 'temporary' };
    await textOf(await obs.read({ region: REGION, bucket: 'b1', key: 'k' }, temporary));
    const [{ headers } = { headers: {} }] = peer.arrived;
    expect(headers).toMatchObject({
      'x-amz-security-token': 'temporary',
      'x-amz-date': '20261120T020000Z',
      authorization: expect.stringContaining('x-amz-security-token'),
    });
  });

  it.each([
    ['with a wrong secret', { dstAk: ak, dstSk: 'canary-sk' }, 'SignatureDoesNotMatch', 403],
    ['with an unknown key', { dstAk: 'canary-ak', dstSk: sk }, 'InvalidAccessKeyId', 403],
  ])('are refused %s', async (_name, by, code, status) => {
    const { huawei, read } = await setup();
    huawei.obs.put(BUCKET, 'k', 'x');
    const error = await failureOf(read('k', by));
    expect(error).toMatchObject({ providerCode: code, status, class: 'credentials' });
    expect(toCause(error).requestId).toMatch(/^[0-9a-f]{32}$/);
    const shown = JSON.stringify([error.message, error.stack, toCause(error)]);
    for (const secret of ['canary', sk, ak]) expect(shown).not.toContain(secret);
  });

  it.each([
    ['of another key', 'none', BUCKET],
    ['of another bucket', 'k', 'another-bucket'],
  ])('that are not there are said so: %s', async (_name, key, bucket) => {
    const { huawei, read } = await setup();
    huawei.obs.put(BUCKET, 'k', 'x');
    expect(await failureOf(read(key, keys, bucket))).toMatchObject({
      providerCode: 'NoSuchKey',
      status: 404,
      class: 'request',
    });
  });

  it.each([
    ['slow-down', 'SlowDown', 'throttled'],
    ['too-many-requests', 'TooManyRequests', 'throttled'],
    ['internal-error', 'InternalError', 'transient'],
    ['bad-gateway', 'HTTP_502', 'transient'],
  ] as const)('are refused by %s as %s', async (kind, code, expected) => {
    const { huawei, read } = await setup([{ api: 'obs', kind }]);
    huawei.obs.put(BUCKET, 'k', 'x');
    expect(await failureOf(read('k'))).toMatchObject({ providerCode: code, class: expected });
  });

  it.each(['reset-before', 'truncate'] as const)(
    'fail as a transport does after %s',
    async (kind) => {
      const { huawei, read } = await setup([{ api: 'obs', kind }]);
      huawei.obs.put(BUCKET, 'k', 'x'.repeat(100_000));
      expect(await failureOf(read('k'))).toBeInstanceOf(TransportError);
    },
  );

  it('hand on what the reader of the bytes throws', async () => {
    const { huawei, read } = await setup();
    huawei.obs.put(BUCKET, 'k', 'x');
    const reading = async () => {
      for await (const _part of read('k')) throw new RangeError('full');
    };
    await expect(reading()).rejects.toThrow(RangeError);
  });
});
