/**
 * Shards whose message was delivered as often as any is: it ended no worker's work, and is a dead letter
 * or about to be one. Kept as a note of the ledger, so that the sweeper does not queue them anew.
 */
import * as v from 'valibot';
import type { Ledger } from '../ledger/ledger.ts';
import { type Notes, noteParser, updateNote } from '../ledger/notes.ts';

/** The least number of deliveries after which a queue gives a message up. */
export const POISON_RECEIVES = 10;

const indexes = v.array(v.number());

const nameOf = (runId: string): string => `poison ${runId}`;

const parserOf = (runId: string) => noteParser(nameOf(runId), indexes, []);

export async function readPoison(
  ledger: Pick<Ledger, 'readNote'>,
  runId: string,
): Promise<ReadonlySet<number>> {
  const note = await ledger.readNote(nameOf(runId));
  return new Set(parserOf(runId)(note?.text));
}

/** Before the work on it begins, which may end this worker. @throws StoreError */
export async function notePoison(
  ledger: Notes,
  { runId, index }: { readonly runId: string; readonly index: number },
): Promise<void> {
  await updateNote(ledger, nameOf(runId), parserOf(runId), (known) =>
    known.includes(index) ? known : [...known, index],
  );
}

/** Its message has ended: nobody redrives it. @throws StoreError */
export async function forgetPoison(
  ledger: Notes,
  { runId, index }: { readonly runId: string; readonly index: number },
): Promise<void> {
  await updateNote(ledger, nameOf(runId), parserOf(runId), (known) =>
    known.includes(index) ? known.filter((other) => other !== index) : known,
  );
}
