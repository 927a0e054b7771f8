/**
 * Limits on the size and depth of request bodies and on the faults an answer lists. Reporting every
 * fault of a list with a million items would block the process for minutes, with an answer longer
 * than the request.
 */
import { InputError, type InputFault } from '../lib/errors.ts';

/** The longest list that a route takes has a tenth of it. */
const MAX_ITEMS = 10_000;

const MAX_DEPTH = 32;

const MAX_NAME_LENGTH = 256;

/** As many faults as one answer names. */
const MAX_FAULTS = 100;

/** The first part of a parsed body that is out of all proportion. */
export function findExcess(value: unknown, depth = 0): InputFault | undefined {
  if (typeof value !== 'object' || value === null) return undefined;
  if (depth > MAX_DEPTH) return fault(`expected at most ${MAX_DEPTH} levels`);
  const names = Object.keys(value);
  if (names.length > MAX_ITEMS) return fault(`expected at most ${MAX_ITEMS / 10} items`);
  const isList = Array.isArray(value);
  for (const [at, inner] of Object.values(value).entries()) {
    const name = names[at] ?? '';
    if (name.length > MAX_NAME_LENGTH) return fault('expected no names of this length');
    const found = findExcess(inner, depth + 1);
    if (found) return { ...found, path: join(isList ? `[${name}]` : name, found.path) };
  }
  return undefined;
}

const WHOLE = '(whole)';

const fault = (message: string): InputFault => ({ path: WHOLE, message });

function join(name: string, rest: string): string {
  if (rest === WHOLE) return name;
  return rest.startsWith('[') ? name + rest : `${name}.${rest}`;
}

/** The same error with its first faults. */
export const withFirstFaults = (error: InputError): InputError =>
  new InputError(error.code, error.message, error.errors.slice(0, MAX_FAULTS), error.cause);
