/**
 * Creates the secrets that are not configured: callback keys, which must survive a restart, and an
 * API token, which the command line on the same machine reads.
 */
import { randomBytes } from 'node:crypto';
import { existsSync, readFileSync, renameSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { withoutMark } from '../shared/lib/decode-text.ts';
import { ConfigError } from '../shared/lib/errors.ts';

export const secretsPath = (folder: string): string => join(folder, 'secrets.json');

/**
 * Reads the folder's secrets, made on first use; only the file's owner may read them.
 * @throws ConfigError (CONFIG_INVALID) when the file is damaged
 */
export function openSecrets(folder: string) {
  const path = secretsPath(folder);
  if (!existsSync(path)) {
    const made = {
      apiToken: randomBytes(24).toString('base64url'),
      /** As `WAYBILL_CALLBACK_KEYS`. */
      callbackKeys: `k1:${randomBytes(32).toString('base64url')}`,
    };
    // Whole or not at all: a half-written file would have to be repaired by hand.
    writeFileSync(`${path}.new`, `${JSON.stringify(made, null, 2)}\n`, { mode: 0o600 });
    renameSync(`${path}.new`, path);
    return made;
  }
  try {
    const { apiToken, callbackKeys } = JSON.parse(withoutMark(readFileSync(path, 'utf8')));
    if (typeof apiToken === 'string' && typeof callbackKeys === 'string') {
      return { apiToken, callbackKeys };
    }
  } catch {
    // Said below: the content itself must not be shown.
  }
  const message = `${path} is damaged; restore it, or remove it to make new secrets (the sweeper then polls for the outcomes of pending callbacks)`;
  throw new ConfigError([{ path: 'secrets.json', message }]);
}
