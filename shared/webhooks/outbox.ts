/**
 * Messages that are to be sent, kept in one note of the ledger until the receiver has them or they
 * are given up. Every change is a compare-and-swap: any number of workers may add and settle at once.
 */
import { setTimeout as sleep } from 'node:timers/promises';
import { StoreError } from '../errors.ts';
import type { Ledger } from '../ledger/port.ts';
import type { Log } from '../log.ts';
import { OUTBOX_NOTE, readMessages, writeMessages } from './note.ts';
import type { Message, NewMessage } from './types.ts';

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
