/** Steering runs whose ledger is DynamoDB: what is kept of counts, what the index tells, what expires. */
import { afterAll, beforeAll, expect, it } from 'vitest';
import { cancelRun } from '../../shared/runs/cancel.ts';
import { retryRun } from '../../shared/runs/retry.ts';
import { createDynamoLedger } from '../../shared/stores/aws/dynamodb/ledger.ts';
import { type Dynalite, startDynalite } from '../fixtures/dynalite.ts';
import { createLedgerTable } from '../fixtures/table.ts';
import { cause, closed, setup } from '../unit/shared/runs/setup.ts';

let dynalite: Dynalite;
beforeAll(async () => {
  dynalite = await startDynalite();
});
afterAll(() => dynalite.close());

const DAY_MS = 86_400_000;

async function onDynamo() {
  const { call } = dynalite;
  const table = await createLedgerTable(call);
  const change = async (now: () => Date) => ({
    ledger: createDynamoLedger({ table, call, now, countsMaxAgeMs: 0 }),
  });
  /** When each item of the run would expire, in days since 1970; undefined: never. */
  const expiries = async (runId: string) => {
    const { Items } = (await call('Scan', { TableName: table })) as {
      Items: readonly Readonly<Record<string, { S?: string; N?: string }>>[];
    };
    const of = (prefix: string) =>
      Items.filter(({ pk, sk }) => `${pk?.S} ${sk?.S}`.startsWith(prefix)).map(({ ttl }) =>
        ttl?.N === undefined ? undefined : Number(ttl.N),
      );
    const rows = [...of(`run#${runId} shard`), ...of(`transfer#${runId}#`)];
    return { run: of(`run#${runId} run`)[0], rows };
  };
  return { change, expiries };
}

it('counts anew what was kept for good, and keeps it again', async () => {
  const { change } = await onDynamo();
  const given = await closed(change);
  const { clock, ledger, record, runId, sweep } = given;
  const counts = async () => (await ledger.run(runId))?.counts;
  clock.at += 120_000;
  expect(await counts()).toMatchObject({ succeeded: 1, failed: 3 });
  expect((await Array.fromAsync(ledger.shards(runId)))[0]?.counts).toMatchObject({ failed: 3 });
  expect(await retryRun(runId, ['source'], given)).toBe(2);
  expect(await counts()).toMatchObject({ succeeded: 1, planned: 2, failed: 1 });
  for (const line of [2, 4]) await record(line, { attempt: 2 });
  clock.at += 1_000;
  await sweep();
  clock.at += 120_000;
  expect(await ledger.run(runId)).toMatchObject({
    state: 'completed',
    counts: { succeeded: 3, failed: 1, planned: 0 },
  });
});

it('is found by the sweep from its cancelling to its closing, and again when it goes on', async () => {
  const { change } = await onDynamo();
  const given = await setup(undefined, undefined, change);
  const { clock, record, runId, state, sweep } = given;
  await given.read();
  for (const line of [1, 2, 3]) await record(line, {});
  await record(4, { state: 'failed', cause: cause('NotFound', 'source') });
  await cancelRun({ runId } as never, given);
  clock.at += 61_000;
  expect(await sweep()).toMatchObject({ runs: 1, closed: 1 });
  expect(await sweep()).toMatchObject({ runs: 0 });
  expect(await retryRun(runId, undefined, given)).toBe(1);
  expect(await sweep()).toMatchObject({ runs: 1, closed: 0 });
  await record(4, { attempt: 2 });
  expect(await sweep()).toMatchObject({ runs: 1, closed: 1 });
  expect(await state()).toBe('completed');
});

it('expires no later than its first rows, however late it was retried', async () => {
  const { change, expiries } = await onDynamo();
  const given = await closed(change);
  const { clock, now, record, runId, sweep } = given;
  const first = await expiries(runId);
  clock.at += 80 * DAY_MS;
  await retryRun(runId, undefined, given);
  expect((await expiries(runId)).run).toBeUndefined();
  for (const line of [2, 3, 4]) await record(line, { attempt: 2 });
  await sweep();
  const { run = 0, rows } = await expiries(runId);
  expect(Math.min(...rows.map((at) => at ?? 0))).toBeGreaterThanOrEqual(run);
  expect(run).toBeGreaterThan(first.run ?? 0);
  expect(run * 1_000).toBeGreaterThan(now().getTime() + 30 * DAY_MS);
});
