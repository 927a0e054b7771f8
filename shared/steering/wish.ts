/**
 * What somebody wants of a run that one request may not get done: kept as a note of the ledger until
 * all of it is ordered, so that the sweeper goes on with it and does not close the run before.
 */
import * as v from 'valibot';
import { CAUSE_CLASSES, StoreError } from '../errors.ts';
import type { Ledger } from '../ledger/port.ts';

const wishShape = v.object({
  /** Failures of these; absent: every failure, and what was cancelled. */
  classes: v.exactOptional(v.array(v.picklist(CAUSE_CLASSES))),
  /** Unix milliseconds. What was tried again since is not tried once more. */
  at: v.number(),
});
export type Wish = v.InferOutput<typeof wishShape>;

type Notes = Pick<Ledger, 'readNote' | 'swapNote'>;
const nameOf = (runId: string): string => `retry ${runId}`;

/** @throws StoreError also when the note is not what this program writes */
export async function readWish(ledger: Notes, runId: string): Promise<Wish | undefined> {
  const note = await ledger.readNote(nameOf(runId));
  if (!note || note.text === '') return undefined;
  try {
    return v.parse(wishShape, JSON.parse(note.text));
  } catch (error) {
    throw new StoreError(`The note "${nameOf(runId)}" is damaged.`, error);
  }
}

/** Under the lease of the run, so nobody else writes it. @param wish undefined: it is fulfilled */
export async function keepWish(
  ledger: Notes,
  runId: string,
  wish: Wish | undefined,
): Promise<void> {
  const text = wish === undefined ? '' : JSON.stringify(wish);
  const note = await ledger.readNote(nameOf(runId));
  if ((note?.text ?? '') === text) return;
  if (await ledger.swapNote(nameOf(runId), text, note?.version)) return;
  // The answer to our own write may have been lost.
  if ((await ledger.readNote(nameOf(runId)))?.text === text) return;
  throw new StoreError(`The note "${nameOf(runId)}" was written by somebody else.`);
}
