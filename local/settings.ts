/**
 * Reads the service's settings from the environment and `.env`. The functions' own configuration is
 * checked here too, so every fault is reported at once, before anything starts.
 */
import { existsSync, readFileSync } from 'node:fs';
import { resolve } from 'node:path';
import { parseEnv } from 'node:util';
import { Cron } from 'croner';
import { decodeText } from '../shared/lib/decode-text.ts';
import { createEnvReader, type Env, readEnv } from '../shared/lib/env.ts';
import { ConfigError, type InputFault } from '../shared/lib/errors.ts';
import { own } from '../shared/lib/values.ts';
import {
  batchJobConfig,
  callbackConfig,
  cosFetchConfig,
  hasTencent,
  nightlyConfig,
  omsStartConfig,
  planConfig,
  runsConfig,
  storesConfig,
  sweepConfig,
} from '../shared/wiring/config/functions.ts';
import { hasHuawei } from '../shared/wiring/config/huawei.ts';
import { unknownProviderNames } from '../shared/wiring/config/names.ts';
import { SERVICE, SETTLE, STORES } from '../shared/wiring/config/tables.ts';
import { checkDocuments } from '../shared/wiring/documents.ts';

export type Settings = ReturnType<typeof readSettings>;

/** @throws ConfigError (CONFIG_INVALID) with every fault of the service and its functions */
export function readSettings(env: Env) {
  const given = present(env);
  const from = createEnvReader(given);
  const providers = { tencent: hasTencent(from), huawei: hasHuawei(from) };
  const isShared = ['api', 'worker', 'events'].includes(from.read({ role: SERVICE.role }).role);
  /** No key pair of any provider: the built-in simulators stand in for both. */
  const simulated = !isShared && !providers.tencent && !providers.huawei;
  const made = isShared ? MADE_EVERYWHERE : MADE_LATER;
  const completed = { ...made, ...(simulated && SIMULATED), ...given };
  const readers: readonly ((env: Env) => unknown)[] = [
    service,
    storesConfig,
    planConfig,
    callbackConfig,
    sweepConfig,
    runsConfig,
    nightlyConfig,
    documents,
    ...(providers.tencent || simulated ? [cosFetchConfig] : []),
    ...(given['TENCENTCLOUD_UIN'] ? [batchJobConfig] : []),
    ...(providers.huawei ? [omsStartConfig] : []),
  ];
  const faults = readers.flatMap((read) => faultsOf(() => read(completed)));
  if (faults.length > 0) {
    throw new ConfigError([...new Map(faults.map((fault) => [fault.path, fault])).values()]);
  }
  return { ...service(completed), providers, simulated };
}

function faultsOf(read: () => unknown): readonly InputFault[] {
  try {
    read();
    return [];
  } catch (error) {
    if (error instanceof ConfigError) return error.faults;
    throw error;
  }
}

/** Stand-ins for what the service makes itself when it is not set. */
const MADE_EVERYWHERE: Env = { WAYBILL_PUBLIC_URL: 'http://127.0.0.1' };
const MADE_LATER: Env = {
  ...MADE_EVERYWHERE,
  WAYBILL_API_TOKENS: 'made when the service starts',
  WAYBILL_CALLBACK_KEYS: 'later:made when the service starts',
};
const SIMULATED: Env = {
  TENCENTCLOUD_SECRET_ID: 'of the simulator',
  TENCENTCLOUD_SECRET_KEY: 'of the simulator',
};

/** An empty variable counts as not set. */
const present = (env: Env): Env =>
  Object.fromEntries(Object.entries(env).filter(([, value]) => value?.trim()));

/** Credential sets and sources in files, which functions open only when they need them. */
const documents = (env: Env) => readEnv(env, checkDocuments);

const service = (env: Env) =>
  readEnv(env, (from) => {
    const { folder, retryCron, ...others } = { ...from.read(SERVICE), ...from.read(SETTLE) };
    const { ledger, queue } = from.read({ ledger: STORES.ledger, queue: STORES.queue });
    if (others.role !== 'all' && [ledger.kind, queue.kind].includes('sqlite')) {
      const message =
        'expected all, as SQLite belongs to one process; for other roles set WAYBILL_LEDGER and WAYBILL_QUEUE to postgres://…';
      from.fault(SERVICE.role[0], message);
    }
    if (!isSchedule(retryCron)) {
      const message = 'expected minute, hour, day, month, weekday, as 0 2 * * *';
      from.fault(SERVICE.retryCron[0], message);
    }
    return { ...others, folder: resolve(folder), retryCron };
  });

function isSchedule(text: string): boolean {
  try {
    new Cron(text, { paused: true }).stop();
    return text.split(/\s+/).length === 5;
  } catch {
    return false;
  }
}

/**
 * Adds the variables of a file to `env` where they are not set; no file, no variables.
 * @returns what is unusual, by variable
 * @throws ConfigError (CONFIG_INVALID, the file's name) when it is there and can't be read
 */
export function addEnvFile(env: NodeJS.ProcessEnv, path: string): readonly InputFault[] {
  if (!existsSync(path)) return [];
  let bytes: Buffer;
  try {
    bytes = readFileSync(path);
  } catch (error) {
    const reason = error instanceof Error ? error.message : String(error);
    throw new ConfigError([{ path, message: `can't be read: ${reason}` }]);
  }
  const decoded = decodeText(bytes);
  if ('fault' in decoded) throw new ConfigError([{ path, message: decoded.fault }]);
  const line = badLine(decoded.text);
  if (line !== undefined) {
    const message = `line ${line}: expected NAME=value; put a value with # in quotes`;
    throw new ConfigError([{ path, message }]);
  }
  const values = parseEnv(decoded.text);
  addMissing(env, values);
  return unknownProviderNames(values);
}

/** With what stands before it. */
const QUOTED_VALUE = /^([^\S\n]*(?:export\s)?[^\S\n]*[\w.-]+[^\S\n]*=[^\S\n]*)(["'`])[\s\S]*?\2/gm;

/** A blank line, a comment, or a variable; \0 stands for a quoted value. */
const ENV_LINE = /^\s*(?:(?:export\s+)?[\w.-]+\s*=(?:\s*\0\s*(?:#.*)?|[^#\0]*(?:\s#.*)?)|#.*|)$/;

/**
 * A line of which `parseEnv` leaves out something without a word: what sets nothing, and what stands
 * behind a # or a quoted value. Counted from 1.
 */
function badLine(text: string): number | undefined {
  const plain = text.replace(QUOTED_VALUE, (whole, name: string) => {
    const breaks = whole.split('\n').length - 1;
    return `${'\n'.repeat(breaks)}${name}\0`;
  });
  const at = plain.split(/\r?\n/).findIndex((line) => !ENV_LINE.test(line));
  return at === -1 ? undefined : at + 1;
}

/** Sets what is not set yet; the environment that is there wins. */
export function addMissing(env: NodeJS.ProcessEnv, values: Env): void {
  for (const [name, value] of Object.entries(values)) {
    if (value !== undefined && !own(env, name)?.trim()) env[name] = value;
  }
}
