/**
 * Chooses the account that calls for a target are signed by: the credential set that its request named,
 * else the one with the APPID at the end of the bucket's name, else the configured key pair.
 */
import type { Target } from '../../ledger/manifest-lines.ts';
import type { Credentials } from '../../lib/api-request.ts';
import type { TencentSet } from '../../stores/credential-kinds.ts';
import type { CredentialSets } from '../../stores/credential-sets.ts';

/** @throws InputError (NOT_FOUND) when there is no set of the target's name; StoreError */
export type AccountOf<Account> = (target: Target) => Promise<Account>;

interface AccountsOptions<Account> {
  readonly sets: Pick<CredentialSets, 'forAppId' | 'get'>;
  /** Of the configured key pair. */
  readonly own: Account;
  /**
   * Signs with what `credentials` hold at that moment.
   * @param set the set that they are of
   */
  readonly connect: (credentials: Credentials, set: TencentSet, name: string) => Account;
}

export function createAccounts<Account>(options: AccountsOptions<Account>): AccountOf<Account> {
  const { connect, own, sets } = options;
  const opened = new Map<string, { readonly keys: Credentials; readonly account: Account }>();
  return async ({ bucket, credentials }) => {
    const name = credentials ?? (await sets.forAppId(bucket.slice(bucket.lastIndexOf('-') + 1)));
    if (name === undefined) return own;
    const set = await sets.get('tencent', name);
    const { secretId, secretKey, securityToken = '' } = set;
    const known = opened.get(secretId);
    // A secret or token may have been renewed, which is no other key.
    if (known) {
      Object.assign(known.keys, { secretKey, securityToken });
      return known.account;
    }
    const keys = { secretId, secretKey, securityToken };
    const account = connect(keys, set, name);
    opened.set(secretId, { keys, account });
    return account;
  };
}
