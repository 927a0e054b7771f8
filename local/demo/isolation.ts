/**
 * Isolates a demo from real work: its own folder, its own settings, and no settings of another
 * demo.
 */
import { mkdirSync, rmSync } from 'node:fs';
import { lockFolder } from '../lock.ts';

/**
 * Empties the folder of an earlier demo.
 * @throws ConfigError (CONFIG_INVALID) when a demo is still running there, or it can't be written
 */
export function freshFolder(folder: string): void {
  lockFolder(folder).release();
  rmSync(folder, { recursive: true, force: true });
  mkdirSync(folder, { recursive: true });
}

const OURS = /^(?:WAYBILL|TENCENTCLOUD|HUAWEICLOUD|OMS)_|^(?:PORT|LOG_LEVEL)$/;

/**
 * Lets only `values` count in this process, and moves it to a folder without an `.env`: a ledger, an
 * address or a key pair that is set for real work stays out.
 */
export function isolate(
  env: NodeJS.ProcessEnv,
  values: Readonly<Record<string, string>>,
  folder: string,
): void {
  for (const name of Object.keys(env)) if (OURS.test(name)) delete env[name];
  Object.assign(env, values);
  process.chdir(folder);
}
