/** Judges the five fields of a schedule, without knowing when it comes due. */

interface Field {
  readonly from: number;
  readonly to: number;
  /** In place of numbers, the first of them for `from`. */
  readonly names?: readonly string[];
}

const MONTHS = ['jan', 'feb', 'mar', 'apr', 'may', 'jun', 'jul', 'aug', 'sep', 'oct', 'nov', 'dec'];

const FIELDS: readonly Field[] = [
  { from: 0, to: 59 },
  { from: 0, to: 23 },
  { from: 1, to: 31 },
  { from: 1, to: 12, names: MONTHS },
  { from: 0, to: 7, names: ['sun', 'mon', 'tue', 'wed', 'thu', 'fri', 'sat'] },
];

/** A step goes with a range, or with all. */
const ITEM = /^(?:(\w+)|(?:\*|(\w+)-(\w+))(?:\/[1-9]\d?)?)$/;

function numberIn(text: string, { from, to, names = [] }: Field): number | undefined {
  const named = names.indexOf(text.toLowerCase());
  const value = named === -1 ? (/^\d{1,2}$/.test(text) ? Number(text) : -1) : from + named;
  return value >= from && value <= to ? value : undefined;
}

function isItem(text: string, field: Field): boolean {
  const match = ITEM.exec(text);
  if (!match) return false;
  const [, one, first = String(field.from), last = String(field.to)] = match;
  if (one !== undefined) return numberIn(one, field) !== undefined;
  const [low, high] = [numberIn(first, field), numberIn(last, field)];
  return low !== undefined && high !== undefined && low <= high;
}

/** Minute, hour, day, month and weekday, each `*`, a value or a range, with a step, or several of them. */
export function isCronText(text: string): boolean {
  const fields = text.split(' ');
  return (
    fields.length === FIELDS.length &&
    FIELDS.every((field, at) => fields[at]?.split(',').every((item) => isItem(item, field)))
  );
}
