/** Several workers with one key, in virtual time over a real ledger's rules. */
import { expect, it } from 'vitest';
import { ProviderError, StoreError } from '../../../../shared/lib/errors.ts';
import { createBreaker } from '../../../../shared/limits/breaker.ts';
import { createLimiter } from '../../../../shared/limits/limiter.ts';
import { noteState, readStatus, watchStatus } from '../../../../shared/limits/status.ts';
import { plainCalls } from '../../../fixtures/calls.ts';
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
    const state = noteState(ledger, 'ak', now);
    const limiter = createLimiter({ requestsPerSecond: 1e6, inFlight: 4 });
    const breaker = plainCalls(limiter, createBreaker({ state, now, wait }));
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

it('keeps no key in the ledger, and what is known of one beside the status of the APIs', async () => {
  const { ledger, open } = setup();
  await watchStatus({ api: 'cos-fetch', ledger })(async () => {});
  await outcomes([open()()]);
  await watchStatus({ api: 'oms cn-north-4', ledger })(async () => {});
  const note = JSON.parse((await ledger.readNote('health'))?.text ?? '') as { keys: object };
  expect(Object.keys(note.keys)).toEqual([expect.stringMatching(/^[0-9a-f]{32}$/)]);
  expect(Object.values(note.keys)).toMatchObject([{ refusals: 1 }]);
  expect(await readStatus(ledger)).toHaveLength(2);
});

it('an answer stands though it can’t be noted', async () => {
  const { ledger, provider } = setup();
  provider.isGood = true;
  const gone = () => Promise.reject(new StoreError('gone'));
  const state = { ...noteState(ledger, 'ak'), update: gone, drop: gone };
  const limiter = createLimiter({ requestsPerSecond: 1e6, inFlight: 4 });
  const { run } = plainCalls(limiter, createBreaker({ state }));
  expect(await run(async () => 'answer')).toBe('answer');
});
