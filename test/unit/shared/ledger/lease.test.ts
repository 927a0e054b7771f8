import { afterEach, expect, it, vi } from 'vitest';
import { tryLease, withLease } from '../../../../shared/ledger/lease.ts';
import { openStores } from '../../../fixtures/stores.ts';

const now = () => new Date();

afterEach(() => {
  vi.useRealTimers();
});

it('keeps a name for as long as the work goes on, and gives it back however that ends', async () => {
  vi.useFakeTimers({ toFake: ['Date', 'setInterval', 'clearInterval'] });
  const { ledger } = openStores();
  const ends: Promise<unknown>[] = [];
  const takenByOther = () =>
    ledger.takeLease('run r1', { owner: 'other', at: now(), leaseMs: 1_000 });
  const outcomes = [async () => 'done', () => Promise.reject(new Error('it failed'))];
  for (const outcome of outcomes) {
    const work = withLease(ledger, 'run r1', now, async () => {
      for (let renewals = 0; renewals < 10; renewals += 1) {
        vi.advanceTimersByTime(30_000);
        expect(await takenByOther()).toBe(false);
      }
      await expect(withLease(ledger, 'run r1', now, outcome)).rejects.toMatchObject({
        code: 'SHARD_LEASED',
      });
      expect(await tryLease(ledger, 'run r1', now, outcome)).toBeUndefined();
      return outcome();
    });
    ends.push(work.catch((error: Error) => error.message));
    await ends.at(-1);
    expect(vi.getTimerCount()).toBe(0);
    expect(await takenByOther()).toBe(true);
    await ledger.dropLease('run r1', 'other');
  }
  expect(await Promise.all(ends)).toEqual(['done', 'it failed']);
});
