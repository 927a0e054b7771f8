/**
 * Writes one object: in one request when it is small, else as a multipart upload, of which nothing
 * is visible before it is complete.
 * https://docs.aws.amazon.com/AmazonS3/latest/userguide/mpuoverview.html
 */
import { AwsError } from '../aws/errors.ts';
import { StoreError } from '../errors.ts';
import { isRecord } from '../values.ts';
import { parseXml, word, writeXml } from '../xml.ts';
import type { Bucket } from './bucket.ts';
import { toVersion } from './version.ts';

type Content = string | Uint8Array | Iterable<Uint8Array> | AsyncIterable<string | Uint8Array>;

/** Of each part but the last; S3 wants at least 5 MiB and takes 10,000 parts: 78 GiB at most. */
const PART_BYTES = 8 * 1_048_576;

export interface Written {
  /** Its version; empty when the store told none. */
  readonly etag: string;
  readonly sizeBytes: number;
}

/**
 * @param headers of the object, such as its type
 * @throws StoreError (STORE_FAILED); what `content` throws, as it is
 */
export async function writeObject(
  bucket: Bucket,
  key: string,
  content: Content,
  headers: Readonly<Record<string, string>> = {},
): Promise<Written> {
  const parts = partsOf(content, PART_BYTES);
  try {
    const { value: bytes = new Uint8Array() } = await parts.next();
    if (bytes.length === PART_BYTES) return await upload(bucket, key, bytes, parts, headers);
    const answer = await bucket.ask({ method: 'PUT', key, bytes, headers });
    return { etag: toVersion(answer.headers), sizeBytes: bytes.length };
  } finally {
    // Also when nobody asks for the rest: its source may hold a file or a connection.
    await parts.return(undefined);
  }
}

async function upload(
  bucket: Bucket,
  key: string,
  first: Uint8Array,
  rest: AsyncGenerator<Uint8Array>,
  headers: Readonly<Record<string, string>>,
): Promise<Written> {
  const uploadId = await begin(bucket, key, headers);
  try {
    const etags = [await writePart(bucket, key, uploadId, 1, first)];
    let sizeBytes = first.length;
    for await (const part of rest) {
      etags.push(await writePart(bucket, key, uploadId, etags.length + 1, part));
      sizeBytes += part.length;
    }
    return { etag: await complete(bucket, key, uploadId, etags, sizeBytes), sizeBytes };
  } catch (error) {
    // What can't be ended now, the bucket's lifecycle ends.
    await bucket
      .ask({ method: 'DELETE', key, query: [['uploadId', uploadId]], expected: [404] })
      .catch(() => {});
    throw error;
  }
}

async function begin(
  bucket: Bucket,
  key: string,
  headers: Readonly<Record<string, string>>,
): Promise<string> {
  const query = [['uploads', '']] as const;
  const { text } = await bucket.ask({ method: 'POST', key, query, headers });
  const result = parseXml(text)?.['InitiateMultipartUploadResult'];
  const uploadId = isRecord(result) ? word(result, 'UploadId') : '';
  if (uploadId !== '') return uploadId;
  throw new StoreError(`The object store began no upload of ${bucket.name}/${key}.`);
}

/** @returns its ETag as the store tells it, quotes included */
async function writePart(
  bucket: Bucket,
  key: string,
  uploadId: string,
  number: number,
  bytes: Uint8Array,
): Promise<string> {
  const { headers } = await bucket.ask({
    method: 'PUT',
    key,
    query: [
      ['partNumber', String(number)],
      ['uploadId', uploadId],
    ],
    bytes,
  });
  const { etag } = headers;
  if (etag) return etag;
  throw new StoreError(
    `The object store returned no ETag of part ${number} of ${bucket.name}/${key}.`,
  );
}

/** @returns the object's version */
async function complete(
  bucket: Bucket,
  key: string,
  uploadId: string,
  etags: readonly string[],
  sizeBytes: number,
): Promise<string> {
  const Part = etags.map((ETag, at) => ({ PartNumber: at + 1, ETag }));
  const document = writeXml({ CompleteMultipartUpload: { Part } });
  try {
    const { headers, text } = await bucket.ask({
      method: 'POST',
      key,
      query: [['uploadId', uploadId]],
      headers: { 'content-type': 'application/xml' },
      bytes: Buffer.from(document),
    });
    const result = parseXml(text)?.['CompleteMultipartUploadResult'];
    if (isRecord(result)) return toVersion(headers, word(result, 'ETag'));
    throw new StoreError(`The object store did not complete the upload of ${bucket.name}/${key}.`);
  } catch (error) {
    // The answer to an earlier send was lost: what it completed is over, and there.
    if (!(error instanceof StoreError && isOver(error.cause))) throw error;
    const { status, headers } = await bucket.ask({ method: 'HEAD', key, expected: [404] });
    if (status === 404 || Number(headers['content-length']) !== sizeBytes) throw error;
    return toVersion(headers);
  }
}

const isOver = (cause: unknown): boolean =>
  cause instanceof AwsError && cause.exception === 'NoSuchUpload';

/** Of the first buffer: most objects are small. */
const FIRST_BYTES = 65_536;

/**
 * Parts of `partBytes`, the last one shorter; none for empty content. What the source gives is copied,
 * as it may fill one buffer again and again, and many small pieces would weigh more than their bytes.
 */
async function* partsOf(content: Content, partBytes: number): AsyncGenerator<Uint8Array> {
  if (content instanceof Uint8Array) {
    for (let at = 0; at < content.length; at += partBytes) {
      yield content.subarray(at, at + partBytes);
    }
    return;
  }
  let held: Buffer = Buffer.alloc(0);
  let heldBytes = 0;
  for await (const piece of typeof content === 'string' ? [content] : content) {
    let bytes = typeof piece === 'string' ? Buffer.from(piece) : piece;
    while (bytes.length > 0) {
      const taken = bytes.subarray(0, partBytes - heldBytes);
      held = withRoom(held, heldBytes, taken.length, partBytes);
      held.set(taken, heldBytes);
      heldBytes += taken.length;
      bytes = bytes.subarray(taken.length);
      if (heldBytes < partBytes) continue;
      // Whoever takes it is done with it when the next one is asked for.
      yield held.subarray(0, heldBytes);
      heldBytes = 0;
    }
  }
  if (heldBytes > 0) yield held.subarray(0, heldBytes);
}

/** `held`, or a buffer at least twice as long with its first `heldBytes`. */
function withRoom(held: Buffer, heldBytes: number, more: number, partBytes: number): Buffer {
  const needed = heldBytes + more;
  if (needed <= held.length) return held;
  const length = Math.min(partBytes, Math.max(FIRST_BYTES, 2 * held.length, needed));
  const longer = Buffer.allocUnsafeSlow(length);
  longer.set(held.subarray(0, heldBytes));
  return longer;
}
