/** Keys that are the same, or that a person or a case-insensitive store would take for the same. */

export type KeyClash = 'KEY_REPEATED' | 'KEY_LOOKALIKE';

/** One text for all keys that differ only in case or in Unicode form (NFC, NFD, NFKC, NFKD). */
export const foldKey = (key: string): string =>
  key.normalize('NFKC').toLowerCase().normalize('NFKC');

/** What to tell about a clash with line `first` (from 1, in the same count as the finding). */
export const clashMessage = (clash: KeyClash, first: string): string =>
  clash === 'KEY_REPEATED'
    ? `the key is the same as on ${first}; the later one decides what is kept`
    : `the key differs from that on ${first} only in case or Unicode form`;
