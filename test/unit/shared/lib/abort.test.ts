import { expect, it } from 'vitest';
import { unlessAborted } from '../../../../shared/lib/abort.ts';

const never = new Promise<never>(() => {});

it('gives what the work gives, and what it throws', async () => {
  const { signal } = new AbortController();
  expect(await unlessAborted(Promise.resolve(7), signal)).toBe(7);
  expect(await unlessAborted(Promise.resolve(7), undefined)).toBe(7);
  await expect(unlessAborted(Promise.reject(new Error('no')), signal)).rejects.toThrow('no');
});

it('throws the reason as soon as the signal aborts, or when it has', async () => {
  const aborting = new AbortController();
  const waiting = unlessAborted(never, aborting.signal);
  aborting.abort('over');
  await expect(waiting).rejects.toBe('over');
  await expect(unlessAborted(never, aborting.signal)).rejects.toBe('over');
});

it('leaves no failure of the work unheard after it, and no listener behind', async () => {
  const aborting = new AbortController();
  const work = Promise.withResolvers<void>();
  const waiting = unlessAborted(work.promise, aborting.signal);
  aborting.abort('over');
  await expect(waiting).rejects.toBe('over');
  // Unheard, it would fail this test run.
  work.reject(new Error('too late'));
  await new Promise((done) => setImmediate(done));

  const added: unknown[] = [];
  const { signal } = new AbortController();
  const [add, remove] = [signal.addEventListener, signal.removeEventListener];
  signal.addEventListener = (...given: Parameters<typeof add>) => {
    added.push(given[1]);
    add.apply(signal, given);
  };
  signal.removeEventListener = (...given: Parameters<typeof remove>) => {
    added.splice(added.indexOf(given[1]), 1);
    remove.apply(signal, given);
  };
  await unlessAborted(Promise.resolve(), signal);
  expect(added).toEqual([]);
});
