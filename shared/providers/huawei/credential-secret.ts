/**
 * Reads named credential sets from one Secrets Manager document, again whenever the secret is
 * renewed.
 */
import type { Secrets } from '../../stores/secrets.ts';
import { parseSets } from './credential-file.ts';
import {
  type CredentialSet,
  type CredentialSets,
  createCredentialSets,
  DEFAULT_SET,
} from './credential-sets.ts';

/**
 * @param fromEnv the set `default`, where the document has none
 * @throws ConfigError (CONFIG_INVALID) that names document and field, never a value
 */
export function createSecretSets(
  secrets: Secrets,
  id: string,
  fromEnv: CredentialSet | undefined,
): CredentialSets {
  const parse = (): CredentialSets =>
    createCredentialSets({
      ...(fromEnv && { [DEFAULT_SET]: fromEnv }),
      ...parseSets(secrets.sets() ?? '{}', `secret ${id}`, 'WAYBILL_CREDENTIALS_SECRET'),
    });
  let sets = parse();
  let version = secrets.version();
  const current = (): CredentialSets => {
    if (secrets.version() === version) return sets;
    sets = parse();
    version = secrets.version();
    return sets;
  };
  return {
    async get(name) {
      try {
        return await current().get(name);
      } catch (error) {
        // It may have been added since.
        if (await secrets.renew(version)) return current().get(name);
        throw error;
      }
    },
    forBucket: (bucket) => current().forBucket(bucket),
  };
}
