/**
 * The outbox of webhook messages: one note in the ledger that keeps each until it is delivered or
 * given up. Every change is a compare-and-swap, so any number of workers may add and settle at
 * once.
 */
import { setTimeout as sleep } from 'node:timers/promises';
import * as v from 'valibot';
import type { Ledger } from '../../ledger/ledger.ts';
import { InputError, StoreError, withFaults } from '../../lib/errors.ts';
import type { Log } from '../../lib/log.ts';
import { parseWith } from '../../lib/validate.ts';
import { MESSAGE_ID } from '../../signing/webhook.ts';
import type { Message, NewMessage } from './message.ts';

export interface Outbox {
  /**
   * Keeps a message; nothing happens when one of that id waits already. When there is no more room
   * the oldest are dropped, with an error in the log for each.
   * @throws StoreError (STORE_FAILED)
   */
  add(message: NewMessage): Promise<void>;
  /**
   * In the order in which they were added.
   * @throws StoreError (STORE_FAILED)
   */
  pending(): Promise<readonly Message[]>;
  /**
   * Puts others in the place of messages, by id; undefined takes them away. Those that are not there
   * any more stay away.
   * @throws StoreError (STORE_FAILED)
   */
  settle(outcomes: ReadonlyMap<string, Message | undefined>): Promise<void>;
}

export interface OutboxOptions {
  readonly ledger: Pick<Ledger, 'readNote' | 'swapNote'>;
  readonly log: Log;
  readonly wait?: (ms: number) => Promise<unknown>;
  readonly random?: () => number;
}

const MAX_MESSAGES = 200;

/** An item of DynamoDB holds 400 KB; a message of long keys has some KB. */
const MAX_BYTES = 256 * 1_024;

/** Each time somebody else was faster, so that many others must have written meanwhile. */
const MAX_TRIES = 50;

const WAIT_MS = 20;

export function createOutbox({
  ledger,
  log,
  wait = sleep,
  random = Math.random,
}: OutboxOptions): Outbox {
  /** @param change answers the same list when there is nothing to write */
  const rewrite = async (
    change: (pending: readonly Message[]) => readonly Message[],
  ): Promise<void> => {
    for (let tries = 0; tries < MAX_TRIES; tries += 1) {
      if (tries > 0) await wait(random() * WAIT_MS * Math.min(tries, 10));
      const note = await ledger.readNote(OUTBOX_NOTE);
      const pending = readMessages(note?.text);
      const changed = change(pending);
      if (changed === pending) return;
      if (await ledger.swapNote(OUTBOX_NOTE, writeMessages(changed), note?.version)) return;
    }
    throw new StoreError(
      `The note ${OUTBOX_NOTE} of the ledger was written by others ${MAX_TRIES} times in a row.`,
    );
  };

  return {
    async add({ id, type, at, data }) {
      const message: Message = { id, type, at, data: { ...data }, attempts: 0, nextAt: at };
      // What could not be read again must not be written.
      readMessages(writeMessages([message]));
      let dropped: readonly Message[] = [];
      await rewrite((pending) => {
        // Also after a write of ours whose answer was lost.
        if (pending.some((known) => known.id === id)) return pending;
        const kept = withinRoom([...pending, message]);
        dropped = pending.filter((known) => !kept.includes(known));
        return kept;
      });
      for (const lost of dropped) {
        log.error('webhook.dropped', { id: lost.id, type: lost.type, attempts: lost.attempts });
      }
    },

    async pending() {
      return readMessages((await ledger.readNote(OUTBOX_NOTE))?.text);
    },

    settle: (outcomes) =>
      rewrite((pending) => {
        if (!pending.some(({ id }) => outcomes.has(id))) return pending;
        return pending.flatMap((message) => {
          if (!outcomes.has(message.id)) return [message];
          return outcomes.get(message.id) ?? [];
        });
      }),
  };
}

/** Without the oldest, as many as there is no room for; the newest always stays. */
function withinRoom(messages: readonly Message[]): readonly Message[] {
  let kept = messages.slice(-MAX_MESSAGES);
  while (kept.length > 1 && Buffer.byteLength(writeMessages(kept)) > MAX_BYTES) {
    kept = kept.slice(1);
  }
  return kept;
}

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
