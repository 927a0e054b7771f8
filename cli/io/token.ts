/** The address of the service and the token for it. */
import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { withoutMark } from '../../shared/lib/decode-text.ts';
import { CommandFailure, EXIT } from './failure.ts';

export type Env = Readonly<Record<string, string | undefined>>;

export interface Token {
  readonly value: string;
  /** Where it was found, for messages. */
  readonly from: string;
}

/**
 * Reads the base address, without a slash at its end.
 * @param given by `--url`; the environment follows
 * @throws CommandFailure (usage) when it is no http address, or holds a password
 */
export function readAddress(given: string | undefined, env: Env): string {
  const [name, text] =
    given === undefined
      ? (['WAYBILL_URL', env['WAYBILL_URL']?.trim() || 'http://127.0.0.1:8787'] as const)
      : (['--url', given] as const);
  const url = URL.parse(text);
  const todo = 'Write it like http://127.0.0.1:8787';
  if (!url || !['http:', 'https:'].includes(url.protocol)) {
    throw new CommandFailure(`${name}: expected an address, not ${text}`, todo, EXIT.usage);
  }
  // Not quoted: it may hold a password.
  if (url.username || url.password || url.search || url.hash) {
    const wrong = 'without user, password, query or fragment';
    throw new CommandFailure(`${name}: expected an address ${wrong}`, todo, EXIT.usage);
  }
  return url.href.replace(/\/+$/, '');
}

export const isThisMachine = (address: string): boolean =>
  /^(localhost|127(\.\d+){3}|\[::1\])$/.test(new URL(address).hostname);

/** Where a service on this machine keeps the token that it made for itself. */
export const localSecrets = (env: Env): string =>
  join(env['WAYBILL_DATA']?.trim() || './data', 'secrets.json');

/**
 * Takes `WAYBILL_TOKEN`, else the token of a service on this machine, which goes nowhere else.
 * @throws CommandFailure (usage) when there is one that can't be used
 */
export function findToken(address: string, env: Env): Token | undefined {
  const given = env['WAYBILL_TOKEN']?.trim();
  if (given) return checkToken(given, 'WAYBILL_TOKEN');
  return isThisMachine(address) ? localToken(localSecrets(env)) : undefined;
}

/** @throws CommandFailure (usage) when no header could carry it */
export function checkToken(value: string, from: string): Token {
  if (/^[\x21-\x7e]+$/.test(value)) return { value, from };
  const expected = 'expected printable ASCII characters without blanks';
  throw new CommandFailure(`${from}: ${expected}`, 'Copy the token again', EXIT.usage);
}

function localToken(path: string): Token | undefined {
  let text: string;
  try {
    text = readFileSync(path, 'utf8');
  } catch (error) {
    const { code } = error as NodeJS.ErrnoException;
    if (code === 'ENOENT' || code === 'ENOTDIR') return undefined;
    const todo = "Run as the service's user, or set WAYBILL_TOKEN";
    throw new CommandFailure(`${path} can't be read (${code})`, todo, EXIT.usage, error);
  }
  try {
    const { apiToken } = JSON.parse(withoutMark(text));
    if (typeof apiToken === 'string' && apiToken !== '') return { value: apiToken, from: path };
  } catch {
    // Said below: the content itself must not be shown.
  }
  const what = `${path} is damaged: expected an apiToken in it`;
  throw new CommandFailure(what, 'Set WAYBILL_TOKEN, or restart the service', EXIT.usage);
}
