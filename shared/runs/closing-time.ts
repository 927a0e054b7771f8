/**
 * When a run is closed: decided once and kept in a note, so that a closing which is repeated after a
 * crash tells the same instant to everybody. Going on with the run ends it, and so does what changes
 * the run before it is closed.
 */
import type { Ledger } from '../ledger/ledger.ts';
import type { Run } from '../ledger/model.ts';
import { StoreError } from '../lib/errors.ts';
import { receiptPrefix } from '../stores/layout.ts';
import type { Objects } from '../stores/objects.ts';

type Notes = Pick<Ledger, 'readNote' | 'swapNote'>;

const nameOf = (runId: string): string => `closing ${runId}`;

/** Under the lease of the run. @throws StoreError */
export async function closingAt(
  ledger: Notes,
  { runId, stoppedAt }: Pick<Run, 'runId' | 'stoppedAt'>,
  now: () => Date,
): Promise<Date> {
  const known = await ledger.readNote(nameOf(runId));
  const decided = known && parse(known.text);
  // One from before it was cancelled was to be told as another end.
  if (decided && !(stoppedAt && decided <= stoppedAt)) return decided;
  const at = now();
  if (await ledger.swapNote(nameOf(runId), at.toISOString(), known?.version)) return at;
  // The answer to our own write was lost.
  const kept = parse((await ledger.readNote(nameOf(runId)))?.text ?? '');
  if (kept) return kept;
  throw new StoreError(`The note "${nameOf(runId)}" could not be kept.`);
}

/** Whether what was begun is still to be told so. @throws StoreError */
export async function isClosingAt(ledger: Notes, runId: string, at: Date): Promise<boolean> {
  return (await ledger.readNote(nameOf(runId)))?.text === at.toISOString();
}

/** Nothing more is told of a closing that was begun. @throws StoreError */
export async function forgetClosing(ledger: Notes, runId: string): Promise<void> {
  const known = await ledger.readNote(nameOf(runId));
  if (!known || known.text === '') return;
  await ledger.swapNote(nameOf(runId), '', known.version);
}

/**
 * Takes the receipt away, which proves how the run ended: that is no longer so. Under the lease of the
 * run; repeating it is harmless. @throws StoreError
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
}

const parse = (text: string): Date | undefined => (text === '' ? undefined : new Date(text));
