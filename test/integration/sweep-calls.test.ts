/** What the sweeps of a long run cost where the ledger is DynamoDB: each call has its price there. */
import { afterAll, beforeAll, expect, it } from 'vitest';
import { createHandler } from '../../functions/sweep.ts';
import type { TransferState } from '../../shared/ledger/merge.ts';
import { createDynamoLedger } from '../../shared/stores/aws/dynamodb/ledger.ts';
import type { AwsCall } from '../../shared/stores/aws/json-api.ts';
import { newRun, newShard } from '../contract/ledger.ts';
import { type Dynalite, startDynalite } from '../fixtures/dynalite.ts';
import { silentLog } from '../fixtures/log.ts';
import { openStores } from '../fixtures/stores.ts';
import { createLedgerTable } from '../fixtures/table.ts';

let dynalite: Dynalite;
beforeAll(async () => {
  dynalite = await startDynalite();
});
afterAll(() => dynalite.close());

const SHARDS = 1_000;
/** Shards whose last transfer is still under way. */
const OPEN = 10;
const cause = { provider: 'tencent', code: 'NoSuchKey', message: '', class: 'source' } as const;
const read = { header: 0, blank: 0, quarantined: 0, warnings: {} };

/** A run whose shards were all read: in each one transfer succeeded, one failed for good. */
async function longRun() {
  const table = await createLedgerTable(dynalite.call);
  const clock = { at: Date.parse('2026-11-20T02:00:00Z') };
  const now = () => new Date(clock.at);
  let calls = 0;
  const call: AwsCall = (action, input) => {
    calls += 1;
    return dynalite.call(action, input);
  };
  const ledger = createDynamoLedger({ table, call, now });
  const record = (transferId: string, state: TransferState) =>
    ledger.record(transferId, {
      state,
      attempt: 1,
      accepted: ['1:t'],
      at: now(),
      event: 'callback',
      object: { url: 'http://o.example/a', key: 'a' },
      ...(state === 'failed' && { cause }),
    });
  await ledger.openRun({ ...newRun('r1'), createdAt: now() });
  await ledger.activateRun('r1', { shardCount: SHARDS, sizeBytes: 100 * SHARDS });
  const waiting = Array.from({ length: SHARDS }, (_, index) => index).values();
  const worker = async (): Promise<void> => {
    for (const index of waiting) {
      const [start, end] = [100 * index, 100 * index + 100];
      const shard = { ...newShard('r1', index), start, end };
      const lease = { owner: 'w', at: now(), leaseMs: 1 };
      await ledger.openShard(shard, lease);
      await record(`r1.${index}.0`, index < OPEN ? 'submitted' : 'succeeded');
      await record(`r1.${index}.1`, 'failed');
      await ledger.endShard(shard, lease, {
        ...read,
        first: start,
        last: end,
        lines: 2,
        transfers: 2,
      });
    }
  };
  await Promise.all(Array.from({ length: 16 }, worker));
  const sweep = createHandler({
    ...openStores(),
    ledger,
    log: silentLog,
    lostAfterMs: 900_000,
    maxAttempts: 3,
    now,
    pollers: {},
    settleMs: 60_000,
  });
  const callsOf = async (closed: number): Promise<number> => {
    clock.at += 300_000;
    calls = 0;
    expect(await sweep()).toMatchObject({ runs: 1, closed });
    return calls;
  };
  return { callsOf, record };
}

it('a sweep reads what may have changed of 1,000 shards, and at the closing each failure once', async () => {
  const { callsOf, record } = await longRun();
  // No shard was counted before: for each a query of its four partitions, and a write to keep it. The
  // counting sees that every failure has its object.
  expect(await callsOf(0)).toBeLessThan(5 * SHARDS + 50);
  expect(await callsOf(0)).toBeLessThan(10 * OPEN);
  for (let index = 0; index < OPEN; index += 1) await record(`r1.${index}.0`, 'succeeded');
  // For `failed.csv`.
  expect(await callsOf(1)).toBeLessThan(4 * SHARDS + 15 * OPEN);
}, 120_000);
