/** Closes a run of 500 million objects on a simulated table: a `failed.csv` of 1.5 million lines. */
import { expect, it } from 'vitest';
import { createHandler } from '../../functions/sweep.ts';
import { textLines } from '../../shared/lib/text-lines.ts';
import { FAILED, LINES, openHugeRun, SHARDS } from '../fixtures/huge-run.ts';
import { openStores } from '../fixtures/stores.ts';

/** A function ends after so long. */
const FUNCTION_MS = 300_000;

it('closes a run of 10,000 shards with 1.5 million failures, over as many sweeps as it needs', async () => {
  const { clock, now, open, runId, settle, table } = await openHugeRun();
  settle();
  const { objects, queue } = openStores();
  const reached: unknown[] = [];
  const log = {
    debug() {},
    info: (event: string, fields?: object) => void reached.push({ event, ...fields }),
    warn() {},
    error() {},
  };
  let sweeps = 0;
  for (let closed = 0; closed === 0; sweeps += 1) {
    clock.at += 300_000;
    const begunAt = clock.at;
    const options = { lostAfterMs: 900_000, maxAttempts: 3, pollers: {}, settleMs: 60_000 };
    const sweep = createHandler({ ...options, ledger: open(), log, now, objects, queue });
    ({ closed } = await sweep());
    expect(clock.at - begunAt).toBeLessThan(FUNCTION_MS);
    const { calls, reads } = table.used();
    process.stdout.write(
      `sweep ${sweeps + 1}: ${calls} calls, ${Math.round(reads)} read units, ${Math.round((clock.at - begunAt) / 1_000)} s\n`,
    );
    expect(sweeps).toBeLessThan(10);
  }
  expect(sweeps).toBeGreaterThan(1);
  expect(reached).toContainEqual(expect.objectContaining({ event: 'run.closing' }));
  expect(await open().run(runId)).toMatchObject({
    state: 'completed',
    counts: { lines: SHARDS * LINES, failed: SHARDS * FAILED, submitted: 0 },
  });
  let lines = 0;
  for await (const _ of textLines(objects.read(`reports/${runId}/failed.csv`))) lines += 1;
  expect(lines).toBe(1 + SHARDS * FAILED);
  const parts = await Array.fromAsync(objects.read(`reports/${runId}/summary.json`));
  expect(JSON.parse(Buffer.concat(parts).toString('utf8'))).toMatchObject({
    counts: { failed: SHARDS * FAILED },
    failures: [{ code: 'NotFound', count: SHARDS * FAILED }],
  });
});
