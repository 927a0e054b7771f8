/** Converts DynamoDB attribute values to plain values and back. */
/** Texts of a set have no order; an empty one can't be stored. */
export type Value = string | number | readonly string[] | ReadonlySet<string>;

/** One item, without attributes that are not there. */
export type Item = Readonly<Record<string, Value>>;

type Attribute =
  | { readonly S: string }
  | { readonly N: string }
  | { readonly SS: readonly string[] }
  | { readonly L: readonly { readonly S: string }[] };

export type Attributes = Readonly<Record<string, Attribute>>;

function toAttribute(value: Value): Attribute {
  if (typeof value === 'string') return { S: value };
  if (typeof value === 'number') return { N: String(value) };
  if (value instanceof Set) return { SS: [...value] };
  return { L: (value as readonly string[]).map((text) => ({ S: text })) };
}

function fromAttribute(attribute: Attribute): Value {
  if ('S' in attribute) return attribute.S;
  if ('N' in attribute) return Number(attribute.N);
  if ('SS' in attribute) return new Set(attribute.SS);
  return attribute.L.map(({ S }) => S);
}

export const toAttributes = (values: Readonly<Record<string, Value | undefined>>): Attributes =>
  Object.fromEntries(
    Object.entries(values).flatMap(([name, value]) =>
      value === undefined ? [] : [[name, toAttribute(value)]],
    ),
  );

export const fromAttributes = (attributes: Attributes): Item =>
  Object.fromEntries(
    Object.entries(attributes).map(([name, attribute]) => [name, fromAttribute(attribute)]),
  );

export const text = (item: Item, name: string): string => String(item[name]);

export const number = (item: Item, name: string): number => Number(item[name] ?? 0);

export const has = (item: Item, name: string): boolean => item[name] !== undefined;

export const json = <Parsed>(item: Item, name: string): Parsed =>
  JSON.parse(text(item, name)) as Parsed;

export const list = (item: Item, name: string): readonly string[] => {
  const value = item[name];
  return Array.isArray(value) ? value : [];
};
