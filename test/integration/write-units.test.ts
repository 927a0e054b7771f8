/** What a healthy object costs to write on DynamoDB, sent by the real worker to a simulated table. */
import { expect, it } from 'vitest';
import { createHandler, type Deps } from '../../functions/cos-offline-fetch.ts';
import { CASE } from '../../scripts/costs.ts';
import { MEASURED } from '../../scripts/scale.ts';
import type { PlannedTransfer } from '../../shared/ledger/manifest-lines.ts';
import type { Shard } from '../../shared/ledger/shard.ts';
import { createLimiter } from '../../shared/limits/limiter.ts';

import { createDynamoLedger } from '../../shared/stores/aws/dynamodb/ledger.ts';
import { newRun, newShard } from '../contract/ledger.ts';
import { tencentCalls } from '../fixtures/calls.ts';
import type { Attributes } from '../fixtures/expressions.ts';
import { silentLog } from '../fixtures/log.ts';
import { createSimulatedTable, sizeOf } from '../fixtures/simulated-table.ts';

const LINE_BYTES = 100;

/** One shard of good lines. */
function readingOf(shard: Shard, lines: number) {
  const tally = { ...NOTHING, first: shard.start, last: shard.start, lines: 0, transfers: 0 };
  async function* batches(): AsyncGenerator<readonly PlannedTransfer[]> {
    for (let first = 0; first < lines; first += 500) {
      const count = Math.min(500, lines - first);
      tally.lines += count;
      tally.transfers += count;
      tally.last += count * LINE_BYTES;
      yield Array.from({ length: count }, (_, at) => ({
        id: `${shard.id}.${first + at}`,
        line: first + at,
        target: shard.target,
        url: `http://origin.example/photos/2019/07/${first + at}.jpg`,
        key: `photos/2019/07/${first + at}.jpg`,
      }));
    }
  }
  return { [Symbol.asyncIterator]: batches, tally, quarantined: [], warnings: [] };
}

const NOTHING = { header: 0, blank: 0, quarantined: 0, warnings: {} };

it.each([
  [2_600, 4],
  [50_000, 1],
])(
  'writes at most 1.08 units per object, one callback in five overtaking: shards of %d lines',
  async (lines, shards) => {
    const table = createSimulatedTable();
    const open = () => createDynamoLedger({ table: 'ledger', call: table.call });
    const [ledger, callbacks] = [open(), open()];
    const runId = 'r'.padEnd(24, '0');
    await ledger.openRun(newRun(runId));
    const sizeBytes = shards * lines * LINE_BYTES;
    await ledger.activateRun(runId, { shardCount: shards, sizeBytes });
    table.used();

    const arrive = (id: string) =>
      callbacks.record(id, {
        ...{ state: 'succeeded', attempt: 1, accepted: [], at: new Date(), event: 'callback' },
      } as const);
    const later: string[] = [];
    const limiter = createLimiter({ requestsPerSecond: 1e6, inFlight: 50, retry: { maxSends: 1 } });
    let tasks = 0;
    const submit: Deps['client']['submit'] = async (_target, { successCallbackUrl: id = '' }) => {
      tasks += 1;
      if (tasks % 5 === 0) await arrive(id);
      else later.push(id);
      return { taskId: `NjY0ZTRlYjJf${String(tasks).padStart(12, '0')}`, requestId: 'q' };
    };
    const handle = createHandler({
      client: { submit } as Deps['client'],
      breaker: tencentCalls(limiter),
      each: limiter.each,
      ledger,
      log: silentLog,
      objects: {} as Deps['objects'],
      queue: {} as Deps['queue'],
      read: (shard) => readingOf(shard, lines),
      resolve: () => Promise.reject(new Error('nothing is open here')),
      settleMs: 60_000,
      urls: (id) => ({ successCallbackUrl: id, failureCallbackUrl: id }),
      now: () => new Date(),
    });
    for (let index = 0; index < shards; index += 1) {
      const start = index * lines * LINE_BYTES;
      const shard = { ...newShard(runId, index), start, end: start + lines * LINE_BYTES };
      const message = { messageId: `m${index}`, receiptHandle: 'h', body: JSON.stringify(shard) };
      const attributes = { ApproximateReceiveCount: '1' };
      const answer = await handle({ Records: [{ ...message, attributes }] });
      expect(answer).toMatchObject({ batchItemFailures: [] });
      for (const id of later.splice(0)) await arrive(id);
    }
    expect(tasks).toBe(lines * shards);
    const { calls, reads, writes, partitions } = table.used();
    const ofKind = (kind: string): number =>
      [...partitions].reduce((sum, [pk, of]) => sum + (pk.startsWith(kind) ? of.writes : 0), 0);
    const each = (units: number): string => (units / tasks).toFixed(4);
    process.stdout.write(
      `${lines} lines: ${each(writes)} write units per object (rows ${each(ofKind('transfer#'))}, packs ${each(ofKind('accepted#'))}, shards ${each(ofKind('run#'))})\n`,
    );
    expect(writes / tasks).toBeLessThanOrEqual(1.08);
    // As the page about scale has them.
    const { callsPerBlock, callsPerShard, readsPerObject, writesBesides } = MEASURED;
    const blocks = shards * Math.ceil(lines / CASE.linesPerWindow);
    const byWorker = calls - tasks;
    const expected = callsPerBlock * blocks + callsPerShard * shards;
    // A slow machine writes some packs before they are full.
    expect(byWorker / expected).toBeLessThan(1.2);
    expect(byWorker / expected).toBeGreaterThan(0.8);
    expect(reads / tasks).toBeLessThanOrEqual(readsPerObject);
    expect(writes / tasks - 1).toBeLessThanOrEqual(1.2 * writesBesides);
    const run = await open().run(runId);
    await Array.fromAsync(open().shards(runId));
    expect((await open().read(`${runId}.0.0`))?.providerId).toMatch(/^NjY0/);
    expect(run?.counts.lines).toBe(tasks);

    // As the page about costs has them.
    const { Item } = await table.call('GetItem', {
      Key: { pk: { S: `transfer#${runId}#0#0` }, sk: { S: '0000000000' } },
    });
    expect(sizeOf(Item as Attributes)).toBeLessThanOrEqual(CASE.rowBytes);
    const { Items } = await table.call('Query', {
      KeyConditionExpression: '#pk = :pk',
      ExpressionAttributeNames: { '#pk': 'pk' },
      ExpressionAttributeValues: { ':pk': { S: `accepted#${runId}#0` } },
      Limit: 1,
    });
    const [pack] = Items as Attributes[];
    expect(sizeOf(pack) / CASE.linesPerWindow).toBeLessThanOrEqual(CASE.packedBytes);
  },
  120_000,
);
