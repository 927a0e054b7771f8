/** Credential sets by name: those of a document, and the one of the environment. */
import { ConfigError, InputError, type InputFault } from '../lib/errors.ts';
import {
  type CredentialSet,
  type OmsSet,
  type SetKind,
  type Sets,
  schemaOf,
} from './credential-kinds.ts';
import { type Document, follow, parseNamed } from './documents.ts';

export interface CredentialsConfig {
  /** Path of the file with named sets. */
  readonly file?: string;
  /** Names the secret with named sets, in place of a file. */
  readonly secret?: string;
  /** From the environment, where any of its variables is set. */
  readonly fromEnv?: OmsSet;
}

/** The secret store as functions see it. */
export interface CredentialSets {
  /**
   * @throws InputError (NOT_FOUND, path `credentials`) when there is no set of this name and kind;
   * StoreError (STORE_FAILED) when the store can't be read
   */
  get<Kind extends SetKind>(kind: Kind, name: string): Promise<Sets[Kind]>;
  /** The set for OMS tasks of a source bucket; undefined when none names it. */
  forBucket(bucket: string): Promise<string | undefined>;
  /** The set of the Tencent account with this APPID; undefined when none names it. */
  forAppId(appId: string): Promise<string | undefined>;
}

export const DEFAULT_SET = 'default';

export const EXPECTED_SETS = 'a JSON object of named sets';

type NamedSets = Readonly<Record<string, CredentialSet>>;

/** @throws ConfigError (CONFIG_INVALID) with every fault, at document and field, never a value */
export function openCredentialSets(
  document: Document | undefined,
  fromEnv?: OmsSet,
): CredentialSets {
  const own: NamedSets = fromEnv ? { [DEFAULT_SET]: { kind: 'oms', keys: fromEnv } } : {};
  if (!document)
    return createCredentialSets(
      () => own,
      async () => false,
    );
  const sets = follow([document], () => ({
    ...parseSets(document, fromEnv !== undefined),
    ...own,
  }));
  let version = document.version();
  return createCredentialSets(sets, async () => {
    const isRenewed = await document.renew(version);
    version = document.version();
    return isRenewed;
  });
}

/** The sets of a document. @throws ConfigError (CONFIG_INVALID) */
export function parseSets(document: Document, isDefaultTaken = false): NamedSets {
  const { path, variable } = document;
  const sets = parseNamed(document, {
    expected: EXPECTED_SETS,
    one: 'a credential set',
    schema: schemaOf,
  });
  const faults: InputFault[] = [];
  if (isDefaultTaken && Object.hasOwn(sets, DEFAULT_SET)) {
    const message = `has a set "${DEFAULT_SET}", and the OMS_* variables set it too; expected only one of them`;
    faults.push({ path: variable, message });
  }
  const owners = new Map<string, string>();
  for (const [name, set] of Object.entries(sets)) {
    for (const [field, value] of claimsOf(set)) {
      const owner = owners.get(`${field} ${value}`) ?? name;
      owners.set(`${field} ${value}`, owner);
      const what = field === 'appId' ? 'another APPID than' : 'no bucket of';
      if (owner !== name) {
        faults.push({
          path: `${path}: ${name}.${field}`,
          message: `expected ${what} set "${owner}"`,
        });
      }
    }
  }
  if (faults.length > 0) throw new ConfigError(faults);
  return sets;
}

type Claim = readonly [field: 'sourceBuckets' | 'appId', value: string];

/** What only one set may be chosen by. */
function claimsOf(set: CredentialSet): readonly Claim[] {
  if (set.kind === 'oms') {
    return (set.keys.sourceBuckets ?? []).map((bucket): Claim => ['sourceBuckets', bucket]);
  }
  const appId = set.kind === 'tencent' ? set.keys.appId : undefined;
  return appId === undefined ? [] : [['appId', appId]];
}

function createCredentialSets(
  sets: () => NamedSets,
  renew: () => Promise<boolean>,
): CredentialSets {
  const find = (kind: SetKind, name: string): CredentialSet | undefined => {
    const all = sets();
    const found = Object.hasOwn(all, name) ? all[name] : undefined;
    return found?.kind === kind ? found : undefined;
  };
  const claimant = async (...[field, value]: Claim): Promise<string | undefined> =>
    Object.entries(sets()).find(([, set]) =>
      claimsOf(set).some((claim) => claim[0] === field && claim[1] === value),
    )?.[0];
  return {
    async get<Kind extends SetKind>(kind: Kind, name: string) {
      // It may have been added since.
      const found = find(kind, name) ?? ((await renew()) ? find(kind, name) : undefined);
      if (found) return found.keys as Sets[Kind];
      throw unknownSet(kind, name);
    },
    forBucket: (bucket) => claimant('sourceBuckets', bucket),
    forAppId: (appId) => claimant('appId', appId),
  };
}

const KIND_WORDS: Readonly<Record<SetKind, string>> = {
  oms: 'for OMS',
  tencent: 'of a Tencent Cloud account',
  source: 'of a source',
};

function unknownSet(kind: SetKind, name: string): InputError {
  const isOwn = kind === 'oms' && name === DEFAULT_SET;
  const message = isOwn
    ? 'expected a set of this name: set OMS_DST_AK and OMS_DST_SK, or WAYBILL_CREDENTIALS_FILE'
    : `expected the name of a set ${KIND_WORDS[kind]} in WAYBILL_CREDENTIALS_FILE`;
  return new InputError('NOT_FOUND', `There is no credential set ${JSON.stringify(name)}.`, [
    { path: 'credentials', message },
  ]);
}
