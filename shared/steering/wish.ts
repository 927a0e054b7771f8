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
const wishesShape = v.array(wishShape);

type Notes = Pick<Ledger, 'readNote' | 'swapNote'>;
const nameOf = (runId: string): string => `retry ${runId}`;

/** @throws StoreError also when the note is not what this program writes */
export async function readWishes(ledger: Notes, runId: string): Promise<readonly Wish[]> {
  const note = await ledger.readNote(nameOf(runId));
  if (!note || note.text === '') return [];
  try {
    return v.parse(wishesShape, JSON.parse(note.text));
  } catch (error) {
    throw new StoreError(`The note "${nameOf(runId)}" is damaged.`, error);
  }
}

/** Under the lease of the run, so nobody else writes it. @param wishes none: they are fulfilled */
export async function keepWishes(
  ledger: Notes,
  runId: string,
  wishes: readonly Wish[],
): Promise<void> {
  const text = wishes.length === 0 ? '' : JSON.stringify(wishes);
  const note = await ledger.readNote(nameOf(runId));
  if ((note?.text ?? '') === text) return;
  if (await ledger.swapNote(nameOf(runId), text, note?.version)) return;
  // The answer to our own write may have been lost.
  if ((await ledger.readNote(nameOf(runId)))?.text === text) return;
  throw new StoreError(`The note "${nameOf(runId)}" was written by somebody else.`);
}

/** With one wish more, and without those that it holds too. */
export const withWish = (wishes: readonly Wish[], wish: Wish): readonly Wish[] => [
  ...wishes.filter((earlier) => !holds(wish, earlier)),
  wish,
];

const holds = ({ classes, at }: Wish, other: Wish): boolean =>
  other.at <= at &&
  (classes === undefined || (other.classes?.every((each) => classes.includes(each)) ?? false));
