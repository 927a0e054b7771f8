/**
 * What somebody wants of a run that one request may not get done: kept as a note of the ledger until
 * all of it is ordered, so that the sweeper goes on with it and does not close the run before.
 */

import * as v from 'valibot';
import type { Ledger } from '../ledger/ledger.ts';
import { CAUSE_CLASSES, StoreError } from '../lib/errors.ts';

const requestShape = v.object({
  /** Failures of these; absent: every failure, and what was cancelled. */
  classes: v.exactOptional(v.array(v.picklist(CAUSE_CLASSES))),
  /** Unix milliseconds. What was tried again since is not tried once more. */
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

/** Under the lease of the run, so nobody else writes it. @param requests none: they are fulfilled */
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

/** With one request more, and without those that it holds too. */
export const withRetryRequest = (
  requests: readonly RetryRequest[],
  request: RetryRequest,
): readonly RetryRequest[] => [...requests.filter((earlier) => !holds(request, earlier)), request];

const holds = ({ classes, at }: RetryRequest, other: RetryRequest): boolean =>
  other.at <= at &&
  (classes === undefined || (other.classes?.every((each) => classes.includes(each)) ?? false));
