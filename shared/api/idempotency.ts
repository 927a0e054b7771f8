/**
 * Handles `Idempotency-Key` on requests that start work: the same key and request return the same
 * run, the same key with a different request is refused (spec section 6).
 */
import { randomUUID } from 'node:crypto';
import type { Ledger } from '../ledger/ledger.ts';
import { sha256Hex } from '../lib/encoding.ts';
import { ConflictError, InputError } from '../lib/errors.ts';
import { runIdFrom } from '../runs/task-runs.ts';
import type { HttpRequest } from '../runtime/http.ts';

/** 1 to 255 printable characters of ASCII, blanks not at the ends. */
export const IDEMPOTENCY = /^[\x21-\x7e](?:[\x20-\x7e]{0,253}[\x21-\x7e])?$/;

/**
 * The run of this request; a fresh id when it carries no key.
 * @param body as parsed: blanks and line ends of the text do not matter
 * @param derived the run's id where the request itself gives it
 * @throws InputError (HEADER_INVALID, `Idempotency-Key`), ConflictError (IDEMPOTENCY_MISMATCH)
 */
export async function claimRun(
  ledger: Pick<Ledger, 'claim'>,
  { headers, params, routeKey }: HttpRequest,
  body: unknown,
  at: Date,
  derived?: string,
): Promise<string> {
  const key = headers['idempotency-key'];
  if (key === undefined) return derived ?? runIdFrom(randomUUID());
  if (!IDEMPOTENCY.test(key)) {
    const fault = {
      path: 'Idempotency-Key',
      message: 'expected 1 to 255 printable ASCII characters',
    };
    throw new InputError('HEADER_INVALID', 'The idempotency key is malformed.', [fault]);
  }
  const requestHash = sha256Hex(JSON.stringify([params, body]));
  const runId = derived ?? runIdFrom(routeKey, key);
  // Keys of one route are no keys of another; hashed, as they may be long or telling.
  const kept = await ledger.claim(sha256Hex(`${routeKey}\n${key}`), { runId, requestHash }, at);
  if (kept.requestHash === requestHash) return kept.runId;
  throw new ConflictError(
    'IDEMPOTENCY_MISMATCH',
    'This Idempotency-Key was already used with a different request.',
  );
}
