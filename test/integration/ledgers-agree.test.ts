/**
 * All ledgers, told the same in the same order, answer the same, and what a plain merge of the facts
 * does (promise G3 and the counts).
 */
import fc from 'fast-check';
import { afterAll, beforeAll, expect, it } from 'vitest';
import type { Ledger } from '../../shared/ledger/ledger.ts';
import { type Fact, merge, TRANSFER_STATES } from '../../shared/ledger/merge.ts';
import type { TransferUpdate } from '../../shared/ledger/model.ts';
import { createDynamoLedger } from '../../shared/stores/aws/dynamodb/ledger.ts';
import type { Database } from '../../shared/stores/postgres/database.ts';
import { createPostgresLedger } from '../../shared/stores/postgres/ledger.ts';
import { newRun, newShard } from '../contract/ledger.ts';
import { type Dynalite, startDynalite } from '../fixtures/dynalite.ts';
import {
  hasPostgres,
  openTestDatabase,
  type PostgresServer,
  startPostgres,
} from '../fixtures/postgres.ts';
import { openStores } from '../fixtures/stores.ts';
import { createLedgerTable } from '../fixtures/table.ts';

let dynalite: Dynalite;
let server: PostgresServer | undefined;
let database: Database | undefined;
beforeAll(async () => {
  dynalite = await startDynalite();
  server = hasPostgres ? await startPostgres() : undefined;
  database = server && (await openTestDatabase(server, 'agree'));
});
afterAll(async () => {
  await Promise.all([dynalite.close(), database?.close()]);
  await server?.close();
});
const postgres = (): readonly Ledger[] => (database ? [createPostgresLedger(database)] : []);

const AT = Date.parse('2026-11-20T02:00:00Z');
const LEASE = { owner: 'w', at: new Date(AT), leaseMs: 60_000 };
const tally = (transfers: number) => ({
  first: 0,
  last: 100,
  lines: transfers,
  header: 0,
  blank: 0,
  quarantined: 0,
  transfers,
  warnings: {},
});
const cause = (code: string) =>
  ({ provider: 'tencent', code, message: '', class: 'source' }) as const;

const report: fc.Arbitrary<TransferUpdate> = fc
  .record({
    state: fc.constantFrom(...TRANSFER_STATES),
    attempt: fc.integer({ min: 1, max: 3 }),
    accepted: fc.constantFrom([], ['1:t1'], ['2:t2']),
    at: fc.integer({ min: 0, max: 3 }).map((ms) => new Date(AT + ms)),
    event: fc.constantFrom('accepted', 'callback', 'poll', 'refused'),
    cause: fc.constantFrom(undefined, cause('A'), cause('B')),
    object: fc.constantFrom(undefined, { url: 'u', key: 'k' }, { url: 'v', key: 'l', md5: 'm' }),
    progress: fc.constantFrom(undefined, { providerState: '2', objects: 1 }),
  })
  .map(
    ({ cause: why, object, progress, ...rest }) =>
      ({
        ...rest,
        ...(why && { cause: why }),
        ...(object && { object }),
        ...(progress && { progress }),
      }) as TransferUpdate,
  );

const healthy: fc.Arbitrary<TransferUpdate> = fc.record({
  state: fc.constantFrom('submitted', 'succeeded'),
  attempt: fc.constant(1),
  accepted: fc.constantFrom([], ['1:t1'], ['1:t3']),
  at: fc.integer({ min: 0, max: 3 }).map((ms) => new Date(AT + ms)),
  event: fc.constantFrom('accepted', 'callback', 'resolved'),
});

/** The same acceptance, later: only its instant is news. */
const again = [0, 1].map((ms): [number, TransferUpdate] => [
  0,
  {
    state: 'submitted',
    attempt: 1,
    accepted: ['1:t3'],
    at: new Date(AT + ms),
    event: 'accepted',
  },
]);

const LINES = 3;
const told = fc.array(fc.tuple(fc.nat(LINES - 1), fc.oneof(healthy, report)), {
  minLength: 1,
  maxLength: 14,
});

it('G3: keeps the same record of the same reports', async () => {
  const table = await createLedgerTable(dynalite.call);
  const { ledger: sqlite } = openStores();
  let now = AT;
  const options = { table, call: dynalite.call, now: () => new Date(now) };
  const others = postgres();
  let runs = 0;
  await fc.assert(
    fc.asyncProperty(told, async (reports) => {
      runs += 1;
      const runId = `r${runs}`;
      const dynamo = createDynamoLedger({ ...options, countsMaxAgeMs: 0 });
      const facts = new Map<number, TransferUpdate[]>();
      const tell = async (line: number, fact: TransferUpdate) => {
        facts.set(line, [...(facts.get(line) ?? []), fact]);
        for (const ledger of [sqlite, dynamo, ...others]) {
          const { state, attempt, accepted, at, event, cause: why, progress } = fact;
          const [first] = accepted;
          const isAcceptance = state === 'submitted' && event === 'accepted' && attempt === 1;
          if (isAcceptance && first?.startsWith('1:') && !why && !progress) {
            await ledger.accept(newShard(runId), [{ line, id: first.slice(2), at }]);
          } else await ledger.record(`${runId}.0.${line}`, fact);
        }
      };
      const expectSame = async () => {
        for (const other of [dynamo, ...others]) {
          expect(await view(other, runId)).toEqual(await view(sqlite, runId));
        }
        const { items } = await sqlite.transfers(runId);
        const plain = [...facts]
          .sort(([a], [b]) => a - b)
          .map(([, all]) => all.reduce<Fact>(merge, all[0] as Fact));
        expect(items.map(factOf)).toEqual(plain.map(factOf));
      };
      for (const ledger of [sqlite, dynamo, ...others]) {
        await ledger.openRun(newRun(runId));
        await ledger.openShard(newShard(runId), LEASE);
      }
      let before: TransferUpdate | undefined;
      for (const [line, each] of reports) {
        // The same at the same instant is taken for one write that was repeated.
        const repeated = before && JSON.stringify(before) === JSON.stringify(each);
        before = each;
        if (!repeated) await tell(line, each);
      }
      await expectSame();
      for (const ledger of [sqlite, dynamo, ...others]) {
        await ledger.activateRun(runId, { shardCount: 1, sizeBytes: 100 });
        await ledger.endShard(newShard(runId), LEASE, tally(facts.size));
        await ledger.closeRun(runId, new Date(AT));
      }
      // What was counted now may be kept, and must not hide what comes later.
      now += 60_000;
      await dynamo.run(runId);
      const [line, first] = reports[0] as (typeof reports)[number];
      await tell(line, { ...first, state: 'succeeded', event: 'callback' });
      await expectSame();
    }),
    { numRuns: 100, examples: [[again]] },
  );
}, 120_000);

/** What happens to a run as a whole. */
const STEPS: Readonly<Record<string, (ledger: Ledger, runId: string, at: Date) => unknown>> = {
  activate: (ledger, runId) => ledger.activateRun(runId, { shardCount: 1, sizeBytes: 100 }),
  pause: (ledger, runId, at) => ledger.stopRun(runId, { state: 'paused', at }),
  cancel: (ledger, runId, at) => ledger.stopRun(runId, { state: 'cancelled', at }),
  fail: (ledger, runId, at) => ledger.stopRun(runId, { state: 'failed', at, error: cause('A') }),
  resume: (ledger, runId, at) => ledger.resumeRun(runId, at),
  begin: (ledger, runId, at) => ledger.beginClosing(runId, at),
  close: (ledger, runId, at) => ledger.closeRun(runId, at),
  reopen: (ledger, runId) => ledger.reopenRun(runId, 'active'),
  replan: (ledger, runId) => ledger.reopenRun(runId, 'planning'),
  open: async (ledger, runId, at) => {
    const opened = await ledger.openShard(newShard(runId), {
      ...LEASE,
      owner: String(at.getTime()),
      at,
    });
    return typeof opened === 'string' ? opened : 'opened';
  },
};

it('lets runs be paused, resumed, stopped and closed alike', async () => {
  const table = await createLedgerTable(dynalite.call);
  const { ledger: sqlite } = openStores();
  const dynamo = createDynamoLedger({ table, call: dynalite.call, countsMaxAgeMs: 0 });
  const ledgers = [sqlite, dynamo, ...postgres()];
  const steps = fc.array(fc.constantFrom(...Object.keys(STEPS)), { minLength: 1, maxLength: 12 });
  let runs = 0;
  await fc.assert(
    fc.asyncProperty(steps, async (names) => {
      runs += 1;
      const runId = `s${runs}`;
      for (const ledger of ledgers) await ledger.openRun(newRun(runId));
      for (const [index, name] of names.entries()) {
        const at = new Date(AT + index);
        const [one, ...others] = await Promise.all(
          ledgers.map(async (ledger) => ({
            answer: await STEPS[name]?.(ledger, runId, at),
            run: await ledger.run(runId),
          })),
        );
        const told = names.slice(0, index + 1).join(' ');
        for (const other of others) expect(other, told).toEqual(one);
      }
    }),
    { numRuns: 100 },
  );
}, 120_000);

const factOf = ({ state, attempt, accepted, cause: why }: Fact) => ({
  ...{ state, attempt, accepted, cause: why },
});

/** Everything that can be read of a run, without entries that were told twice. */
async function view(ledger: Ledger, runId: string) {
  const { items } = await ledger.transfers(runId);
  const failed = await ledger.transfers(runId, { states: ['failed'], classes: ['source'] });
  return {
    counts: (await ledger.run(runId))?.counts,
    shards: (await Array.fromAsync(ledger.shards(runId))).map(({ counts }) => counts),
    transfers: items.map(({ history, ...transfer }) => {
      const isNews = (entry: unknown, at: number): boolean =>
        JSON.stringify(entry) !== JSON.stringify(history[at - 1]);
      return { ...transfer, history: history.filter(isNews) };
    }),
    lines: await ledger.linesOf(runId, 0),
    failed: failed.items.map(({ transferId }) => transferId),
  };
}
