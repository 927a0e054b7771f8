import { afterEach, beforeEach, expect, it, vi } from 'vitest';
import type { Acceptance } from '../../../../shared/ledger/model.ts';
import { createPacks } from '../../../../shared/ledger/packs.ts';
import { newShard } from '../../../contract/ledger.ts';

beforeEach(() => vi.useFakeTimers());
afterEach(() => void vi.useRealTimers());

const accepted = (line: number): Acceptance => ({ line, id: `t${line}`, at: new Date(7) });

/** A ledger that wants blocks of four lines after ten seconds, and fails while `error` is set. */
function setup(limits: { lines: number; ms: number } | undefined = { lines: 4, ms: 10_000 }) {
  const written: string[] = [];
  const state: { error?: Error } = {};
  const packs = createPacks(
    {
      ...(limits && { packs: limits }),
      async accept(_shard, pack) {
        if (state.error) throw state.error;
        written.push(pack.map(({ line }) => line).join());
      },
    },
    newShard('r1'),
  );
  const add = async (...lines: readonly number[]) => {
    for (const line of lines) await packs.add(accepted(line));
  };
  return { add, packs, state, written };
}

it('writes each acceptance by itself where the ledger packs none', async () => {
  const written: (readonly Acceptance[])[] = [];
  const accept = async (_shard: unknown, pack: readonly Acceptance[]) => void written.push(pack);
  const packs = createPacks({ accept }, newShard('r1'));
  for (const line of [0, 1]) await packs.add(accepted(line));
  expect(written).toEqual([[accepted(0)], [accepted(1)]]);
  expect(packs.heldFrom()).toBe(Number.POSITIVE_INFINITY);
});

it('writes a block that is full, and one that is left behind', async () => {
  const { add, packs, written } = setup();
  await add(1, 4, 0, 3, 2);
  expect(written).toEqual(['1,0,3,2']);
  await add(5, 8, 9);
  expect([written.length, packs.heldFrom()]).toEqual([1, 4]);
  await add(12);
  await packs.flush();
  expect(written).toEqual(['1,0,3,2', '4,5', '8,9', '12']);
  expect(packs.heldFrom()).toBe(Number.POSITIVE_INFINITY);
});

it('writes what is held after its time, and what comes later after its own', async () => {
  const { add, written } = setup();
  await add(1);
  await vi.advanceTimersByTimeAsync(9_999);
  expect(written).toEqual([]);
  await vi.advanceTimersByTimeAsync(1);
  expect(written).toEqual(['1']);
  await add(2);
  await vi.advanceTimersByTimeAsync(10_000);
  expect(written).toEqual(['1', '2']);
  expect(vi.getTimerCount()).toBe(0);
});

it('tells whoever adds next that a pack could not be written, and writes it when asked again', async () => {
  const { add, packs, state, written } = setup();
  await add(1);
  state.error = new Error('no table');
  await vi.advanceTimersByTimeAsync(10_000);
  await expect(add(2)).rejects.toThrow('no table');
  await expect(packs.flush()).rejects.toThrow('no table');
  expect(packs.heldFrom()).toBe(1);
  delete state.error;
  await packs.flush();
  expect(written).toEqual(['1']);
  expect(vi.getTimerCount()).toBe(0);
});
