/**
 * Reads environment variables by tables of names and schemas, and collects every fault, by variable.
 * Messages of schemas say what was expected and never quote a value, which may be secret.
 */
import * as v from 'valibot';
import { ConfigError, type InputFault } from './errors.ts';
import { faultOf } from './validate.ts';

export type Env = Readonly<Record<string, string | undefined>>;

/**
 * The variable of each field of a configuration, with the schema of its text and the variables that
 * stand in when it is not set. A default is part of the schema.
 */
export type Table = Readonly<
  Record<string, readonly [name: string, schema: v.GenericSchema, ...others: readonly string[]]>
>;

export const table = <const Rows extends Table>(rows: Rows): Rows => rows;

export type Values<Rows extends Table> = v.InferOutput<
  v.ObjectSchema<{ readonly [Field in keyof Rows]: Rows[Field][1] }, undefined>
>;

/** Reads a part of the environment and throws ConfigError (CONFIG_INVALID) with all its faults. */
export function readEnv<Config>(env: Env, build: (from: EnvReader) => Config): Config {
  const reader = createEnvReader(env);
  const config = build(reader);
  if (reader.faults.length > 0) throw new ConfigError(reader.faults);
  return config;
}

export interface EnvReader {
  /** The first fault of each variable. */
  readonly faults: readonly InputFault[];
  fault(path: string, message: string): void;
  /** Whether any of these is set; an empty variable is not. */
  has(...names: readonly string[]): boolean;
  /** A field with a fault has no value of its type; `readEnv` gives nobody such a configuration. */
  read<Rows extends Table>(rows: Rows): Values<Rows>;
  /** The same with the values of the moment, as whoever owns the environment may renew them. */
  live<Rows extends Table>(rows: Rows): Values<Rows>;
}

/** Says which character of a value nobody sees: editors and consoles leave such in copied text. */
export function invisibleFault(value: string): string | undefined {
  const code = /[\u200b\u2060\ufeff]/.exec(value)?.[0].charCodeAt(0).toString(16).toUpperCase();
  return code && `expected no invisible character (U+${code})`;
}

const OUTER_BLANKS = /^[\s\u200b\u2060\ufeff]+|[\s\u200b\u2060\ufeff]+$/g;

export function createEnvReader(env: Env): EnvReader {
  const faults: InputFault[] = [];
  const fault = (path: string, message: string): void => {
    if (!faults.some((known) => known.path === path)) faults.push({ path, message });
  };
  const textOf = (name: string): string | undefined =>
    env[name]?.replace(OUTER_BLANKS, '') || undefined;
  const has = (...names: readonly string[]): boolean =>
    names.some((name) => textOf(name) !== undefined);

  const read = <Rows extends Table>(rows: Rows): Values<Rows> => {
    const sources: Record<string, string> = {};
    const given: Record<string, string | undefined> = {};
    for (const [field, [name, schema, ...others]] of Object.entries(rows)) {
      const source = [name, ...others].find((each) => has(each)) ?? name;
      const value = textOf(source);
      sources[field] = source;
      if (value !== undefined || schema.type !== 'exact_optional') given[field] = value;
      const message = value && invisibleFault(value);
      if (message) fault(source, message);
    }
    const schemas = Object.entries(rows).map(([field, [, schema]]) => [field, schema]);
    const result = v.safeParse(v.object(Object.fromEntries(schemas)), given);
    for (const issue of result.issues ?? []) {
      const { path, message } = faultOf(issue);
      const [field = ''] = path.split(/[.[]/);
      fault(
        sources[field] ?? field,
        given[field] === undefined ? `is not set; ${message}` : message,
      );
    }
    return result.output as Values<Rows>;
  };

  return {
    faults,
    fault,
    has,
    read,
    live<Rows extends Table>(rows: Rows) {
      const fields = Object.keys(read(rows)).map((field) => [
        field,
        { enumerable: true, get: () => read(rows)[field as keyof Values<Rows>] },
      ]);
      return Object.defineProperties({}, Object.fromEntries(fields)) as Values<Rows>;
    },
  };
}

/** Text that must be set. */
export const text = (expected: string, pattern = /(?:)/) =>
  v.pipe(v.string(`expected ${expected}`), v.regex(pattern, `expected ${expected}`));

/** Text that may be absent. */
export const maybe = (expected = 'text', pattern?: RegExp) =>
  v.exactOptional(text(expected, pattern));

const whole = (min: number, max: number) => {
  const message = `expected a whole number from ${min} to ${max}`;
  return v.pipe(
    v.string(message),
    v.regex(/^\d{1,15}$/, message),
    v.transform(Number),
    v.minValue(min, message),
    v.maxValue(max, message),
  );
};

export const integer = (fallback: number, min: number, max: number) =>
  v.optional(whole(min, max), String(fallback));

/** Whole seconds, as milliseconds. */
export const seconds = (fallback: number, min: number, max: number) =>
  v.optional(
    v.pipe(
      whole(min, max),
      v.transform((value) => 1_000 * value),
    ),
    String(fallback),
  );

export const flag = v.optional(
  v.pipe(
    v.string(),
    v.toLowerCase(),
    v.picklist(['true', 'false'], 'expected true or false'),
    v.transform((value) => value === 'true'),
  ),
  'false',
);

/** The first choice is the default. */
export const choice = <const Choices extends readonly [string, ...string[]]>(...choices: Choices) =>
  v.optional(v.picklist(choices, `expected one of ${choices.join(', ')}`), choices[0]);

/** Items between commas; blank ones don't count. */
export const list = (expected: string, pattern: RegExp, least: 0 | 1 = 1) =>
  v.pipe(
    v.string(`expected ${expected}`),
    v.transform((value) => value.split(',').flatMap((item) => item.trim() || [])),
    v.check((items) => items.length >= least, `expected ${expected}`),
    v.everyItem((item) => pattern.test(item), `expected ${expected}`),
  );

/**
 * An address without a slash at its end.
 * @param places what the reader of the address fills in, such as `{region}`
 */
export function address(...places: readonly string[]) {
  const filled = places.length === 0 ? '' : `, which may hold ${places.join(' and ')}`;
  const message = `expected an http:// or https:// address${filled}, and nothing behind it`;
  return v.pipe(
    v.string(message),
    v.check((value) => {
      const sample = places.reduce((all, place) => all.replaceAll(place, 'x'), value);
      return /^https?:\/\/[^?#@{}]+$/.test(sample) && URL.canParse(sample);
    }, message),
    v.transform((value) => value.replace(/\/+$/, '')),
  );
}

/** An address that is known, and may be another one for tests, proxies and private links. */
export const endpoint = (known: string) =>
  v.optional(address(...(known.match(/\{\w+\}/g) ?? [])), known);

/** `sqlite:./data/waybill.db` as kind and place. */
export interface StoreAddress<Kind extends string> {
  readonly kind: Kind;
  readonly place: string;
}

/** Where a store is, such as `sqlite:./data/waybill.db`. */
export const store = <const Kinds extends readonly string[]>(fallback: string, ...kinds: Kinds) => {
  const message = `expected ${kinds.map((kind) => `${kind}:<place>`).join(' or ')}`;
  return v.optional(
    v.pipe(
      v.string(message),
      v.regex(new RegExp(`^(?:${kinds.join('|')}):.`), message),
      v.transform((value): StoreAddress<Kinds[number]> => {
        const [kind = '', ...place] = value.split(':');
        return { kind: kind as Kinds[number], place: place.join(':') };
      }),
    ),
    fallback,
  );
};
