/** Reads the query of a request: a `+` in it is a blank, as in the forms that browsers send. */
import { decode, splitOnce, type Wire } from './server.ts';

export type Parameters = readonly (readonly [name: string, value: string])[];

/** Decoded pairs in the order sent; undefined when one is not valid percent-encoded UTF-8. */
export function parseQuery(rawQuery: string): Parameters | undefined {
  if (rawQuery === '') return [];
  const pairs: [string, string][] = [];
  for (const part of rawQuery.replaceAll('+', ' ').split('&')) {
    const [rawName = '', rawValue = ''] = splitOnce(part, '=');
    const [name, value] = [decode(rawName), decode(rawValue)];
    if (name === undefined || value === undefined) return undefined;
    pairs.push([name, value]);
  }
  return pairs;
}

/** The parameters by name; undefined when one is there twice, unknown, or no valid UTF-8. */
export function readQuery(
  { rawQuery }: Pick<Wire, 'rawQuery'>,
  known: readonly string[],
): ReadonlyMap<string, string> | undefined {
  const pairs = parseQuery(rawQuery);
  const parameters = new Map(pairs);
  const isGood = parameters.size === pairs?.length && pairs.every(([name]) => known.includes(name));
  return isGood ? parameters : undefined;
}

/** A whole number within the limits, else undefined. */
export function wholeNumber(text: string, least: number, most: number): number | undefined {
  const number = /^\d{1,10}$/.test(text) ? Number(text) : Number.NaN;
  return number >= least && number <= most ? number : undefined;
}
