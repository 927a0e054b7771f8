/**
 * Creates the secrets that are not configured: keys of callbacks and certificates, which must survive a
 * restart, and an API token, which the command line on the same machine reads.
 */
import { generateKeyPairSync, randomBytes } from 'node:crypto';
import { existsSync, readFileSync, renameSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { withoutMark } from '../shared/lib/decode-text.ts';
import { ConfigError } from '../shared/lib/errors.ts';

export const secretsPath = (folder: string): string => join(folder, 'secrets.json');

/**
 * Reads the folder's secrets, made on first use; only the file's owner may read them.
 * @throws ConfigError (CONFIG_INVALID) when the file is damaged
 */
export function openSecrets(folder: string): Made {
  const path = secretsPath(folder);
  if (!existsSync(path)) return write(path, make());
  const found = read(path);
  // Earlier versions made fewer of them.
  if (found) return hasAll(found) ? found : write(path, { ...make(), ...found });
  const message = `${path} is damaged; restore it, or remove it to make new secrets (the sweeper then polls for the outcomes of pending callbacks)`;
  throw new ConfigError([{ path: 'secrets.json', message }]);
}

interface Made {
  readonly apiToken: string;
  /** As `WAYBILL_CALLBACK_KEYS`. */
  readonly callbackKeys: string;
  /** As `WAYBILL_CERTIFICATE_KEYS`. */
  readonly certificateKeys: string;
}

const make = (): Made => ({
  apiToken: randomBytes(24).toString('base64url'),
  callbackKeys: `k1:${randomBytes(32).toString('base64url')}`,
  certificateKeys: generateKeyPairSync('ed25519')
    .privateKey.export({ format: 'der', type: 'pkcs8' })
    .toString('base64'),
});

/** Whole or not at all: a half-written file would have to be repaired by hand. */
function write(path: string, made: Made): Made {
  writeFileSync(`${path}.new`, `${JSON.stringify(made, null, 2)}\n`, { mode: 0o600 });
  renameSync(`${path}.new`, path);
  return made;
}

const hasAll = (found: Partial<Made>): found is Made => found.certificateKeys !== undefined;

/** Undefined for a damaged file. */
function read(path: string): (Omit<Made, 'certificateKeys'> & Partial<Made>) | undefined {
  try {
    const made: Partial<Made> = JSON.parse(withoutMark(readFileSync(path, 'utf8')));
    const { apiToken, callbackKeys, certificateKeys } = made;
    if (typeof apiToken !== 'string' || typeof callbackKeys !== 'string') return undefined;
    const isKnown = typeof certificateKeys === 'string';
    return { apiToken, callbackKeys, ...(isKnown && { certificateKeys }) };
  } catch {
    // The content itself must not be shown.
    return undefined;
  }
}
