/** Targets as audits ask them: both clouds list every key in pages, and HEAD tells checksums. */
import { describe, expect, it, onTestFinished } from 'vitest';
import { createSend } from '../../../../shared/lib/http.ts';
import { createObsReader } from '../../../../shared/providers/huawei/obs.ts';
import type { TargetBucket } from '../../../../shared/providers/target.ts';
import { openCosTarget, openObsTarget } from '../../../../shared/providers/target-bucket.ts';
import { createCosObjectsClient } from '../../../../shared/providers/tencent/objects.ts';
import { createCosSigner } from '../../../../shared/signing/cos.ts';
import { DEFAULT_OMS_KEYS } from '../../../../simulator/huawei/simulator.ts';
import { DEFAULT_KEYS, startSimulator } from '../../../../simulator/main.ts';
import { startPeer } from '../../../fixtures/http.ts';

const DIGITS = '123456789';
const DIGITS_CRC64 = '11051210869376104954';
const DIGITS_MD5 = '25f9e794323b453885f5181f1b624d0b';
const ONE_PART = '5927c5d64d94a5786f90003aa26d0159-1';

/** The stores by name, each with a way to put an object. */
async function setup() {
  const simulator = await startSimulator({ huawei: true });
  onTestFinished(() => simulator.close());
  const requests = { list: 0, head: 0 };
  const options = (region: string, bucket: string) => ({
    target: { region, bucket },
    calls: { run: <Answer>(request: () => Promise<Answer>) => request() },
    onRequest: (kind: 'list' | 'head') => {
      requests[kind] += 1;
    },
  });
  const cosBucket = 'examplebucket-1250000000';
  const objects = createCosObjectsClient({
    endpoint: `${simulator.objectsUrl}/{bucket}`,
    send: createSend(),
    sign: createCosSigner({ credentials: DEFAULT_KEYS }),
  });
  const huawei = simulator.huawei as NonNullable<typeof simulator.huawei>;
  const { ak: dstAk, sk: dstSk } = DEFAULT_OMS_KEYS.destination;
  const obs = createObsReader({ endpoint: `${huawei.obsUrl}/{bucket}` });
  const lastModifiedAt = new Date();
  return {
    requests,
    simulator,
    cos: openCosTarget(objects, options('ap-shanghai', cosBucket)),
    obs: openObsTarget(obs, async () => ({ dstAk, dstSk }), options('cn-north-4', 'photos')),
    putCos: (key: string, more = {}) =>
      simulator.objects.put(
        `${cosBucket}/${key}`,
        { md5: DIGITS_MD5, crc64: DIGITS_CRC64, sizeBytes: 9, lastModifiedAt, ...more },
        Buffer.from(DIGITS),
      ),
    putObs: (key: string, more = {}) => huawei.obs.put('photos', key, DIGITS, more),
  };
}

const keysOf = async (target: TargetBucket, prefix = ''): Promise<readonly string[]> => {
  const pages = await Array.fromAsync(target.pages(prefix));
  return pages.flatMap(({ objects }) => objects.map(({ key }) => key));
};

describe.each(['cos', 'obs'] as const)('a bucket of %s', (kind) => {
  it('lists every key under a prefix once, a thousand with a request, with size and ETag', async () => {
    const all = await setup();
    const put = kind === 'cos' ? all.putCos : all.putObs;
    const keys = Array.from({ length: 2_500 }, (_, at) => `new/${String(at).padStart(5, '0')}`);
    const odd = ['new/a b+c%20d', 'new/～', 'new/😀', "new/it's & <b>"];
    for (const key of ['old/1', ...keys, ...odd, 'news']) put(key);
    const found = await keysOf(all[kind], 'new/');
    expect(found.slice(0, 2_500)).toEqual(keys);
    expect(new Set(found.slice(2_500))).toEqual(new Set(odd));
    expect(all.requests).toEqual({ list: 3, head: 0 });
    const [page] = await Array.fromAsync(all[kind].pages('new/😀'));
    expect(page?.objects[0]).toMatchObject({ sizeBytes: '9', etag: DIGITS_MD5 });
    expect(page?.rest).toBeUndefined();
  });

  it('goes on behind a page', async () => {
    const all = await setup();
    const put = kind === 'cos' ? all.putCos : all.putObs;
    for (let at = 0; at < 1_500; at += 1) put(`k${1_000 + at}`);
    for await (const { rest } of all[kind].pages('')) {
      const [second] = await Array.fromAsync(all[kind].pages('', rest));
      expect(second?.objects.map(({ key }) => key)[0]).toBe('k2000');
      break;
    }
  });

  it('tells CRC64 and ETag of an object, also of one that was uploaded in parts', async () => {
    const all = await setup();
    if (kind === 'cos') all.putCos('parts', { etag: ONE_PART });
    else all.putObs('parts', { partBytes: 100 });
    (kind === 'cos' ? all.putCos : all.putObs)('plain');
    expect(await all[kind].head('plain')).toMatchObject({
      sizeBytes: '9',
      etag: DIGITS_MD5,
      isEtagMd5: true,
      crc64: DIGITS_CRC64,
    });
    expect(await all[kind].head('parts')).toMatchObject({
      etag: ONE_PART,
      isEtagMd5: false,
      crc64: DIGITS_CRC64,
    });
    expect(await all[kind].head('gone')).toBeUndefined();
    expect(all.requests).toEqual({ list: 0, head: 3 });
  });
});

it('an object of OBS may come without CRC64', async () => {
  const { obs, putObs } = await setup();
  putObs('bare', { tellsCrc64: false });
  expect(await obs.head('bare')).not.toHaveProperty('crc64');
});

describe('headers of an object', () => {
  const headWith = async (headers: Record<string, string>) => {
    const peer = await startPeer();
    peer.answer({ headers: { etag: `"${DIGITS_MD5}"`, ...headers } });
    const objects = createCosObjectsClient({
      endpoint: peer.origin,
      send: createSend(),
      sign: createCosSigner({ credentials: DEFAULT_KEYS }),
    });
    return objects.head({ region: 'ap-chengdu', bucket: 'b-1250000000' }, 'a');
  };

  it.each([
    ['', undefined],
    ['0', '0'],
    ['255', '255'],
    ['rosUhgp5mIg=', undefined],
    ['null', undefined],
  ])('A05: a CRC64 of %j is %j', async (text, expected) => {
    expect((await headWith({ 'x-cos-hash-crc64ecma': text }))?.crc64).toBe(expected);
  });

  it('A04: CRC64NVME is not read as CRC-64/XZ', async () => {
    const found = await headWith({ 'x-amz-checksum-crc64nvme': 'rosUhgp5mIg=' });
    expect(found).not.toHaveProperty('crc64');
  });

  it('tell Content-Encoding, and the MD5 of Google', async () => {
    const hash = `crc32c=AAAAAA==,md5=${Buffer.from(DIGITS_MD5, 'hex').toString('base64')}`;
    expect(await headWith({ 'content-encoding': 'gzip', 'x-goog-hash': hash })).toMatchObject({
      contentEncoding: 'gzip',
      md5: DIGITS_MD5,
    });
  });
});
