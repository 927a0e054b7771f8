import { createHash } from 'node:crypto';
import { describe, expect, it } from 'vitest';
import { readCase } from '../../../../../fixtures/cases.ts';
import {
  inTurn,
  refusal,
  type S3Answer,
  type S3Reply,
  type S3Request,
  startS3Peer,
} from '../../../../../fixtures/s3-peer.ts';

const MIB = 1_048_576;
const PART = 8 * MIB;
const md5 = (bytes: Uint8Array): string => createHash('md5').update(bytes).digest('hex');
const modified = { 'last-modified': 'Fri, 20 Nov 2026 02:00:00 GMT' };

const stepOf = ({ method, query }: S3Request): string => {
  if (query.has('uploads')) return 'begin';
  const part = query.get('partNumber');
  if (part !== null) return `part ${part}`;
  if (method === 'DELETE') return query.has('uploadId') ? 'abort' : 'remove';
  if (method === 'POST') return 'complete';
  return method.toLowerCase();
};

/** A store that keeps what it is given; `instead` answers steps in its own way. */
function keeping(instead: (step: string, request: S3Request) => S3Reply | undefined) {
  const parts: Buffer[] = [];
  const done = { bytes: undefined as Buffer | undefined, etag: '' };
  const finish = (bytes: Buffer, etag: string): void => {
    Object.assign(done, { bytes, etag });
  };
  const answer: S3Answer = (request) => {
    const step = stepOf(request);
    const other = instead(step, request);
    if (other) return other;
    if (step === 'begin') {
      const body =
        '<InitiateMultipartUploadResult><UploadId>u/1+=</UploadId></InitiateMultipartUploadResult>';
      return { body };
    }
    if (step.startsWith('part')) {
      parts[Number(step.slice(5)) - 1] = request.bytes;
      return { headers: { etag: `"${md5(request.bytes)}"` } };
    }
    if (step === 'complete') {
      finish(Buffer.concat(parts), `whole-${parts.length}`);
      const etag = `<ETag>&quot;${done.etag}&quot;</ETag>`;
      return {
        body: `<CompleteMultipartUploadResult>${etag}</CompleteMultipartUploadResult>`,
      };
    }
    if (step === 'put') {
      finish(request.bytes, md5(request.bytes));
      return { headers: { etag: `"${done.etag}"` } };
    }
    if (step === 'abort') return { status: 204 };
    const { bytes, etag } = done;
    if (!bytes) return { status: 404 };
    return {
      headers: { etag: `"${etag}"`, 'content-length': String(bytes.length), ...modified },
    };
  };
  return { answer, done, parts };
}

const start = async (instead: Parameters<typeof keeping>[0] = () => undefined) => {
  const store = keeping(instead);
  const peer = await startS3Peer(store.answer);
  return { ...peer, ...store, steps: () => peer.arrived.map(stepOf) };
};

/** Answers a step once, as told; then it goes its way. */
const first = (wanted: string, reply: S3Reply) => {
  let isDone = false;
  return (step: string): S3Reply | undefined => {
    if (step !== wanted || isDone) return undefined;
    isDone = true;
    return reply;
  };
};

const bytesOf = (size: number): Buffer =>
  Buffer.from(Uint8Array.from({ length: size }, (_, n) => (n * 7 + (n >> 11)) & 255));

async function* pieces(bytes: Uint8Array, size: number) {
  for (let at = 0; at < bytes.length; at += size) yield bytes.subarray(at, at + size);
}

describe('a small object', () => {
  it.each([
    ['text', 'ä', 2],
    ['nothing', '', 0],
  ])('is one request: %s', async (_name, content, sizeBytes) => {
    const peer = await start();
    const etag = md5(Buffer.from(content));
    const lastModifiedAt = new Date('2026-11-20T02:00:00Z');
    expect(await peer.objects.put('a', content)).toEqual({
      key: 'a',
      sizeBytes,
      etag,
      lastModifiedAt,
    });
    expect(peer.steps()).toEqual(['put', 'head']);
    expect(peer.arrived[0]?.headers['content-length']).toBe(String(sizeBytes));
  });

  it('is sent again when the answer is lost', async () => {
    const peer = await start(first('put', { breakAt: -1 }));
    await peer.objects.put('a', 'x');
    expect(peer.steps()).toEqual(['put', 'put', 'head']);
  });

  it.each([
    [
      'another one is there a moment later',
      { headers: { etag: '"other"', 'content-length': '9', ...modified } },
    ],
    ['it is gone a moment later', { status: 404 }],
  ])('is told as it was written when %s', async (_name, reply) => {
    const peer = await start((step) => (step === 'head' ? reply : undefined));
    const info = await peer.objects.put('a', 'mine');
    expect(info).toMatchObject({ key: 'a', sizeBytes: 4, etag: md5(Buffer.from('mine')) });
    expect(Math.abs(info.lastModifiedAt.getTime() - Date.now())).toBeLessThan(60_000);
  });
});

describe('a large object', () => {
  const large = bytesOf(2 * PART + 5);

  it.each([
    ['a stream', () => pieces(large, 100_003)],
    ['bytes', () => large],
  ])('is sent in parts of 8 MiB: %s', async (_name, content) => {
    const peer = await start();
    const info = await peer.objects.put('a b', content());
    expect(peer.steps()).toEqual(['begin', 'part 1', 'part 2', 'part 3', 'complete', 'head']);
    expect(peer.parts.map(({ length }) => length)).toEqual([PART, PART, 5]);
    expect(peer.done.bytes?.equals(large)).toBe(true);
    expect(info).toMatchObject({ key: 'a b', sizeBytes: large.length, etag: 'whole-3' });
    const complete = peer.arrived[4];
    expect(complete?.query.get('uploadId')).toBe('u/1+=');
    const named = peer.parts.map(
      (part, at) => `<Part><PartNumber>${at + 1}</PartNumber><ETag>"${md5(part)}"</ETag></Part>`,
    );
    expect(complete?.bytes.toString()).toBe(
      `<CompleteMultipartUpload>${named.join('')}</CompleteMultipartUpload>`,
    );
  });

  it('is never held whole: what was made and not yet sent stays below three parts', async () => {
    let [made, sent, most] = [0, 0, 0];
    async function* content() {
      for (let part = 0; part < 64; part += 1) {
        made += MIB;
        most = Math.max(most, made - sent);
        yield Buffer.alloc(MIB, part);
      }
    }
    const peer = await startS3Peer((request) => {
      sent += request.bytes.length;
      if (stepOf(request) === 'complete') {
        return {
          body: '<CompleteMultipartUploadResult><ETag>e</ETag></CompleteMultipartUploadResult>',
        };
      }
      if (stepOf(request) === 'begin') {
        return {
          body: '<InitiateMultipartUploadResult><UploadId>u</UploadId></InitiateMultipartUploadResult>',
        };
      }
      return { headers: { etag: `"${request.method}"`, 'content-length': '0', ...modified } };
    });
    expect(await peer.objects.put('a', content())).toMatchObject({ sizeBytes: 64 * MIB });
    expect(most).toBeLessThan(3 * PART);
  });

  it('is what its source gave, though that fills one buffer again and again', async () => {
    const peer = await start();
    const buffer = Buffer.alloc(MIB);
    async function* content() {
      for (let part = 0; part < 12; part += 1) yield buffer.fill(part);
    }
    await peer.objects.put('a', content());
    const expected = Buffer.concat(Array.from({ length: 12 }, (_, n) => Buffer.alloc(MIB, n)));
    expect(peer.done.bytes?.equals(expected)).toBe(true);
  });

  it('sends a part again that was not taken', async () => {
    const peer = await start(first('part 2', refusal(503, 'SlowDown')));
    await peer.objects.put('a', large);
    expect(peer.done.bytes?.equals(large)).toBe(true);
    expect(peer.waits).toHaveLength(1);
  });

  it.each([
    ['begin', 'AccessDenied', ['begin']],
    ['part 1', 'AccessDenied', ['begin', 'part 1', 'abort']],
    ['part 2', 'NoSuchUpload', ['begin', 'part 1', 'part 2', 'abort']],
    ['complete', 'InvalidPart', ['begin', 'part 1', 'part 2', 'part 3', 'complete', 'abort']],
  ])('is given up when %s is refused, and its source is ended', async (step, code, steps) => {
    const peer = await start((found) => (found === step ? refusal(400, code) : undefined));
    let isEnded = false;
    async function* content() {
      try {
        yield* pieces(large, MIB);
      } finally {
        isEnded = true;
      }
    }
    await expect(peer.objects.put('a', content())).rejects.toMatchObject({
      code: 'STORE_FAILED',
      message: expect.stringContaining(code),
    });
    expect(peer.steps()).toEqual(steps);
    expect(isEnded).toBe(true);
  });

  it('is given up when its source breaks, with that error', async () => {
    const peer = await start();
    const failure = new Error('the source broke');
    async function* content() {
      yield large;
      throw failure;
    }
    await expect(peer.objects.put('a', content())).rejects.toBe(failure);
    expect(peer.steps()).toEqual(['begin', 'part 1', 'part 2', 'abort']);
  });

  it('keeps the first error when it can not even be given up', async () => {
    const peer = await start((step) => {
      if (step === 'part 1') return refusal(403, 'AccessDenied');
      return step === 'abort' ? refusal(403, 'Another') : undefined;
    });
    await expect(peer.objects.put('a', large)).rejects.toThrow('AccessDenied');
  });

  it('a part without its ETag is no part', async () => {
    const peer = await start((step) => (step === 'part 1' ? {} : undefined));
    await expect(peer.objects.put('a', large)).rejects.toMatchObject({ code: 'STORE_FAILED' });
    expect(peer.steps().at(-1)).toBe('abort');
  });
});

describe('completing', () => {
  const large = bytesOf(PART + 1);

  it('is repeated when a failure that passes stands in the body of a success', async () => {
    const { body = '' } = refusal(200, 'InternalError');
    const peer = await start(first('complete', { body }));
    await peer.objects.put('a', large);
    expect(peer.steps().filter((step) => step === 'complete')).toHaveLength(2);
  });

  it('succeeds behind the blanks that kept the connection alive', async () => {
    const body = readCase('xml-after-blanks/input.xml');
    const peer = await start((step) => (step === 'complete' ? { body } : undefined));
    const etag = '7c913063d32676ebb4356e68db88db20-3';
    expect(await peer.objects.put('a', large)).toMatchObject({ etag, sizeBytes: PART + 1 });
    expect(peer.steps()).toEqual(['begin', 'part 1', 'part 2', 'complete', 'head']);
  });

  it('is repeated when behind such blanks stands a failure that passes', async () => {
    const body = readCase('xml-after-blanks/input-error.xml');
    const peer = await start(first('complete', { body }));
    await peer.objects.put('a', large);
    expect(peer.steps().filter((step) => step === 'complete')).toHaveLength(2);
  });

  it('fails with the code in the body of a success, and gives the upload up', async () => {
    const { body = '' } = refusal(200, 'InvalidPartOrder');
    const peer = await start((step) => (step === 'complete' ? { body } : undefined));
    await expect(peer.objects.put('a', large)).rejects.toThrow('InvalidPartOrder');
    expect(peer.steps().at(-1)).toBe('abort');
  });

  it('is done when its answer was lost, the upload is over and the object is there', async () => {
    let completes = 0;
    const store = keeping((step) => {
      if (step !== 'complete') return undefined;
      completes += 1;
      return completes > 1 ? refusal(404, 'NoSuchUpload') : undefined;
    });
    const peer = await startS3Peer(async (request, response) => {
      const reply = await store.answer(request, response);
      return stepOf(request) === 'complete' && completes === 1 ? { breakAt: -1 } : reply;
    });
    expect(await peer.objects.put('a', large)).toMatchObject({
      sizeBytes: PART + 1,
      etag: 'whole-2',
    });
    expect(peer.arrived.map(stepOf)).not.toContain('abort');
  });

  it('is not done when there is no such upload and no object of that size', async () => {
    const peer = await start((step) => {
      if (step === 'complete') return refusal(404, 'NoSuchUpload');
      return step === 'head'
        ? { headers: { etag: '"x"', 'content-length': '1', ...modified } }
        : undefined;
    });
    await expect(peer.objects.put('a', large)).rejects.toThrow('NoSuchUpload');
  });

  it('fails on an answer that is no document', async () => {
    const peer = await start((step) => (step === 'complete' ? { body: 'fine!' } : undefined));
    await expect(peer.objects.put('a', large)).rejects.toMatchObject({ code: 'STORE_FAILED' });
  });
});

it('asks for nothing when nothing is answered any more', async () => {
  const peer = await startS3Peer(inTurn({ breakAt: -1 }));
  await expect(peer.objects.put('a', 'x')).rejects.toMatchObject({ code: 'STORE_FAILED' });
  expect(peer.arrived).toHaveLength(6);
});
