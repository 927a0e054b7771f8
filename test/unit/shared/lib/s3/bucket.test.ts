import { Agent } from 'undici';
import { describe, expect, it } from 'vitest';
import { createFetch } from '../../../../../shared/lib/http.ts';
import type { S3Config } from '../../../../../shared/lib/s3/bucket.ts';
import { createS3Objects } from '../../../../../shared/stores/aws/s3/objects.ts';
import { inTurn, refusal, type S3Reply, startS3Peer } from '../../../../fixtures/s3-peer.ts';

const found: S3Reply = {
  headers: {
    etag: '"e"',
    'content-length': '1',
    'last-modified': 'Fri, 20 Nov 2026 02:00:00 GMT',
  },
};

describe('where requests go', () => {
  const keys = { accessKeyId: 'AKIDEXAMPLE', secretAccessKey: 'canary-secret' };
  const seenAt = async (endpoint: string, bucket = 'examplebucket-1250000000') => {
    const seen: unknown[] = [];
    const config = { region: 'ap-shanghai', keys, endpoint };
    const objects = createS3Objects({
      bucket,
      config,
      fetch: async ({ origin, path }) => {
        seen.push(origin, path);
        return { status: 404, headers: {}, body: (async function* () {})() };
      },
    });
    await objects.head("a/b c+(1)'%2F");
    return seen;
  };

  it.each([
    [
      'COS, host style',
      'https://{bucket}.cos.{region}.myqcloud.com',
      'https://examplebucket-1250000000.cos.ap-shanghai.myqcloud.com',
      "/a/b c+(1)'%2F",
    ],
    [
      'OBS, path style',
      'https://obs.{region}.myhuaweicloud.com',
      'https://obs.ap-shanghai.myhuaweicloud.com',
      "/examplebucket-1250000000/a/b c+(1)'%2F",
    ],
    [
      'behind a path',
      'http://127.0.0.1:9000/s3',
      'http://127.0.0.1:9000',
      "/s3/examplebucket-1250000000/a/b c+(1)'%2F",
    ],
  ])('%s', async (_name, endpoint, origin, path) => {
    expect(await seenAt(endpoint)).toEqual([origin, path]);
  });

  it('a bucket as host is in the name that is asked for and signed', async () => {
    const hosts: (string | undefined)[] = [];
    const peer = await startS3Peer(({ headers }) => {
      hosts.push(headers.host);
      return found;
    });
    const { port } = new URL(peer.origin);
    const lookup = new Agent({
      connect: {
        lookup: (_host, _options, resolved) =>
          resolved(null, [{ address: '127.0.0.1', family: 4 }]),
      },
    });
    const objects = createS3Objects({
      bucket: 'examplebucket',
      config: { region: 'r', keys, endpoint: `http://{bucket}.s3.{region}.example:${port}` },
      fetch: createFetch({ dispatcher: lookup }),
    });
    expect(await objects.head('a')).toMatchObject({ sizeBytes: 1 });
    expect(hosts).toEqual([`examplebucket.s3.r.example:${port}`]);
  });
});

describe('signatures', () => {
  it.each(['目录/文件 (1).csv', "it's & +%2F?#=~!*", 'a\\b', 'e\u0301/\u{1f600}'])(
    'are good for the key %s',
    async (key) => {
      const peer = await startS3Peer(() => found);
      await peer.objects.put(key, 'content');
      expect(peer.arrived.map((request) => request.key)).toEqual([key, key]);
    },
  );

  it('carry the token of a temporary key, signed', async () => {
    const config: Partial<S3Config> = {
      keys: {
        accessKeyId: 'AKIDEXAMPLE',
        secretAccessKey: 'canary-secret',
        sessionToken: 'token+/=',
      },
    };
    const peer = await startS3Peer(() => found, config);
    await peer.objects.head('a');
    expect(peer.arrived[0]?.headers['x-amz-security-token']).toBe('token+/=');
  });

  it('G8: are made anew with each send', async () => {
    const dates: unknown[] = [];
    let at = Date.parse('2026-11-20T02:00:00Z');
    const objects = createS3Objects({
      bucket: 'b',
      config: {
        region: 'r',
        keys: { accessKeyId: 'a', secretAccessKey: 's' },
        endpoint: 'http://x',
      },
      now: () => new Date(at),
      wait: async (ms) => {
        expect(ms).toBeLessThan(1_000);
        at += 1_000;
      },
      fetch: async ({ headers }) => {
        dates.push(headers['x-amz-date'], headers['authorization']);
        const body = (async function* () {})();
        return dates.length < 5
          ? { status: 500, headers: {}, body }
          : { ...found, status: 200, headers: found.headers ?? {}, body };
      },
    });
    await objects.head('a');
    expect([dates[0], dates[2], dates[4]]).toEqual([
      '20261120T020000Z',
      '20261120T020001Z',
      '20261120T020002Z',
    ]);
    expect(new Set([dates[1], dates[3], dates[5]]).size).toBe(3);
  });
});

describe('refusals', () => {
  it.each([
    ['busy', refusal(503, 'SlowDown')],
    ['too many', refusal(429, 'TooManyRequests')],
    ['broken', refusal(500, 'InternalError')],
    ['a proxy that lost it', { status: 502, body: '<html>' }],
    ['a body that came too slowly', refusal(400, 'RequestTimeout')],
    ['two at once', refusal(409, 'OperationAborted')],
    ['a refusal that breaks off', { ...refusal(503, 'SlowDown'), breakAt: 10 }],
    ['no answer', { breakAt: -1 }],
  ])('are tried again when they pass: %s', async (_name, reply) => {
    const peer = await startS3Peer(inTurn(reply, reply, { status: 204 }));
    await peer.objects.remove('a');
    expect(peer.arrived).toHaveLength(3);
    expect(peer.waits).toHaveLength(2);
  });

  it('that do not pass are told at once, with service, operation and code', async () => {
    const peer = await startS3Peer(inTurn(refusal(403, 'AccessDenied')));
    const failure = await peer.objects.remove('a/b').catch((error: unknown) => error);
    expect(failure).toMatchObject({
      code: 'STORE_FAILED',
      message: 'The object store failed: s3 DELETE examplebucket/a/b: AccessDenied: Said so.',
    });
    expect(peer.arrived).toHaveLength(1);
  });

  it('end after six sends, with what was said last', async () => {
    const peer = await startS3Peer(inTurn(refusal(503, 'SlowDown')));
    await expect(peer.objects.remove('a')).rejects.toThrow('SlowDown');
    expect(peer.arrived).toHaveLength(6);
  });

  it('G8: are obeyed in how long to wait, or the work goes back', async () => {
    const soon = { ...refusal(503, 'SlowDown'), headers: { 'retry-after': '7' } };
    const peer = await startS3Peer(inTurn(soon, { status: 204 }));
    await peer.objects.remove('a');
    expect(peer.waits).toEqual([7_000]);
    const late = { ...refusal(503, 'SlowDown'), headers: { 'retry-after': '600' } };
    const other = await startS3Peer(inTurn(late));
    await expect(other.objects.remove('a')).rejects.toMatchObject({ code: 'STORE_FAILED' });
    expect([other.arrived.length, other.waits.length]).toEqual([1, 0]);
  });

  it('say in which region the bucket is, and are not followed there', async () => {
    const reply = { status: 301, headers: { 'x-amz-bucket-region': 'eu-west-1' } };
    const peer = await startS3Peer(inTurn(reply));
    await expect(peer.objects.head('a')).rejects.toThrow('the bucket is in eu-west-1');
    expect(peer.arrived).toHaveLength(1);
  });

  it('G6: hold neither secret nor signature', async () => {
    const { body = '' } = refusal(403, 'SignatureDoesNotMatch');
    const quoting = String(body).replace(
      '</Error>',
      '<StringToSign>AWS4-HMAC-SHA256 canary</StringToSign></Error>',
    );
    const token = {
      accessKeyId: 'AKIDEXAMPLE',
      secretAccessKey: 'canary-secret',
      sessionToken: 'canary-token',
    };
    for (const reply of [{ status: 403, body: quoting }, { breakAt: -1 }]) {
      const peer = await startS3Peer(inTurn(reply), { keys: token });
      const failure = (await peer.objects.remove('a').catch((error: unknown) => error)) as Error;
      const text = [failure, failure.cause]
        .map((error) => `${error} ${JSON.stringify(error)}`)
        .join();
      expect(text).toContain('DELETE');
      expect(text).not.toMatch(/canary|AWS4|Signature=/);
    }
  });

  it.each([
    ['etag', undefined],
    ['content-length', undefined],
    ['last-modified', undefined],
    ['last-modified', '49.5'],
    ['last-modified', '2026-11-20'],
  ])('are made of an answer whose %s is %s', async (name, value) => {
    const { [name]: _missing, ...others } = found.headers as Record<string, string>;
    const headers = { ...others, ...(value !== undefined && { [name]: value }) };
    const objects = createS3Objects({
      bucket: 'b',
      config: {
        region: 'r',
        keys: { accessKeyId: 'a', secretAccessKey: 's' },
        endpoint: 'http://x',
      },
      fetch: async () => ({ status: 200, headers, body: (async function* () {})() }),
    });
    await expect(objects.head('a')).rejects.toMatchObject({ code: 'STORE_FAILED' });
  });
});

it('refuses a key that is longer than S3 takes', async () => {
  const peer = await startS3Peer(() => found);
  await expect(peer.objects.head('ä'.repeat(512))).resolves.toBeDefined();
  await expect(peer.objects.head(`${'ä'.repeat(512)}x`)).rejects.toMatchObject({
    code: 'BODY_INVALID',
    message: expect.stringContaining('at most 1024 bytes'),
    errors: [{ path: 'key' }],
  });
});
