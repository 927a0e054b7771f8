/** Counts kept for good never differ from the rows, whoever dies at whichever write. */
import { setImmediate } from 'node:timers/promises';
import fc from 'fast-check';
import { expect, it } from 'vitest';
import type { Ledger } from '../../shared/ledger/ledger.ts';
import { TRANSFER_STATES, type TransferState } from '../../shared/ledger/merge.ts';
import { createDynamoLedger } from '../../shared/stores/aws/dynamodb/ledger.ts';
import type { AwsCall } from '../../shared/stores/aws/json-api.ts';
import { newRun, newShard } from '../contract/ledger.ts';
import { createSimulatedTable } from '../fixtures/simulated-table.ts';

const AT = Date.parse('2026-11-20T02:00:00Z');
const LINES = 3;
const SHARDS = 2;
const cause = { provider: 'tencent', code: 'Slow', message: '', class: 'transient' } as const;
const tally = {
  first: 0,
  last: 100,
  lines: LINES,
  header: 0,
  blank: 0,
  quarantined: 0,
  transfers: LINES,
  warnings: {},
};

interface Act {
  readonly kind: 'accept' | 'late' | 'fail' | 'retry' | 'look' | 'shards';
  readonly shard: number;
  readonly line: number;
  readonly attempt: number;
  /** Dies with this write, before or after it has its effect. */
  readonly writes: number;
  readonly isDone: boolean;
  /** Of its calls. */
  readonly ticks: readonly number[];
}

const act: fc.Arbitrary<Act> = fc.record({
  kind: fc.constantFrom('accept', 'late', 'fail', 'retry', 'look', 'shards'),
  shard: fc.nat(SHARDS - 1),
  line: fc.nat(LINES - 1),
  attempt: fc.integer({ min: 1, max: 3 }),
  writes: fc.oneof(fc.nat(4), fc.constant(99)),
  isDone: fc.boolean(),
  ticks: fc.array(fc.nat(3), { maxLength: 8 }),
});

/** Those of a round act at once; then a while passes. */
const rounds = fc.array(
  fc.record({
    acts: fc.array(act, { minLength: 1, maxLength: 3 }),
    pauseMs: fc.constantFrom(0, 61_000),
  }),
  { minLength: 1, maxLength: 8 },
);

const DO: Readonly<Record<Act['kind'], (ledger: Ledger, of: Act, at: Date) => Promise<unknown>>> = {
  accept: (ledger, { shard, line, attempt }, at) =>
    ledger.accept(newShard('r1', shard), [{ line, id: `t${attempt}`, at }]),
  late: (ledger, of, at) => record(ledger, of, at, 'succeeded'),
  fail: (ledger, of, at) => record(ledger, of, at, 'failed'),
  retry: (ledger, of, at) => record(ledger, of, at, 'planned'),
  look: (ledger) => ledger.run('r1'),
  shards: (ledger) => Array.fromAsync(ledger.shards('r1')),
};

const record = (
  ledger: Ledger,
  { shard, line, attempt }: Pick<Act, 'shard' | 'line' | 'attempt'>,
  at: Date,
  state: TransferState,
): Promise<void> =>
  ledger.record(`r1.${shard}.${line}`, {
    state,
    attempt,
    accepted: [],
    at,
    event: state === 'planned' ? 'ordered' : 'callback',
    ...(state === 'failed' && { cause }),
  });

class Died extends Error {}

const mortal = (call: AwsCall, { writes, isDone, ticks }: Act): AwsCall => {
  let [left, calls] = [writes, 0];
  return async (action, input) => {
    for (let tick = 0; tick < (ticks[calls] ?? 0); tick += 1) await setImmediate();
    calls += 1;
    if (action === 'GetItem' || action === 'Query') return call(action, input);
    left -= 1;
    if (left === -1 && isDone) await call(action, input).catch(() => {});
    if (left < 0) throw new Died();
    return call(action, input);
  };
};

it('G12: counts of a run are those of its rows after any crash', async () => {
  await fc.assert(
    fc.asyncProperty(rounds, fc.boolean(), async (all, isClosed) => {
      const clock = { at: AT };
      const now = () => new Date(clock.at);
      const { call } = createSimulatedTable();
      const open = (by: AwsCall) =>
        createDynamoLedger({ table: 'ledger', call: by, countsMaxAgeMs: 0, now });
      const ledger = open(call);
      await ledger.openRun(newRun('r1', { createdAt: now() }));
      await ledger.activateRun('r1', { shardCount: SHARDS, sizeBytes: 200 });
      for (let shard = 0; shard < SHARDS; shard += 1) {
        const lease = { owner: 'w', at: now(), leaseMs: 1 };
        await ledger.openShard(newShard('r1', shard), lease);
        for (let line = 0; line < LINES; line += 1) {
          // The last one is under way.
          const state = line === 0 ? 'succeeded' : 'failed';
          if (line < LINES - 1) await record(ledger, { shard, line, attempt: 1 }, now(), state);
          else await ledger.accept(newShard('r1', shard), [{ line, id: 't1', at: now() }]);
        }
        await ledger.endShard(newShard('r1', shard), lease, tally);
      }
      if (isClosed) await ledger.closeRun('r1', now());
      for (const { acts, pauseMs } of all) {
        const died = (error: unknown): void => {
          if (!(error instanceof Died)) throw error;
        };
        await Promise.all(
          acts.map((each) => DO[each.kind](open(mortal(call, each)), each, now()).catch(died)),
        );
        clock.at += pauseMs;
        expect(await counted(open(call))).toEqual(await rowsOf(open(call)));
      }
      // What is kept by now is kept for good.
      clock.at += 61_000;
      await counted(open(call));
      expect(await counted(open(call))).toEqual(await rowsOf(open(call)));
    }),
    { numRuns: 400 },
  );
});

const ofStates = (count: (state: TransferState) => number) =>
  Object.fromEntries(TRANSFER_STATES.map((state) => [state, count(state)]));

/** As a look at the run has it, and as its shards have it together. */
async function counted(ledger: Ledger) {
  const shards = await Array.fromAsync(ledger.shards('r1'));
  const run = await ledger.run('r1');
  return [
    ofStates((state) => run?.counts[state] ?? 0),
    ofStates((state) => shards.reduce((sum, { counts }) => sum + counts[state], 0)),
  ];
}

async function rowsOf(ledger: Ledger) {
  const rows = await Promise.all(
    Array.from({ length: SHARDS }, (_, shard) => ledger.transfersOf('r1', shard, TRANSFER_STATES)),
  );
  const counts = ofStates((state) => rows.flat().filter((row) => row.state === state).length);
  return [counts, counts];
}
