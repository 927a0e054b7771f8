/**
 * The retry requests of a run, kept as a note in the ledger. One HTTP request may be too short to
 * apply them all, so the note stays until that is done: the sweep continues with it and does not
 * close the run before.
 */
import * as v from 'valibot';
import type { Ledger } from '../ledger/ledger.ts';
import { type Notes, noteParser, updateNote } from '../ledger/notes.ts';
import { CAUSE_CLASSES } from '../lib/errors.ts';

const requestShape = v.object({
  /** Failures of these; absent: every failure, and what was cancelled. */
  classes: v.exactOptional(v.array(v.picklist(CAUSE_CLASSES))),
  /** Unix milliseconds. What was retried since is not retried again. */
  at: v.number(),
});

export type RetryRequest = v.InferOutput<typeof requestShape>;

const requestsShape = v.array(requestShape);

const nameOf = (runId: string): string => `retry ${runId}`;

const parserOf = (runId: string) => noteParser(nameOf(runId), requestsShape, []);

/** @throws StoreError also when the note is not what this program writes */
export async function readRetryRequests(
  ledger: Pick<Ledger, 'readNote'>,
  runId: string,
): Promise<readonly RetryRequest[]> {
  return parserOf(runId)((await ledger.readNote(nameOf(runId)))?.text);
}

/** The caller holds the lease of the run, so no one else writes the note. @param requests empty: all are applied */
export async function saveRetryRequests(
  ledger: Notes,
  runId: string,
  requests: readonly RetryRequest[],
): Promise<void> {
  const text = JSON.stringify(requests);
  await updateNote(ledger, nameOf(runId), parserOf(runId), (known) =>
    JSON.stringify(known) === text ? known : [...requests],
  );
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
