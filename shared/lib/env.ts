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

type Texts<Rows extends Table> = { readonly [Field in keyof Rows]: string };

/** `sqlite:./data/waybill.db` as kind and place. */
export interface StoreAddress<Kind extends string> {
  readonly kind: Kind;
  readonly place: string;
}

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
  /** Texts of the moment, as whoever owns the environment may renew them; empty where none is set. */
  live<Rows extends Table>(rows: Rows): Texts<Rows>;
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
      read(rows);
      const fields = Object.entries(rows).map(([field, [name]]) => [
        field,
        { enumerable: true, get: () => textOf(name) ?? '' },
      ]);
      return Object.defineProperties({}, Object.fromEntries(fields)) as Texts<Rows>;
    },
  };
}
