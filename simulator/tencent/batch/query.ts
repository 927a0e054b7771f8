/** Parses the query parameters of a Batch call. */
import { decode, splitOnce } from '../../server.ts';

/** The parameters of a query; undefined when one is there twice, unknown, or no valid UTF-8. */
export function readQuery(
  rawQuery: string,
  known: readonly string[],
): ReadonlyMap<string, string> | undefined {
  const parameters = new Map<string, string>();
  for (const part of rawQuery === '' ? [] : rawQuery.split('&')) {
    const [rawName = '', rawValue = ''] = splitOnce(part, '=');
    const [name, value] = [decode(rawName), decode(rawValue)];
    if (name === undefined || value === undefined) return undefined;
    if (!known.includes(name) || parameters.has(name)) return undefined;
    parameters.set(name, value);
  }
  return parameters;
}
