/** Promise G11: no run starves another. Real stores, in virtual time. */
import { join } from 'node:path';
import { describe, expect, it, onTestFinished } from 'vitest';
import { createDynamoLedger } from '../../shared/stores/aws/dynamodb/ledger.ts';
import { openSqliteFile } from '../../shared/stores/sqlite/file.ts';
import { createSqliteLedger } from '../../shared/stores/sqlite/ledger.ts';
import { createSqliteQueue } from '../../shared/stores/sqlite/queue.ts';
import { startDynalite } from '../fixtures/dynalite.ts';
import { createMemoryQueue } from '../fixtures/memory-queue.ts';
import { openStage, type StageOptions } from '../fixtures/stage.ts';
import { temporaryFolder } from '../fixtures/stores.ts';
import { createLedgerTable } from '../fixtures/table.ts';

const SECOND = 1_000;

const sqlite: Pick<StageOptions, 'open'> = {
  async open(time) {
    const file = openSqliteFile(join(temporaryFolder(), 'waybill.db'));
    onTestFinished(() => file.close());
    const now = () => new Date(time.now());
    return {
      ledger: createSqliteLedger(file),
      queue: createSqliteQueue(file, { name: 'shards', now }),
    };
  },
};

/** Two functions at a time, that share nothing but the table; the queue knows nothing of groups. */
const aws: Pick<StageOptions, 'open' | 'isDistributed'> = {
  isDistributed: true,
  async open(time) {
    const { call, close } = await startDynalite();
    onTestFinished(close);
    const table = await createLedgerTable(call);
    let seed = 7;
    const random = () => {
      seed = (seed * 16_807) % 2_147_483_647;
      return seed / 2_147_483_647;
    };
    return {
      ledger: createDynamoLedger({ table, call, now: () => new Date(time.now()) }),
      queue: createMemoryQueue(time, random),
    };
  },
};

/** How long a run of one object waits that is planned `afterMs` later than `lines` lines. */
async function waitOfOne(options: StageOptions, lines: number, afterMs: number): Promise<number> {
  const stage = await openStage(options);
  await stage.plan('large', lines);
  stage.start();
  await stage.time.run(afterMs);
  const before = stage.of('large').length;
  const plannedAt = stage.time.now();
  await stage.plan('one', 1);
  while (stage.of('one').length === 0 && stage.time.now() < plannedAt + 90 * SECOND) {
    await stage.time.run(100);
  }
  await stage.end();
  expect(new Set(stage.sent.map(({ key }) => key)).size).toBe(stage.sent.length);
  expect(before).toBeGreaterThan(0.6 * options.requestsPerSecond * (afterMs / SECOND));
  return (stage.of('one')[0]?.at ?? Number.POSITIVE_INFINITY) - plannedAt;
}

describe('G11: a run of one object beside one of a hundred thousand', () => {
  it.each([1, 2, 4])('is sent within a minute by %i workers of the service', async (workers) => {
    const options = { ...sqlite, requestsPerSecond: 100, workers };
    expect(await waitOfOne(options, 100_000, 5 * SECOND)).toBeLessThan(60 * SECOND);
  });

  it('is sent within a minute by two functions on AWS', async () => {
    const options = { ...aws, requestsPerSecond: 100, workers: 2, idleMs: 100 };
    expect(await waitOfOne(options, 100_000, 5 * SECOND)).toBeLessThan(60 * SECOND);
  });
});

describe('G11: two runs of ten thousand', () => {
  it.each([
    ['one worker of the service', 1],
    ['four workers of the service', 4],
  ])('share the pace of %s within a fifth', async (_, workers) => {
    const stage = await openStage({ ...sqlite, requestsPerSecond: 20, workers });
    await stage.plan('a', 10_000);
    await stage.plan('b', 10_000);
    stage.start();
    await stage.time.run(132 * SECOND);
    const sent = [stage.of('a').length, stage.of('b').length] as const;
    await stage.end();
    expect(new Set(stage.sent.map(({ key }) => key)).size).toBe(stage.sent.length);
    expect(sent[0] + sent[1]).toBeGreaterThan(2_500);
    expect(Math.max(...sent) / Math.min(...sent)).toBeLessThan(1.2);
  });
});
