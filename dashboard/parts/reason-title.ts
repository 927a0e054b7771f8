/** The title of a linter's reason. */
import type { Translate } from '../text/types.ts';

export const REASONS = [
  'LINE_TOO_LONG',
  'LINE_NOT_UTF8',
  'LINE_CONTROL_CHARACTER',
  'CSV_QUOTE',
  'CSV_COLUMNS',
  'JSON_INVALID',
  'URL_MISSING',
  'URL_HTTPS',
  'URL_SCHEME',
  'URL_HOST',
  'URL_SOURCE',
  'URL_SOURCE_UNKNOWN',
  'URL_SOURCE_DOMAIN',
  'URL_NOT_ENCODED',
  'KEY_EMPTY',
  'KEY_TOO_LONG',
  'KEY_DOTS',
  'MD5_INVALID',
  'ON_KEY_EXIST_INVALID',
  'LIST_MIXED',
  'URL_CREDENTIALS',
  'URL_NO_SCHEME',
  'KEY_LEADING_SLASH',
  'KEY_OUTER_BLANK',
  'KEY_ENCODED',
  'KEY_REPEATED',
  'KEY_LOOKALIKE',
  'VALUE_IGNORED',
] as const;

/** One that a newer service knows is shown as it is. */
export function reasonTitle(reason: string, t: Translate): string {
  const known = REASONS.find((name) => name === reason);
  return known ? t(`reason.${known}`) : reason;
}
