import { expect, it } from 'vitest';
import { createIntent } from '../../../../shared/ledger/intent.ts';
import type { TransferUpdate } from '../../../../shared/ledger/model.ts';
import { NO_TALLY } from '../../../../shared/stores/aws/dynamodb/rows.ts';
import { newRun, newShard } from '../../../contract/ledger.ts';
import { openStores } from '../../../fixtures/stores.ts';

const START = Date.parse('2026-11-20T02:00:00Z');
const LEASE_MS = 60_000;

/** A worker with a shard whose lines 0 and 1 stand there as `report` says. */
async function setup(report: Partial<TransferUpdate> = {}) {
  const { ledger } = openStores();
  const clock = { at: START };
  const now = () => new Date(clock.at);
  const shard = newShard('r1');
  const lease = (owner: string) => ({ owner, at: now(), leaseMs: LEASE_MS });
  await ledger.openRun(newRun('r1'));
  await ledger.activateRun('r1', { shardCount: 1, sizeBytes: 100 });
  await ledger.openShard(shard, lease('first'));
  await ledger.coverShard(shard, lease('first'), { through: 256, at: now() }, NO_TALLY);
  for (const line of [0, 1]) {
    const order = { state: 'planned', attempt: 2, accepted: [], event: 'ordered' } as const;
    await ledger.record(`r1.0.${line}`, { ...order, at: new Date(START + 20_000), ...report });
  }
  await ledger.releaseShard(shard, lease('first'));
  clock.at += 20_000;
  const opened = await ledger.openShard(shard, lease('w'));
  if (typeof opened === 'string') throw new Error(opened);
  const intent = createIntent({
    ledger,
    shard,
    opened,
    lease: { owner: 'w', leaseMs: LEASE_MS },
    watch: ledger.stops.watch('r1'),
    settleMs: 60_000,
    seen: () => NO_TALLY,
    now,
  });
  const asked: Date[] = [];
  const next = (line: number) => {
    const object = { url: `http://o.example/${line}`, key: `k${line}` };
    const transfer = { id: `r1.0.${line}`, line, target: shard.target, ...object };
    return intent.next(transfer, async (_transfer, since) => {
      asked.push(since);
      return true;
    });
  };
  return { asked, clock, intent, lease, ledger, next, now, shard };
}

it('sends nothing more of its rows soon after the run was cancelled', async () => {
  const { clock, intent, ledger, next, now } = await setup();
  expect(await next(0)).toBe(2);
  await ledger.stopRun('r1', { state: 'cancelled', at: now() });
  clock.at += 10_000;
  expect(await next(1)).toBeUndefined();
  expect(intent.signal.aborted).toBe(true);
  expect((await ledger.read('r1.0.1'))?.state).toBe('planned');
});

it('keeps its shard for as long as it sends', async () => {
  const { clock, lease, ledger, next, shard } = await setup();
  for (const line of [0, 1]) {
    clock.at += LEASE_MS - 1_000;
    expect(await next(line)).toBe(2);
  }
  expect(await ledger.openShard(shard, lease('other'))).toBe('leased');
});

it('looks for what arrived since it was sent, not since no answer came', async () => {
  const unanswered = { state: 'submitting', attempt: 1, event: 'unanswered' } as const;
  const { asked, clock, next } = await setup(unanswered);
  await expect(next(0)).rejects.toMatchObject({ code: 'UNSETTLED' });
  clock.at += 60_000;
  expect(await next(0)).toBeUndefined();
  expect(asked).toEqual([new Date(START)]);
});
