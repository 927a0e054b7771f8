/**
 * Writes one object: in one request when it is small, else as a multipart upload, of which nothing
 * is visible before it is complete.
 * https://docs.aws.amazon.com/AmazonS3/latest/userguide/mpuoverview.html
 */
import { AwsError } from '../../aws/errors.ts';
import { StoreError } from '../../errors.ts';
import { isRecord } from '../../is-record.ts';
import { parseXml, writeXml } from '../../xml.ts';
import type { Content } from '../port.ts';
import type { Bucket } from './bucket.ts';
import { partsOf } from './parts.ts';
import { toVersion } from './version.ts';

/** Of each part but the last; S3 wants at least 5 MiB and takes 10,000 parts: 78 GiB at most. */
const PART_BYTES = 8 * 1_048_576;

export interface Written {
  /** Its version; empty when the store told none. */
  readonly etag: string;
  readonly sizeBytes: number;
}

/**
 * @throws StoreError (STORE_FAILED); what `content` throws, as it is
 */
export async function writeObject(bucket: Bucket, key: string, content: Content): Promise<Written> {
  const parts = partsOf(content, PART_BYTES);
  try {
    const { value: bytes = new Uint8Array() } = await parts.next();
    if (bytes.length === PART_BYTES) return await upload(bucket, key, bytes, parts);
    const { headers } = await bucket.ask({ method: 'PUT', key, bytes });
    return { etag: toVersion(headers), sizeBytes: bytes.length };
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
): Promise<Written> {
  const uploadId = await begin(bucket, key);
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

async function begin(bucket: Bucket, key: string): Promise<string> {
  const { text } = await bucket.ask({ method: 'POST', key, query: [['uploads', '']] });
  const result = parseXml(text)?.['InitiateMultipartUploadResult'];
  const uploadId = isRecord(result) ? result['UploadId'] : undefined;
  if (typeof uploadId === 'string' && uploadId !== '') return uploadId;
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
  throw new StoreError(`The object store told no ETag of part ${number} of ${bucket.name}/${key}.`);
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
    if (isRecord(result)) return toVersion(headers, String(result['ETag'] ?? ''));
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
