/** Helpers for objects of unknown shape: type checks, own members, and fields without undefined. */

/** Whether a parsed value is an object with fields: no list, not null. */
export const isRecord = (value: unknown): value is Readonly<Record<string, unknown>> =>
  typeof value === 'object' && value !== null && !Array.isArray(value);

/** The object that a JSON text holds; undefined when it holds none. */
export function parseRecord(text: string): Readonly<Record<string, unknown>> | undefined {
  try {
    const value: unknown = JSON.parse(text);
    return isRecord(value) ? value : undefined;
  } catch {
    return undefined;
  }
}

/** The text of a text, number or truth value; empty for anything else, of which no text need be possible. */
export const scalarText = (value: unknown): string =>
  /^(?:string|number|boolean)$/.test(typeof value) ? String(value) : '';

/** What a message quotes of an input, however long that is. */
export const shorten = (text: string): string =>
  text.length > 200 ? `${text.slice(0, 200).toWellFormed()}…` : text;

/**
 * What a table holds under a name that came from outside: `constructor` and `__proto__` are members of
 * every object, but not of the table itself.
 */
export const own = <Value>(
  table: Readonly<Record<string, Value>>,
  name: string,
): Value | undefined => (Object.hasOwn(table, name) ? table[name] : undefined);

export type Present<Value> = { [Name in keyof Value]?: Exclude<Value[Name], undefined> };

/** The object without its undefined fields, for optional ones that must be absent. */
export const withoutUndefined = <Value extends object>(value: Value): Present<Value> =>
  Object.fromEntries(
    Object.entries(value).filter(([, each]) => each !== undefined),
  ) as Present<Value>;
