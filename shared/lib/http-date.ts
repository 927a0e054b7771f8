/**
 * Parses dates in HTTP headers, and `Retry-After`, which may be one. JavaScript's own parser
 * accepts nearly everything as a date: it reads `49.5` as the year 2049.
 */

const MONTHS = ['Jan', 'Feb', 'Mar', 'Apr', 'May', 'Jun', 'Jul', 'Aug', 'Sep', 'Oct', 'Nov', 'Dec'];
const MONTH = `(?<month>${MONTHS.join('|')})`;
const DAY_NAME = '(?:Mon|Tue|Wed|Thu|Fri|Sat|Sun)';
const LONG_DAY_NAME = '(?:Monday|Tuesday|Wednesday|Thursday|Friday|Saturday|Sunday)';
const DAY = '(?<day>\\d\\d)';
const TIME = '(?<hour>[01]\\d|2[0-3]):(?<minute>[0-5]\\d):(?<second>[0-5]\\d|60)';

/** IMF-fixdate, RFC 850 and asctime: RFC 9110, section 5.6.7. */
const FORMS = [
  `${DAY_NAME}, ${DAY} ${MONTH} (?<year>\\d{4}) ${TIME} GMT`,
  `${LONG_DAY_NAME}, ${DAY}-${MONTH}-(?<year>\\d\\d) ${TIME} GMT`,
  `${DAY_NAME} ${MONTH} (?<day>\\d\\d| \\d) ${TIME} (?<year>\\d{4})`,
].map((form) => new RegExp(`^${form}$`));

/**
 * Undefined when absent or in none of the three forms.
 * @param now decides the century of a year with two digits: such a date is at most 50 years ahead
 */
export function parseHttpDate(text: string | undefined, now: Date): Date | undefined {
  const parts = FORMS.map((form) => form.exec(text ?? '')?.groups).find((found) => found);
  if (!parts) return undefined;
  const { year = '' } = parts;
  if (year.length === 4) return dateIn(Number(year), parts);
  const latest = new Date(now);
  latest.setUTCFullYear(now.getUTCFullYear() + 50);
  const century = Math.floor(latest.getUTCFullYear() / 100) * 100;
  const found = dateIn(century + Number(year), parts);
  return found && found > latest ? dateIn(century - 100 + Number(year), parts) : found;
}

/** Undefined for a day that the month doesn't have. */
function dateIn(year: number, parts: Readonly<Record<string, string>>): Date | undefined {
  const { month = '', day, hour, minute, second } = parts;
  const at = new Date(Date.UTC(year, MONTHS.indexOf(month), Number(day)));
  if (at.getUTCDate() !== Number(day)) return undefined;
  at.setUTCHours(Number(hour), Number(minute), Number(second));
  return at;
}

/**
 * Reads `Retry-After`: whole seconds or a date (RFC 9110, section 10.2.3); at most an hour. Undefined
 * when absent or malformed.
 * @returns milliseconds from now
 */
export function parseRetryAfter(value: string | undefined, now: Date): number | undefined {
  const text = value?.trim() ?? '';
  const ms = /^\d+$/.test(text)
    ? Number(text) * 1_000
    : (parseHttpDate(text, now)?.getTime() ?? Number.NaN) - now.getTime();
  return Number.isNaN(ms) ? undefined : Math.min(Math.max(ms, 0), 3_600_000);
}
