/** Reads one object as a stream, and goes on where an answer broke off. */
import { StoreError } from '../../errors.ts';
import { changedObject, noObject } from '../keys.ts';
import type { ReadOptions } from '../port.ts';
import type { Bucket } from './bucket.ts';
import { parseVersion } from './version.ts';

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
  let etag = ifMatch === undefined ? undefined : parseVersion(ifMatch).etag;
  const versionId = ifMatch === undefined ? undefined : parseVersion(ifMatch).versionId;
  let position = start;
  // Nothing to read; the object has to be there all the same.
  if (start >= end) {
    const { status } = await bucket.send({ method: 'HEAD', key, expected: [404] });
    if (status === 404) throw noObject(key);
    return;
  }
  for (let empty = 0; ; ) {
    const to = Number.isFinite(end) ? String(end - 1) : '';
    const isWhole = position === 0 && to === '';
    const answer = await bucket.send({
      method: 'GET',
      key,
      headers: {
        ...(!isWhole && { range: `bytes=${position}-${to}` }),
        ...(etag !== undefined && { 'if-match': `"${etag}"` }),
      },
      expected: [404, 412, 416],
    });
    const { status, headers, body } = answer;
    const isOther =
      versionId !== undefined &&
      headers['x-amz-version-id'] !== undefined &&
      headers['x-amz-version-id'] !== versionId;
    if (status >= 400 || isOther) {
      for await (const _part of body) if (isOther && status < 400) break;
      if (status === 404) throw noObject(key);
      if (status === 412 || isOther) throw changedObject(key);
      // Beyond its end there is nothing.
      return;
    }
    // What comes after a break must be of the same version.
    etag ??= headers['etag']?.replaceAll('"', '');
    const from = position;
    try {
      // A store that ignores ranges answers with everything.
      let skip = status === 200 ? position : 0;
      for await (const part of body) {
        const bytes = skip > 0 ? part.subarray(Math.min(skip, part.length)) : part;
        skip -= Math.min(skip, part.length);
        const wanted = bytes.subarray(0, Math.max(0, end - position));
        if (wanted.length === 0) continue;
        position += wanted.length;
        yield wanted;
        if (position >= end) return;
      }
      return;
    } catch (error) {
      empty = position > from ? 0 : empty + 1;
      if (empty === MAX_EMPTY) {
        const message = `The object store broke off reading ${key} at byte ${position}.`;
        throw new StoreError(message, error);
      }
    }
  }
}
