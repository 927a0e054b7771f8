/** Reads environment variables and collects every fault, by variable. */
import type { Credentials } from './api-request.ts';
import { ConfigError, type InputFault } from './errors.ts';

export type Env = Readonly<Record<string, string | undefined>>;

/** `sqlite:./data/waybill.db` as kind and place. */
export interface StoreAddress<Kind extends string> {
  readonly kind: Kind;
  readonly place: string;
}

/** Reads a part of the environment and throws ConfigError (CONFIG_INVALID) with all its faults. */
export const readEnv = <Config>(env: Env, build: (reader: EnvReader) => Config): Config => {
  const reader = createEnvReader(env);
  const config = build(reader);
  reader.done();
  return config;
};

/** Variables of a key pair, and what they hold, for the fault when one is missing. */
export interface KeyPairNames {
  readonly secretId: readonly [name: string, expected: string];
  readonly secretKey: readonly [name: string, expected: string];
  readonly securityToken: string;
}

export interface EnvReader {
  fault(path: string, message: string): void;
  optional(name: string): string | undefined;
  text(name: string, expected: string): string;
  /**
   * A key pair that tells the values of the moment, as whoever owns the environment may renew it.
   */
  keyPair(names: KeyPairNames): Credentials;
  integer(name: string, fallback: number, min: number, max: number): number;
  flag(name: string, fallback: boolean): boolean;
  /** The first choice is the default. */
  choice<Choice extends string>(name: string, choices: readonly Choice[]): Choice;
  url(name: string, fallback?: string): string;
  store<Kind extends string>(
    name: string,
    fallback: string,
    kinds: readonly Kind[],
  ): StoreAddress<Kind>;
  /** @throws ConfigError (CONFIG_INVALID) with every fault found */
  done(): void;
}

/** Says which character of a value nobody sees: editors and consoles leave such in copied text. */
export function invisibleFault(value: string): string | undefined {
  const code = /[\u200b\u2060\ufeff]/.exec(value)?.[0].charCodeAt(0).toString(16).toUpperCase();
  return code && `expected no invisible character (U+${code})`;
}

const OUTER_BLANKS = /^[\s\u200b\u2060\ufeff]+|[\s\u200b\u2060\ufeff]+$/g;

/** Reads variables and collects faults; an empty variable counts as not set. Values never enter a fault. */
export function createEnvReader(env: Env): EnvReader {
  const faults: InputFault[] = [];
  const fault = (path: string, message: string): void => {
    if (!faults.some((known) => known.path === path)) faults.push({ path, message });
  };
  const optional = (name: string): string | undefined => {
    const value = env[name]?.replace(OUTER_BLANKS, '') || undefined;
    const message = value && invisibleFault(value);
    if (message) fault(name, message);
    return value;
  };

  const text = (name: string, expected: string): string => {
    const value = optional(name);
    if (value === undefined) fault(name, `is not set; expected ${expected}`);
    return value ?? '';
  };

  return {
    fault,
    optional,
    text,
    keyPair({ secretId, secretKey, securityToken }) {
      for (const [name, expected] of [secretId, secretKey]) text(name, expected);
      return {
        get secretId() {
          return optional(secretId[0]) ?? '';
        },
        get secretKey() {
          return optional(secretKey[0]) ?? '';
        },
        get securityToken() {
          return optional(securityToken) ?? '';
        },
      };
    },
    integer(name, fallback, min, max) {
      const value = optional(name);
      if (value === undefined) return fallback;
      const number = /^\d{1,15}$/.test(value) ? Number(value) : Number.NaN;
      if (number >= min && number <= max) return number;
      fault(name, `expected a whole number from ${min} to ${max}`);
      return fallback;
    },
    flag(name, fallback) {
      const value = optional(name)?.toLowerCase();
      if (value === undefined) return fallback;
      if (value !== 'true' && value !== 'false') fault(name, 'expected true or false');
      return value === 'true';
    },
    choice(name, choices) {
      const value = optional(name);
      const found = choices.find((choice) => choice === value);
      if (value !== undefined && found === undefined) {
        fault(name, `expected one of ${choices.join(', ')}`);
      }
      return (found ?? choices[0]) as (typeof choices)[number];
    },
    url(name, fallback) {
      const value = optional(name) ?? fallback;
      const sample = value?.replaceAll(/\{(region|bucket|uin)\}/g, 'x');
      if (value === undefined) fault(name, 'is not set; expected an http:// or https:// address');
      else if (!/^https?:\/\//.test(value) || !URL.canParse(sample ?? '')) {
        fault(
          name,
          'expected an http:// or https:// address, with {region}, {bucket}, {uin} at will',
        );
      }
      return value ?? '';
    },
    store(name, fallback, kinds) {
      const value = optional(name) ?? fallback;
      const at = value.indexOf(':');
      const kind = kinds.find((known) => known === value.slice(0, at));
      const place = value.slice(at + 1);
      if (kind === undefined || place === '') {
        fault(name, `expected ${kinds.map((known) => `${known}:<place>`).join(' or ')}`);
      }
      return { kind: (kind ?? kinds[0]) as (typeof kinds)[number], place };
    },
    done() {
      if (faults.length > 0) throw new ConfigError(faults);
    },
  };
}
