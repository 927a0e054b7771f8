/**
 * The embedded secret store for credential sets: the `OMS_*` variables as the set `default`, and a
 * JSON file of named sets.
 */
import { readFileSync } from 'node:fs';
import * as v from 'valibot';
import { decodeText, withoutMark } from '../../lib/decode-text.ts';
import { ConfigError, type InputFault } from '../../lib/errors.ts';
import { isRecord } from '../../lib/values.ts';
import {
  type CredentialSet,
  type CredentialSets,
  createCredentialSets,
  credentialSets,
  DEFAULT_SET,
} from './credential-sets.ts';

export interface CredentialsConfig {
  /** Path of the file with named sets. */
  readonly file?: string;
  /** Names the secret with named sets, in place of a file. */
  readonly secret?: string;
  /** From the environment, where any of its variables is set. */
  readonly fromEnv?: CredentialSet;
}

/** @throws ConfigError (CONFIG_INVALID) that names file and field, never a value */
export function openCredentialSets({ file, fromEnv }: CredentialsConfig): CredentialSets {
  const named = file === undefined ? {} : readSets(file);
  if (fromEnv && Object.hasOwn(named, DEFAULT_SET)) {
    const message = `has a set "${DEFAULT_SET}", and the OMS_* variables set it too; expected only one of them`;
    throw new ConfigError([{ path: 'WAYBILL_CREDENTIALS_FILE', message }]);
  }
  return createCredentialSets({ ...named, ...(fromEnv && { [DEFAULT_SET]: fromEnv }) });
}

function readSets(path: string): Readonly<Record<string, CredentialSet>> {
  let bytes: Buffer;
  try {
    bytes = readFileSync(path);
  } catch (error) {
    const code = (error as NodeJS.ErrnoException).code;
    const message = `${path} can't be read (${code}); expected a JSON object of named sets`;
    throw new ConfigError([{ path: 'WAYBILL_CREDENTIALS_FILE', message }]);
  }
  const decoded = decodeText(bytes);
  if ('fault' in decoded) {
    const message = `${path}: ${decoded.fault}`;
    throw new ConfigError([{ path: 'WAYBILL_CREDENTIALS_FILE', message }]);
  }
  return parseSets(decoded.text, path, 'WAYBILL_CREDENTIALS_FILE');
}

/**
 * The sets of a JSON document.
 * @param path names the document in faults, `variable` is who names the path
 * @throws ConfigError (CONFIG_INVALID) that names document and field, never a value
 */
export function parseSets(
  text: string,
  path: string,
  variable: string,
): Readonly<Record<string, CredentialSet>> {
  const fault = (message: string, at = variable): InputFault => ({ path: at, message });
  let parsed: unknown;
  try {
    parsed = JSON.parse(withoutMark(text));
  } catch {
    // What JSON.parse says quotes the document.
    throw new ConfigError([fault(`${path} is not JSON; expected a JSON object of named sets`)]);
  }
  if (!isRecord(parsed)) {
    throw new ConfigError([fault('expected a JSON object of named sets', `${path}: (whole)`)]);
  }
  const result = v.safeParse(credentialSets, parsed);
  if (!result.success) {
    throw new ConfigError(
      result.issues.map((issue) =>
        fault(
          // A message of the library's own quotes what it found.
          issue.message.startsWith('expected')
            ? issue.message
            : 'is not a field of a credential set, or not of its type',
          `${path}: ${v.getDotPath(issue) ?? '(whole)'}`,
        ),
      ),
    );
  }
  const sets = result.output as Readonly<Record<string, CredentialSet>>;
  // The library leaves out names that every object has.
  const lost = Object.keys(parsed).find((name) => !Object.hasOwn(sets, name));
  if (lost !== undefined)
    throw new ConfigError([fault('expected another name', `${path}: ${lost}`)]);
  const named = new Map<string, string>();
  for (const [name, { sourceBuckets = [] }] of Object.entries(sets)) {
    for (const bucket of sourceBuckets) {
      const other = named.get(bucket);
      if (other !== undefined && other !== name) {
        const message = `expected no bucket of set "${other}"`;
        throw new ConfigError([fault(message, `${path}: ${name}.sourceBuckets`)]);
      }
      named.set(bucket, name);
    }
  }
  return sets;
}
