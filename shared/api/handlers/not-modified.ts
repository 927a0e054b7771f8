/**
 * Answers a read with 304 if the caller already has the current version.
 * https://www.rfc-editor.org/rfc/rfc9110#section-13
 */
import { createHash } from 'node:crypto';
import type { HttpAnswer, HttpRequest } from '../../runtime/http.ts';

const READS = new Set(['GET', 'HEAD']);

/** Weak: the same facts in the same words, however they are packed on their way. */
export function conditional({ headers, method }: HttpRequest, answer: HttpAnswer): HttpAnswer {
  if (!READS.has(method) || answer.statusCode !== 200) return answer;
  const digest = createHash('sha256')
    .update(answer.body ?? '')
    .digest('base64url');
  const etag = `W/"${digest.slice(0, 22)}"`;
  // May be kept by the caller alone, and asked for again each time.
  const kept = { ...answer.headers, etag, 'cache-control': 'private, no-cache' };
  if (!isKnown(headers['if-none-match'], etag)) return { ...answer, headers: kept };
  return { statusCode: 304, headers: { etag, 'cache-control': kept['cache-control'] } };
}

const isKnown = (given: string | undefined, etag: string): boolean =>
  (given ?? '')
    .split(',')
    .map((each) => each.trim())
    .some((each) => each === '*' || each === etag || `W/${each}` === etag);
