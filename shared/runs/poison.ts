/**
 * Shards whose message was delivered as often as any is: it ended no worker's work, and is a dead letter
 * or about to be one. Kept as a note of the ledger, so that the sweeper does not queue them anew.
 */
import * as v from 'valibot';
import type { Ledger } from '../ledger/ledger.ts';

/** The least number of deliveries after which a queue gives a message up. */
export const POISON_RECEIVES = 10;

const indexes = v.array(v.number());

const noteOf = (runId: string): string => `poison ${runId}`;

export async function readPoison(
  ledger: Pick<Ledger, 'readNote'>,
  runId: string,
): Promise<ReadonlySet<number>> {
  const note = await ledger.readNote(noteOf(runId));
  return new Set(v.parse(indexes, JSON.parse(note?.text ?? '[]')));
}

const TRIES = 5;

/** Before the work on it begins, which may end this worker. @throws StoreError */
export async function notePoison(
  ledger: Pick<Ledger, 'readNote' | 'swapNote'>,
  { runId, index }: { readonly runId: string; readonly index: number },
): Promise<void> {
  for (let tries = 0; tries < TRIES; tries += 1) {
    const note = await ledger.readNote(noteOf(runId));
    const known = v.parse(indexes, JSON.parse(note?.text ?? '[]'));
    if (known.includes(index)) return;
    const text = JSON.stringify([...known, index]);
    if (await ledger.swapNote(noteOf(runId), text, note?.version)) return;
  }
}
