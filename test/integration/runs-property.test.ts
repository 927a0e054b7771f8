/**
 * Whatever happens to one run in whatever order (work, sweeps, retries, cancelling, pausing, callbacks,
 * messages that are lost or doubled, deaths at any call): nothing arrives twice, nothing is sent while it is paused,
 * every line has an end, the run closes, and its reports are true.
 * `WAYBILL_TEST_RUNS=1000` looks longer.
 */
import fc from 'fast-check';
import { expect, it } from 'vitest';
import { sha256Hex } from '../../shared/lib/encoding.ts';
import { createDescribe } from '../../shared/manifest/describe.ts';
import { createDynamoLedger } from '../../shared/stores/aws/dynamodb/ledger.ts';
import { createSimulatedTable } from '../fixtures/simulated-table.ts';
import { textOf } from '../unit/shared/runs/setup.ts';
import { NAMES, openWorld } from '../unit/shared/runs/world.ts';

const RUNS = Number(process.env['WAYBILL_TEST_RUNS'] ?? 20);

const KINDS = [
  'work',
  'work',
  'sweep',
  'sweep',
  'retry',
  'cancel',
  'pause',
  'resume',
  'callbacks',
  'lose',
  'double',
] as const;
const CLASSES = [undefined, ['source'], ['transient']] as const;
const action = fc.record({
  kind: fc.constantFrom(...KINDS),
  /** Until it dies. */
  calls: fc.oneof(fc.constant(1e9), fc.integer({ min: 0, max: 40 })),
  classes: fc.constantFrom(...CLASSES),
});
/** What happens at once, and how long nothing does after it. */
const step = fc.record({
  actions: fc.array(action, { minLength: 1, maxLength: 3 }),
  pauseMs: fc.constantFrom(0, 1, 5_000, 61_000, 1_000_000, 1_260_000),
});

function randomFrom(seed: number): () => number {
  let state = seed;
  return () => {
    state = (Math.imul(state, 1_664_525) + 1_013_904_223) >>> 0;
    return state / 2 ** 32;
  };
}

const openDynamo = (now: () => Date) =>
  createDynamoLedger({
    ...{ table: 'ledger', call: createSimulatedTable().call, countsMaxAgeMs: 0, now },
  });

it.each([
  ['SQLite', undefined],
  ['DynamoDB', openDynamo],
] as const)(
  'G1, G2: loses nothing, sends nothing twice, and tells the truth: %s',
  async (_name, open) => {
    const isTrue = async (
      seed: number,
      steps: readonly (typeof step extends fc.Arbitrary<infer S> ? S : never)[],
    ) => {
      const world = await openWorld(randomFrom(seed), open);
      const { actions, attempt, clock, faults, ledger, objects, run, runId, settle, taken } = world;
      for (const { actions: several, pauseMs } of steps) {
        const isPaused =
          (await run())?.state === 'paused' && !several.some(({ kind }) => kind === 'resume');
        const takenBefore = taken.length;
        await Promise.all(
          several.map(({ kind, calls, classes }) =>
            attempt(() =>
              kind === 'retry' ? actions.retry(calls, classes) : actions[kind](calls),
            ),
          ),
        );
        if (isPaused) expect(taken, 'nothing is sent of a paused run').toHaveLength(takenBefore);
        clock.at += pauseMs;
      }
      await attempt(() => actions.resume(1e9));
      await settle();
      expect((await run())?.closedAt, 'it closes').toBeDefined();
      // A cancelled one goes on, and then has all of it; leases of the dead end before.
      clock.at += 120_000;
      await attempt(() => actions.retry(1e9));
      await settle();
      const ended = await run();
      expect(ended).toMatchObject({ state: 'completed', counts: { lines: NAMES.length } });
      expect(faults).toEqual([]);
      const rows = await createDescribe({ ledger, objects })((await ledger.transfers(runId)).items);
      expect(rows.map(({ object, manifest }) => object?.key ?? manifest).sort()).toEqual(NAMES);
      const text = await textOf(objects, `reports/${runId}/failed.csv`);
      const listed = [...text.matchAll(/([^,\r\n]+),failed\r$/gm)].map(
        ([, transferId]) => transferId,
      );
      const failed = rows.filter(({ state }) => state === 'failed');
      expect(listed).toEqual(failed.map(({ transferId }) => transferId));
      const { reports } = JSON.parse(await textOf(objects, `reports/${runId}/summary.json`));
      expect(reports[0]).toEqual({
        name: 'failed.csv',
        sizeBytes: Buffer.byteLength(text),
        sha256: sha256Hex(text),
      });
      expect(rows.every(({ state }) => state === 'succeeded' || state === 'failed')).toBe(true);
    };
    await fc.assert(
      fc.asyncProperty(fc.nat(), fc.array(step, { minLength: 3, maxLength: 14 }), isTrue),
      { numRuns: RUNS },
    );
  },
  600_000,
);
