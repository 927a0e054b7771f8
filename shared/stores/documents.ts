/**
 * JSON documents of the configuration that hold more than variables, such as named credential sets:
 * from a file or a secret, read again when they changed. Messages never quote a value.
 */
import { readFileSync, statSync } from 'node:fs';
import * as v from 'valibot';
import { decodeText, withoutMark } from '../lib/decode-text.ts';
import { ConfigError, type InputFault } from '../lib/errors.ts';
import { isRecord } from '../lib/values.ts';
import type { Renewal, Secrets } from './secrets.ts';

export interface Document extends Renewal {
  /** Of the document itself, for faults: its path, or `secret <name>`. */
  readonly path: string;
  /** Who names the path. */
  readonly variable: string;
  /** Without its byte order mark. */
  text(): string;
}

/** A file is looked at for changes so often at most. */
const LOOK_EVERY_MS = 1_000;

/** @throws ConfigError (CONFIG_INVALID) when it can't be read now */
export function openFile(
  path: string,
  variable: string,
  { expected, now = Date.now }: { expected: string; now?: () => number },
): Document {
  let text = readText(path, variable, expected);
  let changedAt = timeOf(path);
  let lookedAt = now();
  let version = 0;
  const look = (): void => {
    if (now() - lookedAt < LOOK_EVERY_MS) return;
    lookedAt = now();
    const found = timeOf(path);
    if (found === undefined || found === changedAt) return;
    try {
      text = readText(path, variable, expected);
      version += 1;
      changedAt = found;
    } catch {
      // Being written, maybe. What is known may be good still.
    }
  };
  return {
    path,
    variable,
    text: () => text,
    version: () => {
      look();
      return version;
    },
    renew: async (since) => {
      look();
      return version !== since;
    },
  };
}

const timeOf = (path: string): number | undefined =>
  statSync(path, { throwIfNoEntry: false })?.mtimeMs;

function readText(path: string, variable: string, expected: string): string {
  let bytes: Buffer;
  try {
    bytes = readFileSync(path);
  } catch (error) {
    const code = (error as NodeJS.ErrnoException).code;
    const message = `${path} can't be read (${code}); expected ${expected}`;
    throw new ConfigError([{ path: variable, message }]);
  }
  const decoded = decodeText(bytes);
  if ('text' in decoded) return withoutMark(decoded.text);
  throw new ConfigError([{ path: variable, message: `${path}: ${decoded.fault}` }]);
}

/** @param secrets hold the document */
export const openSecret = (secrets: Secrets, id: string, variable: string): Document => ({
  path: `secret ${id}`,
  variable,
  text: () => withoutMark(secrets.document(id) ?? '{}'),
  version: secrets.version,
  renew: secrets.renew,
});

/** Named things in a document: an object of them by name. */
interface NamedOptions<Value> {
  /** `a JSON object of named sets` */
  readonly expected: string;
  /** `a credential set` */
  readonly one: string;
  readonly schema: (value: unknown) => v.GenericSchema<unknown, Value>;
}

export const NAME = /^[A-Za-z0-9._-]{1,64}$/;

/**
 * What a document names, each by a schema of its own.
 * @throws ConfigError (CONFIG_INVALID) with every fault, each at document and field
 */
export function parseNamed<Value>(
  { path, variable, text }: Pick<Document, 'path' | 'variable' | 'text'>,
  { expected, one, schema }: NamedOptions<Value>,
): Readonly<Record<string, Value>> {
  let parsed: unknown;
  try {
    parsed = JSON.parse(text());
  } catch {
    // What JSON.parse says quotes the document.
    const message = `${path} is not JSON; expected ${expected}`;
    throw new ConfigError([{ path: variable, message }]);
  }
  if (!isRecord(parsed)) {
    throw new ConfigError([{ path: `${path}: (whole)`, message: `expected ${expected}` }]);
  }
  const faults: InputFault[] = [];
  const found = new Map<string, Value>();
  for (const [name, value] of Object.entries(parsed)) {
    const fault = (message: string, field = '') =>
      void faults.push({ path: `${path}: ${name}${field && `.${field}`}`, message });
    if (name in {}) fault('expected another name');
    else if (!NAME.test(name)) fault('expected a name of A-Z a-z 0-9 . _ -');
    else {
      const result = v.safeParse(schema(value), value);
      if (result.success) found.set(name, result.output);
      for (const issue of result.issues ?? []) {
        // A message of the library's own quotes what it found.
        const isOurs = issue.message.startsWith('expected');
        const other =
          issue.received === 'undefined'
            ? 'is missing'
            : `is not a field of ${one}, or not of its type`;
        const message = isOurs ? issue.message : other;
        fault(message, v.getDotPath(issue) ?? '');
      }
    }
  }
  if (faults.length > 0) throw new ConfigError(faults);
  return Object.fromEntries(found);
}

/** What documents hold, parsed again whenever one of them changed; a faulty change is left out. */
export function follow<Value>(documents: readonly Renewal[], parse: () => Value): () => Value {
  const stamp = () => documents.map((document) => document.version()).join();
  let value = parse();
  let seen = stamp();
  return () => {
    const now = stamp();
    if (now === seen) return value;
    seen = now;
    try {
      value = parse();
    } catch (error) {
      // What is known may be good still.
      if (!(error instanceof ConfigError)) throw error;
    }
    return value;
  };
}
