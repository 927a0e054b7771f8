import { describe, expect, it } from 'vitest';
import type { TransferUpdate } from '../../../../../shared/ledger/model.ts';
import { countOpen, isStuck } from '../../../../../shared/runs/reconcile/stuck.ts';
import { newRun, newShard } from '../../../../contract/ledger.ts';
import { openStores } from '../../../../fixtures/stores.ts';

const START = new Date('2026-11-20T02:00:00Z');
const hours = (count: number) => new Date(START.getTime() + 3_600_000 * count);

/** A run of `planned` shards, the first of them opened at START, with one row each. */
async function setup(rows: readonly Partial<TransferUpdate>[], planned = 1) {
  const { ledger } = openStores();
  await ledger.openRun({ ...newRun('r1'), createdAt: START });
  await ledger.openShard(newShard('r1'), { owner: 'w', at: START, leaseMs: 1 });
  for (const [line, row] of rows.entries()) {
    const known = { state: 'submitted', attempt: 1, accepted: [`1:t${line}`], at: START } as const;
    await ledger.record(`r1.0.${line}`, { ...known, event: 'accepted', ...row });
  }
  await ledger.activateRun('r1', { shardCount: planned, sizeBytes: 100 * planned });
  const look = async (at: Date) => {
    const run = await ledger.run('r1');
    if (!run) throw new Error('there is no run');
    const shards = await Array.fromAsync(ledger.shards('r1'));
    const stuck = await isStuck(run, shards, {
      ledger,
      stuckAfterMs: 6 * 3_600_000,
      now: () => at,
    });
    return { stuck, open: countOpen(shards) };
  };
  return { ledger, look };
}

describe('a run stands still', () => {
  it('when nothing was heard of it for so long', async () => {
    const { look } = await setup([{}, { state: 'succeeded', event: 'callback' }]);
    expect(await look(hours(5.9))).toEqual({ stuck: false, open: 1 });
    expect(await look(hours(6.1))).toEqual({ stuck: true, open: 1 });
  });

  it('but not while one of its transfers is heard of', async () => {
    const { look } = await setup([{}, { at: hours(3) }]);
    expect(await look(hours(6.1))).toMatchObject({ stuck: false });
    expect(await look(hours(9.1))).toMatchObject({ stuck: true });
  });

  it('but not while a shard of it is worked on', async () => {
    const { ledger, look } = await setup([{}]);
    await ledger.openShard(newShard('r1'), { owner: 'w2', at: hours(6), leaseMs: 60_000 });
    expect(await look(hours(7))).toMatchObject({ stuck: false });
  });

  it('also when some of its shards were never begun', async () => {
    const { look } = await setup([{}], 2);
    expect(await look(hours(5.9))).toMatchObject({ stuck: false });
    expect(await look(hours(6.1))).toMatchObject({ stuck: true });
  });
});
