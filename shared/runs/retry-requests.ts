/**
 * The retry requests of a run, kept as a note in the ledger. One HTTP request may be too short to
 * apply them all, so the note stays until that is done: the sweep continues with it and does not
 * close the run before.
 */
import * as v from 'valibot';
import type { Ledger } from '../ledger/ledger.ts';
import { CAUSE_CLASSES, StoreError } from '../lib/errors.ts';

const requestShape = v.object({
  /** Failures of these; absent: every failure, and what was cancelled. */
  classes: v.exactOptional(v.array(v.picklist(CAUSE_CLASSES))),
  /** Unix milliseconds. What was retried since is not retried again. */
  at: v.number(),
});

export type RetryRequest = v.InferOutput<typeof requestShape>;

const requestsShape = v.array(requestShape);

type Notes = Pick<Ledger, 'readNote' | 'swapNote'>;

const nameOf = (runId: string): string => `retry ${runId}`;

/** @throws StoreError also when the note is not what this program writes */
export async function readRetryRequests(
  ledger: Notes,
  runId: string,
): Promise<readonly RetryRequest[]> {
  const note = await ledger.readNote(nameOf(runId));
  if (!note || note.text === '') return [];
  try {
    return v.parse(requestsShape, JSON.parse(note.text));
  } catch (error) {
    throw new StoreError(`The note "${nameOf(runId)}" is damaged.`, error);
  }
}

/** The caller includes the lease of the run, so no one else writes the note. @param requests empty: all are applied */
export async function saveRetryRequests(
  ledger: Notes,
  runId: string,
  requests: readonly RetryRequest[],
): Promise<void> {
  const text = requests.length === 0 ? '' : JSON.stringify(requests);
  const note = await ledger.readNote(nameOf(runId));
  if ((note?.text ?? '') === text) return;
  if (await ledger.swapNote(nameOf(runId), text, note?.version)) return;
  // The answer to our own write may have been lost.
  if ((await ledger.readNote(nameOf(runId)))?.text === text) return;
  throw new StoreError(`The note "${nameOf(runId)}" was written by somebody else.`);
}

/** Adds a request and drops those it includes. */
export const withRetryRequest = (
  requests: readonly RetryRequest[],
  request: RetryRequest,
): readonly RetryRequest[] => [
  ...requests.filter((earlier) => !includes(request, earlier)),
  request,
];

const includes = ({ classes, at }: RetryRequest, other: RetryRequest): boolean =>
  other.at <= at &&
  (classes === undefined || (other.classes?.every((each) => classes.includes(each)) ?? false));
