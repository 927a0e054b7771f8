/** The outbox as text: a JSON list in the note `webhooks` of the ledger. */
import * as v from 'valibot';
import { InputError, StoreError, withFaults } from '../errors.ts';
import { parseWith } from '../events.ts';
import { MESSAGE_ID } from '../signing/webhook.ts';
import type { Message } from './types.ts';

export const OUTBOX_NOTE = 'webhooks';

const instant = v.pipe(
  v.string(),
  v.isoTimestamp('expected an instant such as 2026-11-20T02:00:00.000Z'),
  v.transform((text) => new Date(text)),
);

/** Strict: a field that this version does not know would be lost when the list is written again. */
const messages = v.array(
  v.strictObject({
    id: v.pipe(v.string(), v.regex(MESSAGE_ID, 'expected an id such as msg_1f3a')),
    type: v.pipe(v.string(), v.minLength(1, 'expected the name of an event')),
    at: instant,
    data: v.record(v.string(), v.unknown()),
    attempts: v.pipe(v.number(), v.integer('expected a whole number'), v.minValue(0)),
    nextAt: instant,
  }),
);

export const writeMessages = (pending: readonly Message[]): string => JSON.stringify(pending);

/**
 * @param text undefined when nothing was ever written
 * @throws StoreError (STORE_FAILED) that names the note and the field; the note stays as it is
 */
export function readMessages(text: string | undefined): readonly Message[] {
  if (text === undefined) return [];
  try {
    return parseWith(messages, parseJson(text), `The note ${OUTBOX_NOTE} of the ledger`);
  } catch (error) {
    if (!(error instanceof InputError)) throw error;
    throw new StoreError(withFaults(error).message, error);
  }
}

/** Undefined is no list either. */
function parseJson(text: string): unknown {
  try {
    return JSON.parse(text);
  } catch {
    return undefined;
  }
}
