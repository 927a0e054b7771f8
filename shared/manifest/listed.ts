/**
 * Reads the columns of a manifest besides url, key and md5. An empty field and `-` say nothing; what is
 * no value of its column says nothing either, but for `onKeyExist`, which decides what is overwritten.
 */
import { LISTED_COLUMNS, type ListedColumn, type ListedFields } from '../ledger/listed-fields.ts';
import { parseInstant } from './sources/fields.ts';

/** The texts of a line; a column that the manifest lacks is absent. */
export type ListedTexts = Readonly<Partial<Record<ListedColumn, string>>>;

const WHOLE_NUMBER = /^(?:0|[1-9]\d{0,19})$/;

const MAX_64_BITS = '18446744073709551615';

const is64Bits = (text: string): boolean =>
  WHOLE_NUMBER.test(text) && (text.length < MAX_64_BITS.length || text <= MAX_64_BITS);

const decimal = (text: string): string | undefined => (is64Bits(text) ? text : undefined);

/** https://www.rfc-editor.org/rfc/rfc9110#section-8.8.3, without weak ones */
const ETAG = /^[\x21\x23-\x7e]+$/;

const PARSERS: Readonly<Record<ListedColumn, (text: string) => string | undefined>> = {
  size: decimal,
  etag(text) {
    const bare = text.startsWith('"') && text.endsWith('"') ? text.slice(1, -1) : text;
    return ETAG.test(bare) ? bare : undefined;
  },
  crc64: decimal,
  modified: parseInstant,
  onKeyExist: (text) => (text === 'ignore' || text === 'override' ? text : undefined),
};

/** What a value of the column is, for a person. */
export const EXPECTED: Readonly<Record<ListedColumn, string>> = {
  size: 'a whole number of bytes',
  etag: 'an ETag in ASCII without blanks',
  crc64: 'a CRC-64 as a decimal number',
  modified: 'a time such as 2026-11-20T10:00:00Z',
  onKeyExist: 'ignore or override',
};

export const saysNothing = (text: string): boolean => text === '' || text === '-';

/** The value as it is kept; undefined for a text that is none. */
export const parseListed = (column: ListedColumn, text: string): string | undefined =>
  PARSERS[column](text);

/** Whether something is said that is no value of the column. */
export function isNoValue(column: ListedColumn, text = ''): boolean {
  return !saysNothing(text) && parseListed(column, text) === undefined;
}

/** The texts of the columns that are there; undefined where none is. */
export function listedTexts(
  textOf: (column: ListedColumn) => string | undefined,
): ListedTexts | undefined {
  let found: Partial<Record<ListedColumn, string>> | undefined;
  for (const column of LISTED_COLUMNS) {
    const text = textOf(column);
    if (text === undefined || saysNothing(text)) continue;
    found ??= {};
    found[column] = text;
  }
  return found;
}

/** What the texts tell, by their columns. */
export function listedFields(texts: ListedTexts | undefined): ListedFields | undefined {
  if (texts === undefined) return undefined;
  return listedTexts((column) => parseListed(column, texts[column] ?? '')) as ListedFields;
}
