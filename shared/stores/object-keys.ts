/** Checks object keys by the rules that every store shares, and makes their errors. */
import { InputError } from '../lib/errors.ts';

/** Of a key in UTF-8, as S3, COS and OBS bound it; a folder takes less, by its file system. */
export const KEY_BYTES = 1_024;

/** What is wrong with a key in any store, as what was expected; undefined when nothing is. */
export function keyFault(key: string): string | undefined {
  const segments = key.split('/');
  // biome-ignore lint/suspicious/noControlCharactersInRegex: they are what is refused
  if (/[\u0000-\u001f\u007f]/.test(key)) return 'expected no control characters';
  if (!key.isWellFormed()) return 'expected valid Unicode';
  if (segments.some((segment) => segment === ''))
    return 'expected no empty segment between slashes';
  if (segments.some((segment) => segment === '.' || segment === '..')) {
    return 'expected no segment . or ..';
  }
  return undefined;
}

export const badKey = (key: string, message: string, cause?: unknown): InputError => {
  const text = `The key ${JSON.stringify(key)} can't be stored: ${message}.`;
  return new InputError('BODY_INVALID', text, [{ path: 'key', message }], cause);
};

export const noObject = (key: string, cause?: unknown): InputError => {
  const fault = { path: 'key', message: 'expected the key of an object in the store' };
  return new InputError('NOT_FOUND', `There is no object ${key}.`, [fault], cause);
};

export const changedObject = (key: string): InputError =>
  new InputError('MANIFEST_CHANGED', `${key} changed while it was used.`, [
    { path: 'key', message: 'expected the version that was planned' },
  ]);
