import { expect, it } from 'vitest';
import { createTurns } from '../../../../../shared/limits/rate/turns.ts';

/** Turns that come when the test says so. */
function setup() {
  const coming: PromiseWithResolvers<void>[] = [];
  let givenBack = 0;
  const turn = createTurns(
    () => {
      const next = Promise.withResolvers<void>();
      coming.push(next);
      return next.promise;
    },
    () => {
      givenBack += 1;
    },
  );
  const settle = () => new Promise<void>((done) => setImmediate(done));
  const come = async () => {
    coming.shift()?.resolve();
    await settle();
  };
  return { come, coming, settle, turn, givenBack: () => givenBack };
}

it('gives the turn of one who was aborted to the next in line', async () => {
  const { come, givenBack, turn } = setup();
  const aborting = new AbortController();
  const served: string[] = [];
  const dropped = turn(aborting.signal).catch((reason: unknown) => reason);
  const next = turn().then(() => served.push('next'));
  aborting.abort('over');
  expect(await dropped).toBe('over');
  await come();
  await next;
  expect([served, givenBack()]).toEqual([['next'], 0]);
});

it('takes a turn back that nobody is left for, and serves whoever comes later', async () => {
  const { come, coming, givenBack, turn } = setup();
  const aborting = new AbortController();
  const dropped = turn(aborting.signal).catch((reason: unknown) => reason);
  aborting.abort('over');
  await dropped;
  await come();
  expect([givenBack(), coming.length]).toEqual([1, 0]);
  const later = turn();
  await come();
  await expect(later).resolves.toBeUndefined();
});

it('lets nobody in line who is aborted already', async () => {
  const { coming, turn } = setup();
  await expect(turn(AbortSignal.abort('over'))).rejects.toBe('over');
  expect(coming).toEqual([]);
});

it('tells all who wait when no turn can come, and starts anew', async () => {
  const { come, coming, settle, turn } = setup();
  const waiting = [turn(), turn(undefined, 'other')];
  const told = Promise.allSettled(waiting);
  const failure = new Error('the ledger is away');
  coming.shift()?.reject(failure);
  expect(await told).toEqual(waiting.map(() => ({ status: 'rejected', reason: failure })));
  await settle();
  const later = turn();
  await come();
  await expect(later).resolves.toBeUndefined();
});
