/**
 * Texts as PostgreSQL can hold them: U+0000, which providers' texts may have and its `text` can't,
 * stands as an escape, and so does the character that the escape begins with.
 */

const ESCAPE = '\u001a';

// biome-ignore lint/suspicious/noControlCharactersInRegex: these are what is escaped.
const ESCAPED = /[\u0000\u001a]/g;

// biome-ignore lint/suspicious/noControlCharactersInRegex: as above.
const WRITTEN = /\u001a[01]/g;

const encodeText = (text: string): string =>
  text.replace(ESCAPED, (character) => `${ESCAPE}${character === ESCAPE ? 1 : 0}`);

/** As read from a column. */
export const decodeText = (text: string): string =>
  text.includes(ESCAPE)
    ? text.replace(WRITTEN, (found) => (found.endsWith('1') ? ESCAPE : '\u0000'))
    : text;

export type Value = string | number | null | readonly (string | number | null)[];

/** A value of a statement. */
export const encodeValue = (value: Value): Value =>
  typeof value === 'string'
    ? encodeText(value)
    : Array.isArray(value)
      ? value.map((item) => (typeof item === 'string' ? encodeText(item) : item))
      : value;
