/** Reads the error answers of an S3-compatible store. */
import { AwsError, isPassing } from '../aws/errors.ts';
import { TransportError } from '../errors.ts';
import type { Download } from '../http.ts';
import { isRecord } from '../values.ts';
import { parseXml, word } from '../xml.ts';

/** A page of 1,000 longest keys is a quarter of it; what is longer is no answer we understand. */
const MAX_TEXT_BYTES = 16_777_216;

const MAX_REFUSAL_BYTES = 65_536;

/**
 * Codes that pass by themselves, besides what their status says.
 * https://docs.aws.amazon.com/AmazonS3/latest/API/ErrorResponses.html
 */
const PASSING = new Set([
  'ConditionalRequestConflict',
  'InternalError',
  'OperationAborted',
  'RequestTimeout',
  'ServiceUnavailable',
]);

/** Whether to send the same again: all our requests bear it. */
export const passes = (error: unknown): boolean =>
  error instanceof TransportError ||
  (error instanceof AwsError && (isPassing(error) || PASSING.has(error.exception)));

/** Puts what comes into `parts`, and stops beyond so many bytes. @returns whether that was all */
async function gather(
  body: Download['body'],
  maxBytes: number,
  parts: Uint8Array[],
): Promise<boolean> {
  let bytes = 0;
  for await (const part of body) {
    parts.push(part);
    bytes += part.length;
    if (bytes > maxBytes) return false;
  }
  return true;
}

/** @throws TransportError (TRANSPORT_FAILED) when it breaks off or has no end */
export async function textOf(body: Download['body']): Promise<string> {
  const parts: Uint8Array[] = [];
  try {
    if (!(await gather(body, MAX_TEXT_BYTES, parts))) throw new Error('too long');
  } catch (error) {
    throw new TransportError('TRANSPORT_FAILED', 'The answer broke off', 'unknown', error);
  }
  return Buffer.concat(parts).toString('utf8');
}

/** The error of a document; undefined for any other. */
export function errorOf(text: string, what: string, status: number): AwsError | undefined {
  // Pages of lists are long, and are parsed by whoever reads them.
  const error = text.includes('<Error') ? parseXml(text)?.['Error'] : undefined;
  if (!isRecord(error)) return undefined;
  const code = word(error, 'Code') || `HTTP_${status}`;
  const [message, endpoint] = [word(error, 'Message').replace(/\.$/, ''), word(error, 'Endpoint')];
  // Of a bucket that is somewhere else.
  const detail = endpoint === '' ? message : `${message} (${endpoint})`;
  return new AwsError('s3', what, status, code, detail);
}

/** The start of a refusal's body, also of one that breaks off: what came says enough, or nothing. */
export async function refusalText(body: Download['body']): Promise<string> {
  const parts: Uint8Array[] = [];
  await gather(body, MAX_REFUSAL_BYTES, parts).catch(() => {});
  return Buffer.concat(parts).toString('utf8');
}

/** The error of a refusal, whose status stands even when its body breaks off or is none of the store's. */
export async function refusalOf(
  { status, headers, body }: Download,
  what: string,
): Promise<AwsError> {
  const found = errorOf(await refusalText(body), what, status);
  const home = headers['x-amz-bucket-region'];
  const hint = status >= 300 && status < 400 && home ? `the bucket is in ${home}` : '';
  return found && !hint ? found : new AwsError('s3', what, status, `HTTP_${status}`, hint);
}
