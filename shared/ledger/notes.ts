/**
 * Changes of notes of the ledger: small documents as JSON, which any number of workers may change
 * at once.
 */
import { setTimeout as sleep } from 'node:timers/promises';
import * as v from 'valibot';
import { InputError, StoreError, withFaults } from '../lib/errors.ts';
import { jsonText, parseWith } from '../lib/validate.ts';
import type { Ledger } from './ledger.ts';

export type Notes = Pick<Ledger, 'readNote' | 'swapNote'>;

export interface UpdateOptions {
  readonly wait?: (ms: number) => Promise<unknown>;
  readonly random?: () => number;
}

/** Each time somebody else was faster, so that many others must have written meanwhile. */
const MAX_TRIES = 50;

/**
 * Reads a note, changes it and writes it if nobody else did meanwhile; otherwise once more.
 * @param parse of the text, undefined when there is no such note
 * @param change the same value when there is nothing to write; called again when another worker was
 *   faster, and when the answer to our own write was lost
 * @returns the value that stands
 * @throws StoreError; what `parse` and `change` throw
 */
export async function updateNote<Value>(
  ledger: Notes,
  name: string,
  parse: (text: string | undefined) => Value,
  change: (value: Value) => Value | Promise<Value>,
  { wait = sleep, random = Math.random }: UpdateOptions = {},
): Promise<Value> {
  for (let tries = 0; tries < MAX_TRIES; tries += 1) {
    if (tries > 0) await wait(random() * Math.min(200, 20 * tries));
    const note = await ledger.readNote(name);
    const value = parse(note?.text);
    const changed = await change(value);
    if (changed === value) return value;
    if (await ledger.swapNote(name, JSON.stringify(changed), note?.version)) return changed;
  }
  throw new StoreError(
    `The note "${name}" of the ledger was written by others ${MAX_TRIES} times in a row.`,
  );
}

/**
 * A parser of the note for `updateNote`.
 * @param initial when there is no such note, or an empty one
 * @returns throws StoreError that names the note and the field; the note stays as it is
 */
export const noteParser =
  <Schema extends v.GenericSchema>(name: string, schema: Schema, initial: v.InferOutput<Schema>) =>
  (text: string | undefined): v.InferOutput<Schema> => {
    if (text === undefined || text === '') return initial;
    try {
      return parseWith(v.pipe(jsonText, schema), text, `The note "${name}" of the ledger`);
    } catch (error) {
      if (!(error instanceof InputError)) throw error;
      throw new StoreError(withFaults(error).message, error);
    }
  };
