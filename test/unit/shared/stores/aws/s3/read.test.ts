import { describe, expect, it } from 'vitest';
import type { ReadOptions } from '../../../../../../shared/stores/objects.ts';
import {
  inTurn,
  ranged,
  refusal,
  type S3Peer,
  startS3Peer,
} from '../../../../../fixtures/s3-peer.ts';

const CONTENT = Buffer.from('0123456789'.repeat(10_000));

const read = async ({ objects }: Pick<S3Peer, 'objects'>, options?: ReadOptions) =>
  Buffer.concat(await Array.fromAsync(objects.read('a/b', options)));

/** Answers GETs of `CONTENT`, of which the first ones break off after so many bytes. */
const breaking = (...breaks: readonly number[]) =>
  startS3Peer(({ headers }) => {
    const breakAt = breaks.length > 0 ? (breaks as number[]).shift() : undefined;
    return { ...ranged(CONTENT, 'v1', headers), ...(breakAt !== undefined && { breakAt }) };
  });

describe('goes on where an answer broke off', () => {
  it('asks for the rest of the same version', async () => {
    const peer = await breaking(7, 30_000, 0);
    expect(await read(peer, { ifMatch: 'v1' })).toEqual(CONTENT);
    expect(peer.arrived.map(({ headers }) => [headers.range, headers['if-match']])).toEqual([
      [undefined, '"v1"'],
      ['bytes=7-', '"v1"'],
      ['bytes=30007-', '"v1"'],
      ['bytes=30007-', '"v1"'],
    ]);
  });

  it('within a range, and of the version that was begun when none was asked for', async () => {
    const peer = await breaking(1_000);
    expect(await read(peer, { start: 5, end: 90_001 })).toEqual(CONTENT.subarray(5, 90_001));
    expect(peer.arrived.map(({ headers }) => [headers.range, headers['if-match']])).toEqual([
      ['bytes=5-90000', undefined],
      ['bytes=1005-90000', '"v1"'],
    ]);
  });

  it('G10: not of another version', async () => {
    let gets = 0;
    const peer = await startS3Peer(({ headers }) => {
      gets += 1;
      return { ...ranged(CONTENT, `v${gets}`, headers), ...(gets === 1 && { breakAt: 500 }) };
    });
    await expect(read(peer)).rejects.toMatchObject({
      code: 'MANIFEST_CHANGED',
      errors: [{ path: 'key' }],
    });
  });

  it('when an answer ends early without a word', async () => {
    let gets = 0;
    const peer = await startS3Peer(({ headers }, response) => {
      gets += 1;
      if (gets > 1) return ranged(CONTENT, 'v1', headers);
      // Neither a length nor parts: the end of the connection is the end of the body.
      const range = { 'content-range': `bytes 10-${CONTENT.length - 1}/${CONTENT.length}` };
      response.useChunkedEncodingByDefault = false;
      response.writeHead(206, { ...range, etag: '"v1"', connection: 'close' });
      return void response.end(CONTENT.subarray(10, 400));
    });
    expect(await read(peer, { start: 10 })).toEqual(CONTENT.subarray(10));
    expect(peer.arrived[1]?.headers.range).toBe('bytes=400-');
  });

  it('but not for ever', async () => {
    const peer = await startS3Peer(({ headers }) => ({
      ...ranged(CONTENT, 'v1', headers),
      breakAt: 0,
    }));
    await expect(read(peer)).rejects.toMatchObject({
      code: 'STORE_FAILED',
      message: expect.stringContaining('broke off reading a/b at byte 0'),
    });
    expect(peer.arrived).toHaveLength(5);
    expect(peer.waits).toHaveLength(4);
  });
});

describe('what a store may answer', () => {
  it('everything, though a range was asked for', async () => {
    const peer = await startS3Peer(inTurn({ headers: { etag: '"v1"' }, body: CONTENT }));
    expect(await read(peer, { start: 99_000, end: 99_500 })).toEqual(
      CONTENT.subarray(99_000, 99_500),
    );
  });

  it('less than was asked for', async () => {
    const peer = await startS3Peer(({ headers }) => {
      const start = Number(/\d+/.exec(headers.range ?? '0')?.[0]);
      const range = `bytes=${start}-${Math.min(start + 59_999, CONTENT.length - 1)}`;
      return ranged(CONTENT, 'v1', { ...headers, range });
    });
    expect(await read(peer)).toEqual(CONTENT);
    expect(peer.arrived).toHaveLength(2);
  });

  it('other bytes than asked for, which are refused', async () => {
    const peer = await startS3Peer(({ headers }) =>
      ranged(CONTENT, 'v1', { ...headers, range: 'bytes=0-9' }),
    );
    await expect(read(peer, { start: 50 })).rejects.toMatchObject({ code: 'STORE_FAILED' });
  });

  it.each([
    ['a start beyond the end', { start: CONTENT.length }],
    ['a range of an empty object', { start: 0, end: 5 }, Buffer.alloc(0)],
  ])('416 to %s, which is nothing', async (_name, options, content = CONTENT) => {
    const peer = await startS3Peer(({ headers }) => ranged(content, 'v1', headers));
    expect(await read(peer, options)).toHaveLength(0);
  });

  it('a version id that is another one, though the ETag is the same', async () => {
    const peer = await startS3Peer(({ headers }) => {
      const reply = ranged(CONTENT, 'v1', headers);
      return { ...reply, headers: { ...reply.headers, 'x-amz-version-id': 'second' } };
    });
    expect(await read(peer, { ifMatch: 'v1:second' })).toEqual(CONTENT);
    await expect(read(peer, { ifMatch: 'v1:first' })).rejects.toMatchObject({
      code: 'MANIFEST_CHANGED',
    });
  });

  it('a weak ETag, as gateways make', async () => {
    let gets = 0;
    const peer = await startS3Peer(({ headers }) => {
      gets += 1;
      const reply = ranged(CONTENT, 'v1', headers);
      const weak = { ...reply, headers: { ...reply.headers, etag: 'W/"v1"' } };
      return gets === 1 ? { ...weak, breakAt: 9 } : weak;
    });
    expect(await read(peer)).toEqual(CONTENT);
  });
});

describe('refusals', () => {
  it('G10: the object is another one now, also where nothing is to be read', async () => {
    const peer = await startS3Peer(({ headers, method }) => {
      const { status = 200, headers: given = {} } = ranged(CONTENT, 'v2', headers);
      return method === 'HEAD'
        ? { status, headers: { ...given, 'content-length': '9' } }
        : { status };
    });
    for (const range of [{}, { start: 5, end: 5 }, { start: 7 }]) {
      await expect(read(peer, { ...range, ifMatch: 'v1' })).rejects.toMatchObject({
        code: 'MANIFEST_CHANGED',
      });
    }
  });

  it('an absent object is NOT_FOUND, an absent bucket is a failure of the store', async () => {
    const absent = await startS3Peer(inTurn(refusal(404, 'NoSuchKey')));
    await expect(read(absent)).rejects.toMatchObject({ code: 'NOT_FOUND' });
    const nowhere = await startS3Peer(inTurn(refusal(404, 'NoSuchBucket')));
    await expect(read(nowhere)).rejects.toMatchObject({
      code: 'STORE_FAILED',
      message: expect.stringContaining('NoSuchBucket'),
    });
    await expect(nowhere.objects.remove('a/b')).rejects.toMatchObject({ code: 'STORE_FAILED' });
  });
});

it('reads no further ahead than its reader, however large the object is', async () => {
  const [size, part] = [128 * 1_048_576, Buffer.alloc(65_536)];
  let written = 0;
  let isFull = (): void => {};
  const full = new Promise<void>((resolve) => {
    isFull = resolve;
  });
  const peer = await startS3Peer((_request, response) => {
    response.writeHead(200, { 'content-length': size, etag: '"v1"' });
    const fill = (): void => {
      while (written < size) {
        written += part.length;
        if (response.write(part)) continue;
        // Nobody takes more: the sockets between the two are full.
        const idle = setTimeout(isFull, 300);
        return void response.once('drain', () => {
          clearTimeout(idle);
          fill();
        });
      }
      isFull();
      response.end();
    };
    fill();
    return undefined;
  });
  let read = 0;
  for await (const bytes of peer.objects.read('large')) {
    if (read === 0) {
      await full;
      // Buffers of sockets and of the client; 128 MiB would be all of it.
      expect(written).toBeLessThan(24 * 1_048_576);
    }
    read += bytes.length;
  }
  expect(read).toBe(size);
});
