/**
 * When a run is closed: decided once and kept in a note, so that a closing which is repeated after a
 * crash tells the same instant to everybody. Going on with the run ends it.
 */
import { StoreError } from '../errors.ts';
import type { Ledger } from '../ledger/port.ts';

type Notes = Pick<Ledger, 'readNote' | 'swapNote'>;
const nameOf = (runId: string): string => `closing ${runId}`;

/** Under the lease of the run. @throws StoreError */
export async function closingAt(ledger: Notes, runId: string, now: () => Date): Promise<Date> {
  const known = await ledger.readNote(nameOf(runId));
  if (known && known.text !== '') return new Date(known.text);
  const at = now();
  if (await ledger.swapNote(nameOf(runId), at.toISOString(), known?.version)) return at;
  // The answer to our own write was lost.
  const kept = await ledger.readNote(nameOf(runId));
  if (kept && kept.text !== '') return new Date(kept.text);
  throw new StoreError(`The note "${nameOf(runId)}" could not be kept.`);
}

/** Under the lease of the run. @throws StoreError */
export async function forgetClosing(ledger: Notes, runId: string): Promise<void> {
  const known = await ledger.readNote(nameOf(runId));
  if (!known || known.text === '') return;
  await ledger.swapNote(nameOf(runId), '', known.version);
}
