import { expect, it } from 'vitest';
import type { Credentials } from '../../../../../shared/lib/api-request.ts';
import { createAccounts } from '../../../../../shared/providers/tencent/accounts.ts';
import { openCredentialSets } from '../../../../../shared/stores/credential-sets.ts';
import { documentOf } from '../../../../fixtures/credential-sets.ts';

const OWN = { secretId: 'own', secretKey: 'own' };

function open(sets: object) {
  const content = { sets };
  let version = 0;
  const document = {
    ...documentOf({}),
    text: () => JSON.stringify(content.sets),
    version: () => version,
  };
  const connected: string[] = [];
  const connect = (credentials: Credentials): Credentials => {
    connected.push(credentials.secretId);
    return credentials;
  };
  const change = (changed: object): void => {
    content.sets = changed;
    version += 1;
  };
  const accountOf = createAccounts({ sets: openCredentialSets(document), own: OWN, connect });
  return { accountOf, change, connected };
}

const target = (bucket: string, credentials?: string) => ({
  region: 'ap-shanghai',
  bucket,
  ...(credentials !== undefined && { credentials }),
});
const set = (secretId: string, appId?: string) => ({
  secretId,
  secretKey: 's',
  ...(appId && { appId }),
});

it("chooses the named set, then that of the bucket's APPID, then the configured keys", async () => {
  const { accountOf } = open({ a: set('A', '1250000000'), b: set('B') });
  const ids = [
    target('x-1250000000'),
    target('x-1250000000', 'b'),
    target('x-1260000000'),
    target('1250000000-1260000000'),
  ].map(async (place) => (await accountOf(place)).secretId);
  expect(await Promise.all(ids)).toEqual(['A', 'B', 'own', 'own']);
});

it('is opened once per key, and signs with a secret that was renewed', async () => {
  const { accountOf, change, connected } = open({ a: set('A', '1250000000') });
  const account = await accountOf(target('x-1250000000'));
  change({ a: { ...set('A', '1250000000'), secretKey: 'new', securityToken: 'token' } });
  expect(await accountOf(target('y-1250000000'))).toBe(account);
  expect(account).toEqual({ secretId: 'A', secretKey: 'new', securityToken: 'token' });
  change({ a: set('B', '1250000000') });
  expect((await accountOf(target('y-1250000000'))).secretId).toBe('B');
  expect(connected).toEqual(['A', 'B']);
});

it('refuses the name of a set of another kind', async () => {
  const { accountOf } = open({ a: { accessKeyId: 'A', secretAccessKey: 's' } });
  await expect(accountOf(target('x-1250000000', 'a'))).rejects.toMatchObject({
    code: 'NOT_FOUND',
    errors: [{ path: 'credentials', message: expect.stringContaining('Tencent Cloud account') }],
  });
});
