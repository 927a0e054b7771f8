/**
 * Writes one object: in one request when it is small, else as a multipart upload, of which nothing
 * is visible before it is complete.
 * https://docs.aws.amazon.com/AmazonS3/latest/userguide/mpuoverview.html
 */
import { StoreError } from '../../errors.ts';
import { isRecord } from '../../is-record.ts';
import { parseXml, writeXml } from '../../xml.ts';
import type { Content } from '../port.ts';
import type { Bucket } from './bucket.ts';

/** Of each part but the last; S3 wants at least 5 MiB and takes 10,000 parts: 78 GiB at most. */
const PART_BYTES = 8 * 1_048_576;

/**
 * @throws StoreError (STORE_FAILED); what `content` throws, as it is
 */
export async function writeObject(bucket: Bucket, key: string, content: Content): Promise<void> {
  const parts = partsOf(content);
  const first = await parts.next();
  const bytes = first.done ? new Uint8Array() : first.value;
  if (bytes.length < PART_BYTES) {
    await bucket.ask({ method: 'PUT', key, bytes });
    return;
  }
  const uploadId = await begin(bucket, key);
  try {
    const etags = [await writePart(bucket, key, uploadId, 1, bytes)];
    for await (const part of parts) {
      etags.push(await writePart(bucket, key, uploadId, etags.length + 1, part));
    }
    await complete(bucket, key, uploadId, etags);
  } catch (error) {
    // What can't be ended now, the bucket's lifecycle ends.
    await bucket
      .ask({ method: 'DELETE', key, query: [['uploadId', uploadId]], expected: [404] })
      .catch(() => {});
    throw error;
  }
}

/** Content in parts of `PART_BYTES`, the last one shorter. */
async function* partsOf(content: Content): AsyncGenerator<Uint8Array> {
  const source = typeof content === 'string' || content instanceof Uint8Array ? [content] : content;
  let held: Uint8Array[] = [];
  let heldBytes = 0;
  for await (const piece of source) {
    let bytes = typeof piece === 'string' ? Buffer.from(piece) : piece;
    while (bytes.length > 0) {
      const taken = bytes.subarray(0, PART_BYTES - heldBytes);
      held.push(taken);
      heldBytes += taken.length;
      bytes = bytes.subarray(taken.length);
      if (heldBytes === PART_BYTES) {
        yield Buffer.concat(held);
        held = [];
        heldBytes = 0;
      }
    }
  }
  if (heldBytes > 0) yield Buffer.concat(held);
}

async function begin(bucket: Bucket, key: string): Promise<string> {
  const { text } = await bucket.ask({ method: 'POST', key, query: [['uploads', '']] });
  const result = parseXml(text)?.['InitiateMultipartUploadResult'];
  const uploadId = isRecord(result) ? result['UploadId'] : undefined;
  if (typeof uploadId === 'string' && uploadId !== '') return uploadId;
  throw new StoreError(`The object store began no upload of ${key}.`);
}

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
  return headers['etag'] ?? '';
}

async function complete(
  bucket: Bucket,
  key: string,
  uploadId: string,
  etags: readonly string[],
): Promise<void> {
  const Part = etags.map((ETag, at) => ({ PartNumber: at + 1, ETag }));
  const document = writeXml({ CompleteMultipartUpload: { Part } });
  const { text } = await bucket.ask({
    method: 'POST',
    key,
    query: [['uploadId', uploadId]],
    headers: { 'content-type': 'application/xml' },
    bytes: Buffer.from(document),
  });
  // S3 sends the status before it knows: a failure stands in the body.
  if (isRecord(parseXml(text)?.['CompleteMultipartUploadResult'])) return;
  throw new StoreError(`The object store did not complete the upload of ${key}.`);
}
