/** Checks unknown input against a schema, and turns its issues into faults with their paths. */
import * as v from 'valibot';
import { InputError, type InputFault } from './errors.ts';

/** As `v.strictObject`, but names every field that it does not know, and not only the first. */
export const strictObject = <Entries extends v.ObjectEntries>(
  entries: Entries,
  unknownField = 'is not a field of this request',
): v.StrictObjectSchema<Entries, undefined> =>
  v.objectWithRest(entries, v.never(unknownField)) as unknown as v.StrictObjectSchema<
    Entries,
    undefined
  >;

/**
 * What a rule before it in a pipe means in JSON Schema, whose converter knows nothing of it: for
 * documents that are made from schemas.
 */
export const inJson = <Input>(json: Json): v.BaseMetadata<Input> & { readonly json: Json } => ({
  kind: 'metadata',
  type: 'json',
  reference: inJson,
  json,
});

type Json = Readonly<Record<string, unknown>>;

/** An object that has a field, in JSON Schema; linters want a type beside `required`. */
export const having = (name: string): Json => ({
  not: { propertyNames: { not: { const: name } } },
});

/** In JSON Schema; `if` and `then` would make strict linters refuse the other fields. */
export const implies = (condition: Json, consequence: Json): Json => ({
  not: { allOf: [condition, { not: consequence }] },
});

/** @returns what `inJson` says, undefined for any other part of a pipe */
export const jsonOf = (part: object): Json | undefined =>
  'json' in part ? (part.json as Json) : undefined;

export const wholeNumber = (min: number, max: number) => {
  const expected = `expected a whole number from ${min} to ${max}`;
  return v.pipe(
    v.number(expected),
    v.integer(expected),
    v.minValue(min, expected),
    v.maxValue(max, expected),
  );
};

/** The value of a JSON text. */
export const jsonText = v.pipe(v.string(), v.parseJson({}, 'expected JSON'));

/** @throws InputError (EVENT_INVALID or `code`) with the path of every field that does not fit */
export function parseWith<Schema extends v.GenericSchema>(
  schema: Schema,
  input: unknown,
  what: string,
  code: 'EVENT_INVALID' | 'BODY_INVALID' | 'QUERY_INVALID' | 'SIGNING_INPUT' = 'EVENT_INVALID',
): v.InferOutput<Schema> {
  const result = v.safeParse(schema, input);
  if (result.success) return result.output;
  const faults = result.issues.slice(0, MAX_FAULTS).map(faultOf);
  const more = result.issues.length - faults.length;
  if (more > 0) faults.push({ path: '(whole)', message: `has ${more} more faults` });
  throw new InputError(code, `${what} does not have the expected shape.`, faults);
}

/** Enough to fix an input by. */
const MAX_FAULTS = 100;

/** Path as `objects[3].url`. The library's own messages quote what they found, which may be secret. */
export function faultOf(issue: v.BaseIssue<unknown>): InputFault {
  const path = (issue.path ?? []).reduce(
    (text, { key }) =>
      typeof key === 'number' ? `${text}[${key}]` : `${text}${text && '.'}${String(key)}`,
    '',
  );
  return { path: path || '(whole)', message: messageOf(issue) };
}

function messageOf({ message, expected, received }: v.BaseIssue<unknown>): string {
  if (/^(expected|is|the) /.test(message)) return message;
  if (expected === 'never') return 'is not a field of this request';
  return received === 'undefined' ? 'is missing' : `expected ${expected ?? 'something else'}`;
}
