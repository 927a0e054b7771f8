/** The state of a work with checkpoints: a note of the ledger that only its worker changes. */
import * as v from 'valibot';
import { LeasedError } from '../lib/errors.ts';
import { type Notes, noteParser } from './notes.ts';

/** A state, and its version for `saveState`. */
export interface KeptState<State> {
  readonly state: State;
  readonly version: number;
}

/** Undefined when there is none. @throws StoreError */
export async function readState<Schema extends v.GenericSchema>(
  ledger: Pick<Notes, 'readNote'>,
  name: string,
  schema: Schema,
): Promise<KeptState<v.InferOutput<Schema>> | undefined> {
  const note = await ledger.readNote(name);
  if (!note) return undefined;
  const state = noteParser(name, v.nullable(schema), null)(note.text);
  return state === null ? undefined : { state, version: note.version };
}

/**
 * @param version undefined for the first one
 * @throws LeasedError when another worker goes on with it; StoreError
 */
export async function saveState<State>(
  ledger: Notes,
  name: string,
  state: State,
  version: number | undefined,
): Promise<KeptState<State>> {
  const text = JSON.stringify(state);
  const isSaved = await ledger.swapNote(name, text, version);
  // The answer to our own write may have been lost.
  const note = await ledger.readNote(name);
  if (note && (isSaved || note.text === text)) return { state, version: note.version };
  throw new LeasedError(name);
}
