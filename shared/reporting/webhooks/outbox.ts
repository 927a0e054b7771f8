/**
 * The outbox of a receiver's messages: one note in the ledger that keeps each until it is delivered or
 * given up. Every change is a compare-and-swap, so any number of workers may add and settle at
 * once.
 */
import * as v from 'valibot';
import { type Notes, noteParser, type UpdateOptions, updateNote } from '../../ledger/notes.ts';
import type { Log } from '../../lib/log.ts';
import { MESSAGE_ID } from '../../signing/webhook.ts';
import type { Message, NewMessage } from './message.ts';

export type Outbox = ReturnType<typeof createOutbox>;

interface OutboxOptions extends UpdateOptions {
  readonly ledger: Notes;
  readonly log: Log;
  /** Of the note. @default `webhooks` */
  readonly name?: string;
}

const MAX_MESSAGES = 200;

/** An item of DynamoDB holds 400 KB; a message of long keys has some KB. */
const MAX_BYTES = 256 * 1_024;

/** Each call throws StoreError (STORE_FAILED). */
export function createOutbox({ ledger, log, name = 'webhooks', ...options }: OutboxOptions) {
  /** @throws StoreError (STORE_FAILED) that names the note and the field; the note stays as it is */
  const readMessages = noteParser(name, messages, []);
  const update = (change: (pending: readonly Message[]) => readonly Message[]) =>
    updateNote(ledger, name, readMessages, change, options);

  return {
    /**
     * Keeps a message; nothing happens when one of that id waits already. When there is no more room
     * the oldest are dropped, with an error in the log for each.
     */
    async add({ id, type, at, data }: NewMessage): Promise<void> {
      const message: Message = { id, type, at, data: { ...data }, attempts: 0, nextAt: at };
      // What could not be read again must not be written.
      readMessages(writeMessages([message]));
      let dropped: readonly Message[] = [];
      await update((pending) => {
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

    /** In the order in which they were added. */
    async pending(): Promise<readonly Message[]> {
      return readMessages((await ledger.readNote(name))?.text);
    },

    /**
     * Puts others in the place of messages, by id; undefined takes them away. Those that are not there
     * any more stay away.
     */
    async settle(outcomes: ReadonlyMap<string, Message | undefined>): Promise<void> {
      await update((pending) => {
        if (!pending.some(({ id }) => outcomes.has(id))) return pending;
        return pending.flatMap((message) => {
          if (!outcomes.has(message.id)) return [message];
          return outcomes.get(message.id) ?? [];
        });
      });
    },
  };
}

/** One outbox for all receivers. */
export const toAll = (outboxes: readonly Pick<Outbox, 'add'>[]): Pick<Outbox, 'add'> => ({
  async add(message) {
    await Promise.all(outboxes.map((outbox) => outbox.add(message)));
  },
});

/** Without the oldest, as many as there is no room for; the newest always stays. */
function withinRoom(messages: readonly Message[]): readonly Message[] {
  let kept = messages.slice(-MAX_MESSAGES);
  while (kept.length > 1 && Buffer.byteLength(writeMessages(kept)) > MAX_BYTES) {
    kept = kept.slice(1);
  }
  return kept;
}

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

const writeMessages = (pending: readonly Message[]): string => JSON.stringify(pending);
