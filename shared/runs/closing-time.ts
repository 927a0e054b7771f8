/**
 * The closing time of a run, decided once and kept in a note, so that a closing repeated after a
 * crash reports the same instant everywhere. Reopening the run, or changing it before it is closed,
 * discards the time.
 */
import type { Ledger } from '../ledger/ledger.ts';
import type { Run } from '../ledger/model.ts';
import { StoreError } from '../lib/errors.ts';
import { receiptPrefix, reportKey } from '../stores/layout.ts';
import type { Objects } from '../stores/objects.ts';

type Notes = Pick<Ledger, 'readNote' | 'swapNote'>;

const nameOf = (runId: string): string => `closing ${runId}`;

/** The caller holds the lease of the run. @throws StoreError */
export async function closingAt(
  ledger: Notes,
  { runId, stoppedAt }: Pick<Run, 'runId' | 'stoppedAt'>,
  now: () => Date,
): Promise<Date> {
  const known = await ledger.readNote(nameOf(runId));
  const decided = known && parse(known.text);
  // A time from before the cancelling belonged to another end of the run.
  if (decided && !(stoppedAt && decided <= stoppedAt)) return decided;
  const at = now();
  if (await ledger.swapNote(nameOf(runId), at.toISOString(), known?.version)) return at;
  // The answer to our own write was lost.
  const kept = parse((await ledger.readNote(nameOf(runId)))?.text ?? '');
  if (kept) return kept;
  throw new StoreError(`The note "${nameOf(runId)}" could not be kept.`);
}

/** Whether the closing that was started with this time still stands. @throws StoreError */
export async function isClosingAt(ledger: Notes, runId: string, at: Date): Promise<boolean> {
  return (await ledger.readNote(nameOf(runId)))?.text === at.toISOString();
}

/** Discards the closing time, so that the closing starts anew. @throws StoreError */
export async function forgetClosing(ledger: Notes, runId: string): Promise<void> {
  const known = await ledger.readNote(nameOf(runId));
  if (!known || known.text === '') return;
  await ledger.swapNote(nameOf(runId), '', known.version);
}

/**
 * Removes receipt, `rest.csv` and closing time of a run that is reopened: they no longer hold. The caller
 * holds the lease of the run; repeating it is harmless. @throws StoreError
 */
export async function forgetEnd(
  runId: string,
  {
    ledger,
    objects,
  }: { readonly ledger: Notes; readonly objects: Pick<Objects, 'list' | 'remove'> },
): Promise<void> {
  await forgetClosing(ledger, runId);
  for await (const { key } of objects.list(receiptPrefix(runId))) await objects.remove(key);
  await objects.remove(reportKey(runId, 'rest.csv'));
}

const parse = (text: string): Date | undefined => (text === '' ? undefined : new Date(text));
