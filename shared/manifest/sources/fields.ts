/** Reads fields of lists: sizes, times, MD5 sums and encoded keys. Undefined for what says nothing. */

export const parseSize = (text: string | undefined): string | undefined =>
  text !== undefined && /^\d+$/.test(text) ? text : undefined;

/** What most lists have. */
const PLAIN_INSTANT =
  /^\d{4}-(?:0[1-9]|1[0-2])-(?:0[1-9]|[12]\d|3[01])T(?:[01]\d|2[0-3]):[0-5]\d:[0-5]\d(?:\.\d+)?Z$/;

const INSTANT = /^(\d{4}-\d\d-\d\d)[T ](\d\d:\d\d:\d\d)(\.\d+)? ?(Z|UTC|[+-]\d\d:?\d\d)$/;

/** ISO 8601 with `Z`, with the fraction that the text has; undefined for a time without a zone. */
export function parseInstant(text: string | undefined): string | undefined {
  if (text === undefined || text === '') return undefined;
  if (PLAIN_INSTANT.test(text)) return text;
  const [, date, time, fraction = '', zone = ''] = INSTANT.exec(text) ?? [];
  if (date === undefined) {
    return / (?:GMT|UTC)$/.test(text) ? seconds(Date.parse(text)) : undefined;
  }
  const atMs = Date.parse(`${date}T${time}${zone === 'UTC' ? 'Z' : zone}`);
  return seconds(atMs)?.replace('Z', `${fraction}Z`);
}

/** Undefined for an instant outside the years of four digits. */
export function seconds(atMs: number): string | undefined {
  const at = new Date(atMs);
  const year = at.getUTCFullYear();
  return year >= 0 && year <= 9999 ? `${at.toISOString().slice(0, 19)}Z` : undefined;
}

export const isMd5 = (text: string): boolean => /^[0-9a-f]{32}$/i.test(text);

/** Hex of an MD5 in base64, which has 16 bytes. */
export function parseBase64Md5(text: string): string | undefined {
  if (!/^[A-Za-z0-9+/]{22}==$/.test(text)) return undefined;
  return Buffer.from(text, 'base64').toString('hex');
}

/** Decodes once; undefined when that is no UTF-8. `+` stays a plus. */
export function decodePercent(text: string): string | undefined {
  if (!text.includes('%')) return text;
  try {
    return decodeURIComponent(text);
  } catch {
    return undefined;
  }
}

/** As `decodePercent`, by the rules of forms: `+` is a blank. */
export const decodeForm = (text: string): string | undefined =>
  decodePercent(text.includes('+') ? text.replaceAll('+', ' ') : text);
