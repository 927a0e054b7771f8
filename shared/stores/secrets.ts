/**
 * Reads secrets when a function starts and keeps them in memory. They are read again when they are
 * old, and once when a provider refuses a key, which may have been rotated meanwhile. Their values
 * go only into the variables they stand for.
 */
import { withoutMark } from '../lib/decode-text.ts';
import type { Env } from '../lib/env.ts';
import { ConfigError, type InputFault, StoreError } from '../lib/errors.ts';
import { own, parseRecord } from '../lib/values.ts';

/** A secret's text. @throws ConfigError when there is none; StoreError when it can't be read now */
export type ReadSecret = (id: string) => Promise<string>;

/** For whoever signs with what may be changed. */
export interface Renewal {
  /** Grows when values changed. */
  version(): number;
  /**
   * Called when a key was refused. True when the secrets have other values now than at `since`, a
   * `version` from before the request was signed, so that sending it once more makes sense.
   */
  renew(since: number): Promise<boolean>;
}

export interface Secrets extends Renewal {
  /** All variables that the secrets hold, as they are now. */
  variables(): Env;
  /** The text of a secret that is a document of its own; undefined for one that is not read. */
  document(id: string): string | undefined;
  /** Reads again what is old; a failure leaves what is known. True when values changed. */
  refresh(): Promise<boolean>;
}

interface SecretsOptions {
  /** Each a JSON object of variables. */
  readonly ids: readonly string[];
  /** Documents of their own: named credential sets, sources. */
  readonly documents?: readonly string[];
  readonly read: ReadSecret;
  readonly now?: () => number;
}

const OLD_MS = 15 * 60_000;

/** Between two readings that refused keys asked for: unchanged ones are not asked for again. */
const RENEW_EVERY_MS = 60_000;

/** Reads them all. @throws ConfigError (CONFIG_INVALID) with every fault; StoreError */
export async function openSecrets(options: SecretsOptions): Promise<Secrets> {
  const { now = Date.now } = options;
  let { variables, documents } = await readAll(options);
  let version = 0;
  let readAt = now();
  let renewedAt = Number.NEGATIVE_INFINITY;
  let pendingRead: Promise<boolean> | undefined;

  const readAgain = async (): Promise<boolean> => {
    try {
      const found = await readAll(options);
      readAt = now();
      if (JSON.stringify(found) === JSON.stringify({ variables, documents })) return false;
      ({ variables, documents } = found);
      version += 1;
      return true;
    } catch (error) {
      if (!(error instanceof ConfigError || error instanceof StoreError)) throw error;
      // What is known may be good still; what is not is refused by whoever it is shown to.
      return false;
    }
  };
  /** One read at a time, shared by all callers. */
  const once = (): Promise<boolean> => {
    pendingRead ??= readAgain().finally(() => {
      pendingRead = undefined;
    });
    return pendingRead;
  };

  return {
    variables: () => variables,
    document: (id) => own(documents, id),
    version: () => version,
    async renew(since) {
      if (version === since && now() - renewedAt >= RENEW_EVERY_MS) {
        renewedAt = now();
        await once();
      } else if (pendingRead) {
        await pendingRead;
      }
      return version !== since;
    },
    refresh: async () => (now() - readAt >= OLD_MS ? once() : false),
  };
}

interface Found {
  readonly variables: Env;
  readonly documents: Readonly<Record<string, string>>;
}

async function readAll({ ids, documents = [], read }: SecretsOptions): Promise<Found> {
  const faults: InputFault[] = [];
  const texts = await Promise.all(
    [...ids, ...documents].map((id) =>
      read(id).catch((error: unknown) => {
        if (!(error instanceof ConfigError)) throw error;
        faults.push(...error.faults);
        return undefined;
      }),
    ),
  );
  const variables = new Map<string, string>();
  const owners = new Map<string, string>();
  for (const [at, id] of ids.entries()) {
    const text = texts[at];
    if (text === undefined) continue;
    for (const [name, value] of Object.entries(parseVariables(id, text, faults))) {
      const other = owners.get(name);
      if (other !== undefined)
        faults.push({ path: name, message: `is set in both secrets ${other} and ${id}` });
      owners.set(name, id);
      variables.set(name, value);
    }
  }
  if (faults.length > 0) throw new ConfigError(faults);
  return {
    variables: Object.fromEntries(variables),
    documents: Object.fromEntries(documents.map((id, at) => [id, texts[ids.length + at] ?? ''])),
  };
}

function parseVariables(
  id: string,
  text: string,
  faults: InputFault[],
): Readonly<Record<string, string>> {
  const parsed = parseRecord(withoutMark(text));
  if (!parsed) {
    // What JSON.parse says would quote the secret.
    faults.push({ path: `secret ${id}`, message: 'expected a JSON object of variables' });
    return {};
  }
  for (const [name, value] of Object.entries(parsed)) {
    if (typeof value !== 'string') {
      faults.push({ path: `secret ${id}: ${name}`, message: 'expected text' });
    }
  }
  return parsed as Readonly<Record<string, string>>;
}
