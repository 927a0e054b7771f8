/** Several workers with one key, in virtual time over a real ledger's rules. */
import { expect, it } from 'vitest';
import { ProviderError } from '../../../../shared/lib/errors.ts';
import {
  createCredentialBreaker,
  createRefusals,
} from '../../../../shared/limits/credential-breaker.ts';
import { createLimiter } from '../../../../shared/limits/limiter.ts';
import { createSharedBreaker } from '../../../../shared/limits/shared-breaker.ts';
import { openStores } from '../../../fixtures/stores.ts';

const refusal = () =>
  new ProviderError('refused', {
    provider: 'huawei',
    providerCode: 'APIGW.0301',
    status: 401,
    class: 'credentials',
  });

function setup() {
  const { ledger } = openStores();
  const clock = { at: Date.parse('2026-11-20T02:00:00Z') };
  const now = () => clock.at;
  const provider = { isGood: false, calls: 0, running: 0, most: 0 };
  const ask = async () => {
    provider.calls += 1;
    provider.running += 1;
    provider.most = Math.max(provider.most, provider.running);
    await new Promise<void>((resume) => setImmediate(resume));
    provider.running -= 1;
    if (!provider.isGood) throw refusal();
    return 'answer';
  };
  /** As each Lambda has it. */
  const open = () => {
    const wait = () => new Promise<void>((resume) => setImmediate(resume));
    const sharedBreaker = createSharedBreaker({ ledger, identity: 'ak', now, wait });
    const limiter = createLimiter({ requestsPerSecond: 1e6, inFlight: 4 });
    const breaker = createCredentialBreaker(
      limiter,
      createRefusals({ now: () => new Date(clock.at) }),
      { shared: sharedBreaker },
    );
    return () => breaker.run(ask);
  };
  return { clock, ledger, open, provider };
}
const outcomes = (calls: readonly Promise<unknown>[]) =>
  Promise.all(calls.map((call) => call.catch((error: { code: string }) => error.code)));

it('a wrong key is checked twice by ten workers together, one after the other', async () => {
  const { open, provider } = setup();
  const told = await outcomes(Array.from({ length: 10 }, () => open()()));
  expect(provider).toMatchObject({ calls: 2, most: 1 });
  expect(told.filter((code) => code === 'PROVIDER_REFUSED')).toHaveLength(2);
  expect(told.filter((code) => code === 'CREDENTIALS_REFUSED')).toHaveLength(8);
});

it('is tried once more after ten minutes, and barred again', async () => {
  const { clock, open, provider } = setup();
  await outcomes([open()(), open()(), open()()]);
  clock.at += 599_000;
  expect(await outcomes([open()()])).toEqual(['CREDENTIALS_REFUSED']);
  clock.at += 1_000;
  expect(await outcomes([open()(), open()(), open()()])).toEqual(
    expect.arrayContaining(['PROVIDER_REFUSED', 'CREDENTIALS_REFUSED']),
  );
  expect(provider.calls).toBe(3);
});

it('a good key is tried alone once, then by all', async () => {
  const { open, provider } = setup();
  provider.isGood = true;
  expect(await open()()).toBe('answer');
  await Promise.all(Array.from({ length: 10 }, () => open()()));
  expect(provider.most).toBe(10);
});

it('a key that was good ten minutes ago is tried alone again', async () => {
  const { clock, open, provider } = setup();
  provider.isGood = true;
  expect(await open()()).toBe('answer');
  provider.isGood = false;
  clock.at += 600_000;
  await outcomes(Array.from({ length: 10 }, () => open()()));
  expect(provider).toMatchObject({ calls: 3, most: 1 });
});

it('a mended key goes on once it is tried', async () => {
  const { clock, open, provider } = setup();
  await outcomes([open()(), open()()]);
  provider.isGood = true;
  clock.at += 600_000;
  expect(await outcomes([open()(), open()()])).toEqual(['answer', 'answer']);
});

it('keeps no key in the ledger', async () => {
  const { ledger, open } = setup();
  await outcomes([open()()]);
  expect(await ledger.readNote('key ak')).toBeUndefined();
});
