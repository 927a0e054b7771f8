/** Reads one object as a stream, and resumes where an answer broke off. */
import { StoreError } from '../../../lib/errors.ts';
import type { Download } from '../../../lib/http.ts';
import type { Bucket } from '../../../lib/s3/bucket.ts';
import { isOther, parseVersion, plainEtag, type Version } from '../../../lib/s3/version.ts';
import { changedObject, noObject } from '../../object-keys.ts';
import type { ReadOptions } from '../../objects.ts';

/** Answers in a row that broke off without a byte. */
const MAX_EMPTY = 5;

/**
 * @throws InputError (NOT_FOUND, MANIFEST_CHANGED); StoreError (STORE_FAILED)
 */
export async function* readObject(
  bucket: Bucket,
  key: string,
  { start = 0, end = Number.POSITIVE_INFINITY, ifMatch }: ReadOptions,
): AsyncGenerator<Uint8Array> {
  let version = ifMatch === undefined ? undefined : parseVersion(ifMatch);
  // Nothing to read; the object has to be there all the same.
  if (start >= end) return void (await open(bucket, key, version));
  let position = start;
  for (let empty = 0; ; ) {
    const answer = await open(bucket, key, version, { start: position, end });
    // Beyond its end there is nothing.
    if (answer.status === 416) return;
    const etag = answer.headers['etag'];
    // What comes after a break must be of the same version.
    version ??= etag === undefined ? undefined : { etag: plainEtag(etag) };
    const { first = position, stop, total } = extentOf(answer);
    if (first !== position && answer.status === 206) {
      await release(answer.body);
      throw new StoreError(
        `The object store answered GET ${bucket.name}/${key} with the wrong bytes.`,
      );
    }
    const from = position;
    let failure: unknown;
    try {
      // A store that ignores ranges answers with everything.
      let skip = position - first;
      for await (const part of answer.body) {
        const wanted = part.subarray(skip).subarray(0, Math.max(0, end - position));
        skip -= Math.min(skip, part.length);
        if (wanted.length === 0) continue;
        position += wanted.length;
        yield wanted;
        if (position >= end) return;
      }
      // An end that nobody told of before may be a break; one before the last byte is.
      if (position >= Math.min(end, total ?? stop ?? position)) return;
    } catch (error) {
      failure = error;
    }
    empty = position > from ? 0 : empty + 1;
    if (empty === MAX_EMPTY) {
      const message = `The object store broke off reading ${key} at byte ${position}.`;
      throw new StoreError(message, failure);
    }
    if (empty > 0) await bucket.pause(empty);
  }
}

/**
 * The answer to GET of a range, or to HEAD without one; 2xx or 416.
 * @throws InputError (NOT_FOUND, MANIFEST_CHANGED)
 */
async function open(
  bucket: Bucket,
  key: string,
  version: Version | undefined,
  range?: { readonly start: number; readonly end: number },
): Promise<Download> {
  const to = range && Number.isFinite(range.end) ? String(range.end - 1) : '';
  const isWhole = range === undefined || (range.start === 0 && to === '');
  const answer = await bucket.send({
    method: range ? 'GET' : 'HEAD',
    key,
    headers: {
      ...(!isWhole && { range: `bytes=${range.start}-${to}` }),
      ...(version !== undefined && { 'if-match': `"${version.etag}"` }),
    },
    expected: [404, 412, 416],
  });
  const { status, headers, body } = answer;
  if (status === 404) throw noObject(key);
  if (status === 412) throw changedObject(key);
  if (version !== undefined && isOther(version, headers)) {
    await release(body);
    throw changedObject(key);
  }
  return answer;
}

/** Frees the connection of an answer that nobody reads. */
async function release(body: Download['body']): Promise<void> {
  for await (const _part of body) break;
}

interface Extent {
  /** Of the object's bytes, the first one in the answer. */
  readonly first?: number;
  /** The byte after the last one in the answer. */
  readonly stop?: number;
  /** Size of the object. */
  readonly total?: number;
}

/**
 * What an answer tells of itself: `Content-Range: bytes 5-9/10` (RFC 9110, section 14.4); one with
 * 200 is the whole object.
 */
function extentOf({ status, headers }: Download): Extent {
  if (status !== 206) {
    const length = headers['content-length'];
    return { first: 0, ...(length !== undefined && { total: Number(length) }) };
  }
  const [, first, last, total = '*'] =
    /^bytes (\d+)-(\d+)\/(\d+|\*)$/.exec(headers['content-range'] ?? '') ?? [];
  if (first === undefined) return {};
  const extent = { first: Number(first), stop: Number(last) + 1 };
  return total === '*' ? extent : { ...extent, total: Number(total) };
}
