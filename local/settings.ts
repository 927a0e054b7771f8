/**
 * What the service reads from the environment and `.env`. The functions' own configuration is
 * checked here too, so that every fault is told at once, before anything starts.
 */
import { existsSync, readFileSync } from 'node:fs';
import { resolve } from 'node:path';
import { parseEnv } from 'node:util';
import {
  callbackConfig,
  cosFetchConfig,
  planConfig,
  runsConfig,
  storesConfig,
  sweepConfig,
} from '../shared/config.ts';
import { createEnvReader, type Env } from '../shared/env.ts';
import { ConfigError, type InputFault } from '../shared/errors.ts';

export interface Settings {
  /** Of everything the service keeps. */
  readonly folder: string;
  readonly host: string;
  readonly port: number;
  readonly pumpConcurrency: number;
  readonly settleMs: number;
  readonly sweepMs: number;
  /** No Tencent Cloud key pair: the built-in simulator stands in for the provider. */
  readonly simulated: boolean;
}

/** @throws ConfigError (CONFIG_INVALID) with every fault of the service and its functions */
export function readSettings(env: Env): Settings {
  const given = present(env);
  const simulated = !given['TENCENTCLOUD_SECRET_ID'] && !given['TENCENTCLOUD_SECRET_KEY'];
  const completed = { ...MADE_LATER, ...(simulated && SIMULATED), ...given };
  const faults = new Map<string, InputFault>();
  const read = <Value>(parse: (env: Env) => Value): Value | undefined => {
    try {
      return parse(completed);
    } catch (error) {
      if (!(error instanceof ConfigError)) throw error;
      for (const fault of error.faults) faults.set(fault.path, fault);
      return undefined;
    }
  };
  const settings = read(service);
  for (const functions of FUNCTIONS) read<unknown>(functions);
  if (!settings || faults.size > 0) throw new ConfigError([...faults.values()]);
  return { ...settings, simulated };
}

const FUNCTIONS = [
  storesConfig,
  planConfig,
  cosFetchConfig,
  callbackConfig,
  sweepConfig,
  runsConfig,
] as const;

/** Stand-ins for what the service makes itself when it is not set. */
const MADE_LATER: Env = {
  WAYBILL_API_TOKENS: 'made when the service starts',
  WAYBILL_CALLBACK_KEYS: 'later:made when the service starts',
  WAYBILL_PUBLIC_URL: 'http://127.0.0.1',
};
const SIMULATED: Env = {
  TENCENTCLOUD_SECRET_ID: 'of the simulator',
  TENCENTCLOUD_SECRET_KEY: 'of the simulator',
};

/** An empty variable counts as not set. */
const present = (env: Env): Env =>
  Object.fromEntries(Object.entries(env).filter(([, value]) => value?.trim()));

function service(env: Env): Omit<Settings, 'simulated'> {
  const from = createEnvReader(env);
  const settings = {
    folder: resolve(from.optional('WAYBILL_DATA') ?? './data'),
    host: from.optional('WAYBILL_HOST') ?? '127.0.0.1',
    port: from.integer('PORT', 8787, 0, 65_535),
    pumpConcurrency: from.integer('WAYBILL_PUMP_CONCURRENCY', 4, 1, 64),
    settleMs: 1_000 * from.integer('WAYBILL_SETTLE_SECONDS', 60, 0, 86_400),
    sweepMs: 1_000 * from.integer('WAYBILL_SWEEP_SECONDS', 300, 1, 86_400),
  };
  from.done();
  return settings;
}

/**
 * Adds the variables of a file to `env` where they are not set; no file, no variables.
 * @throws ConfigError (CONFIG_INVALID, the file's name) when it is there and can't be read
 */
export function addEnvFile(env: NodeJS.ProcessEnv, path: string): void {
  if (!existsSync(path)) return;
  try {
    addMissing(env, parseEnv(readFileSync(path, 'utf8')));
  } catch (error) {
    const reason = error instanceof Error ? error.message : String(error);
    throw new ConfigError([{ path, message: `can't be read: ${reason}` }]);
  }
}

/** Sets what is not set yet; the environment that is there wins. */
export function addMissing(env: NodeJS.ProcessEnv, values: Env): void {
  for (const [name, value] of Object.entries(values)) {
    if (value !== undefined && !env[name]?.trim()) env[name] = value;
  }
}
