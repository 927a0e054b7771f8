import { randomUUID } from 'node:crypto';
import { afterAll, beforeAll, expect, it } from 'vitest';
import { type AwsCall, createJsonApi, SECRETS_MANAGER } from '../../shared/stores/aws/json-api.ts';
import { createSecretReader } from '../../shared/stores/aws/secrets-manager.ts';
import { openCredentialSets } from '../../shared/stores/credential-sets.ts';
import { openSecret } from '../../shared/stores/documents.ts';
import { openSecrets } from '../../shared/stores/secrets.ts';
import { credentialsContract } from '../contract/credentials.ts';
import { type AwsEmulator, startMinistack } from '../fixtures/emulators.ts';

let ministack: AwsEmulator;
let call: AwsCall;
beforeAll(async () => {
  ministack = await startMinistack();
  call = createJsonApi({ service: SECRETS_MANAGER, config: ministack.config });
});
afterAll(() => ministack.stop());

it('reads secrets by name, and their new values after a refused key', async () => {
  await call('CreateSecret', { Name: 'waybill/a/tencent', SecretString: '{"K":"one"}' });
  const read = createSecretReader(call);
  const secrets = await openSecrets({ ids: ['waybill/a/tencent'], read });
  expect(secrets.variables()).toEqual({ K: 'one' });
  await call('PutSecretValue', { SecretId: 'waybill/a/tencent', SecretString: '{"K":"two"}' });
  expect(await secrets.renew(0)).toBe(true);
  expect(secrets.variables()).toEqual({ K: 'two' });
});

it('names the secret that is not there, or holds no text', async () => {
  const read = createSecretReader(call);
  await expect(read('waybill/a/none')).rejects.toMatchObject({
    code: 'CONFIG_INVALID',
    faults: [{ path: 'secret waybill/a/none', message: expect.stringMatching(/^expected/) }],
  });
  await call('CreateSecret', { Name: 'binary', SecretBinary: 'AAEC' });
  await expect(read('binary')).rejects.toMatchObject({ faults: [{ path: 'secret binary' }] });
});

credentialsContract('Secrets Manager', async (document, fromEnv) => {
  const id = `waybill/sets/${randomUUID()}`;
  await call('CreateSecret', { Name: id, SecretString: document });
  const secrets = await openSecrets({ ids: [], documents: [id], read: createSecretReader(call) });
  return openCredentialSets(openSecret(secrets, id, 'WAYBILL_CREDENTIALS_SECRET'), fromEnv);
});
