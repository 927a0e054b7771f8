/** Stores runs in DynamoDB. */

import { pageOf, parseRunCursor, runCursor } from '../../../ledger/cursors.ts';
import { MANY_RUNS } from '../../../ledger/ledger.ts';
import type { NewRun, Plan, Run, RunState } from '../../../ledger/model.ts';
import { createRunStops } from '../../../ledger/stops.ts';
import { totalsOf } from '../../../ledger/totals.ts';
import type { RunCalls } from '../../ledger-parts.ts';
import { type Counting, keptTotals } from './counts.ts';
import type { Expiry } from './expiry.ts';
import { has, type Item, number, text } from './item.ts';
import { createdSort, runKey } from './keys.ts';
import { rowsUntil } from './renewal.ts';
import { fromNewRun, toRun } from './rows.ts';
import { oneOf, type Query, type Table } from './table.ts';

export function createRuns(table: Table, counting: Counting, expiry: Expiry): RunCalls {
  const counted = async (item: Item): Promise<Run> => toRun(item, await counting.total(item));

  const find = async (runId: string): Promise<Run | undefined> => {
    const item = await table.get(runKey(runId));
    return item && counted(item);
  };

  return {
    ...createEnds(table, expiry),
    async openRun(run: NewRun) {
      const item = fromNewRun(run);
      if (await table.put(item, 'attribute_not_exists(#pk)')) return toRun(item, totalsOf([]));
      return (await find(run.runId)) as Run;
    },
    async activateRun(runId, plan) {
      const planned = setPlan(plan);
      const set = `SET #state = :active, ${planned.set}`;
      const values = { active: 'active', planning: 'planning', ...planned.values };
      await table.update(runKey(runId), set, values, '#state = :planning');
    },
    run: find,
    async countSending() {
      const active = table.query({
        index: 'open',
        where: '#open = :open',
        values: { open: 'open', active: 'active' },
        filter: '#state = :active',
      });
      let sending = 0;
      for await (const item of active) {
        if (!hasSent(item)) sending += 1;
        if (sending === MANY_RUNS) break;
      }
      return sending;
    },
    async handOver(runId, to) {
      const set = 'SET #handedTo = if_not_exists(#handedTo, :to)';
      await table.update(runKey(runId), set, { to }, 'attribute_exists(#pk)');
    },
    async runs({ limit = 20, ...filter }) {
      const size = Math.min(Math.max(limit, 1), 100);
      const items: Item[] = [];
      const found = table.query({ ...queryOf(filter), pageSize: size + 1 });
      for await (const item of found) if (items.push(item) > size) break;
      const page = pageOf(items, size, cursorOf);
      return { ...page, items: await Promise.all(page.items.map(counted)) };
    },
  };
}

const cursorOf = (item: Item): string =>
  runCursor({ runId: text(item, 'runId'), createdAt: new Date(number(item, 'createdAt')) });

type Ends = 'stops' | 'stopRun' | 'resumeRun' | 'beginClosing' | 'closeRun' | 'reopenRun';

/** How runs end and go on. */
function createEnds(table: Table, expiry: Expiry): Pick<RunCalls, Ends> {
  const stops = createRunStops();
  return {
    stops,
    async stopRun(runId, { state, at, error }) {
      const set = `SET #state = :state, #stoppedAt = :at${error ? ', #error = :error' : ''}`;
      const values = {
        state,
        at: at.getTime(),
        planning: 'planning',
        active: 'active',
        paused: 'paused',
        ...(error && { error: JSON.stringify(error) }),
      };
      const isOpen = '#state IN (:planning, :active, :paused) AND #state <> :state';
      const isStopped =
        (await table.update(runKey(runId), `${set} REMOVE #kept, #closingAt`, values, isOpen)) ||
        hasEnded(await table.get(runKey(runId)), { stoppedAt: at.getTime(), state });
      if (isStopped) stops.announce(runId);
      return isStopped;
    },
    async resumeRun(runId, at) {
      const resumedAt = at.getTime();
      const resume = (to: RunState, planned: string): Promise<boolean> =>
        table.update(
          runKey(runId),
          'SET #state = :to, #resumedAt = :resumedAt REMOVE #stoppedAt, #closingAt, #kept',
          { to, resumedAt, paused: 'paused' },
          `#state = :paused AND ${planned}(#shardCount)`,
        );
      return (
        (await resume('active', 'attribute_exists')) ||
        (await resume('planning', 'attribute_not_exists')) ||
        hasEnded(await table.get(runKey(runId)), { resumedAt })
      );
    },
    async beginClosing(runId, at) {
      const set = 'SET #closingAt = if_not_exists(#closingAt, :at)';
      const begun = { at: at.getTime() };
      const item = await table.updated(runKey(runId), set, begun, 'attribute_exists(#pk)');
      return item ? new Date(number(item, 'closingAt')) : at;
    },
    closeRun: (...closing) => closeRun(table, expiry, ...closing),
    async reopenRun(runId, state) {
      const expression = `SET #state = :state, #open = :open
        REMOVE #closingAt, #closedAt, #stoppedAt, #error, #ttl, #kept`;
      const open = { planning: 'planning', active: 'active', paused: 'paused' };
      const values = { state, open: 'open', ...open };
      const isEnded = 'attribute_exists(#pk) AND NOT #state IN (:planning, :active, :paused)';
      return table.update(runKey(runId), expression, values, isEnded);
    },
  };
}

async function closeRun(
  table: Table,
  expiry: Expiry,
  ...[runId, at, plan]: Parameters<RunCalls['closeRun']>
): Promise<boolean> {
  const run = await table.get(runKey(runId));
  if (!run || run['state'] === 'planning') return false;
  const closedAt = at.getTime();
  if (has(run, 'closedAt')) return hasEnded(run, { closedAt });
  const from = text(run, 'state');
  const to = from === 'active' || from === 'paused' ? 'completed' : from;
  const { ttl } = expiry.run(at, rowsUntil(run, expiry));
  const read = plan && setPlan(plan);
  const set = [
    'SET #state = :to, #closedAt = :closedAt',
    ...(ttl === undefined ? [] : ['#ttl = :ttl']),
    ...(read ? [read.set] : []),
  ];
  const values = { from, to, closedAt, ...(ttl !== undefined && { ttl }), ...read?.values };
  const expression = `${set.join(', ')} REMOVE #open, #kept`;
  const isUnclosed = '#state = :from AND attribute_not_exists(#closedAt)';
  return (
    (await table.update(runKey(runId), expression, values, isUnclosed)) ||
    hasEnded(await table.get(runKey(runId)), { closedAt })
  );
}

/** Whether it ended just so: the answer to our own write may have been lost on its way. */
const hasEnded = (run: Item | undefined, end: Item): boolean =>
  run !== undefined && Object.entries(end).every(([name, value]) => run[name] === value);

function queryOf({
  states = [],
  operations = [],
  unclosed = false,
  migrationId,
  cursor,
}: Parameters<RunCalls['runs']>[0]): Query {
  const { createdAtMs, runId } = parseRunCursor(cursor);
  const open = unclosed || (states.length > 0 && states.every((state) => UNCLOSED.has(state)));
  const partition = open ? 'open' : 'kind';
  const filter = [
    ...oneOf('state', states),
    ...oneOf('operation', operations),
    ...(migrationId === undefined ? [] : [ofMigration(migrationId)]),
  ].join(' AND ');
  return {
    index: open ? 'open' : 'newest',
    where: `#${partition} = :partition AND #created < :before`,
    values: {
      partition: open ? 'open' : 'run',
      before: createdSort(createdAtMs, runId),
      ...Object.fromEntries(states.map((state, at) => [`state${at}`, state])),
      ...Object.fromEntries(operations.map((each, at) => [`operation${at}`, each])),
      ...(typeof migrationId === 'string' && { migrationId }),
    },
    ...(filter !== '' && { filter }),
    newestFirst: true,
  };
}

const ofMigration = (migrationId: string | null): string =>
  migrationId === null ? 'attribute_not_exists(#migrationId)' : '#migrationId = :migrationId';

/** By what was counted of it last: its manifest was read whole, and nothing is planned. */
function hasSent(run: Item): boolean {
  const totals = keptTotals(run);
  if (!totals || totals.readBytes < number(run, 'sizeBytes')) return false;
  // Planned tasks of a nightly pass wait for room, and send nothing.
  return totals.counts.planned === 0 || run['operation'] === 'retry-failed-objects';
}

/** No run in these is closed. */
const UNCLOSED: ReadonlySet<RunState> = new Set(['planning', 'active', 'paused']);

const setPlan = ({ shardCount, sizeBytes, totals }: Plan) => ({
  set: `#shardCount = :shardCount, #sizeBytes = :sizeBytes${totals ? ', #totals = :totals' : ''}`,
  values: { shardCount, sizeBytes, ...(totals && { totals: JSON.stringify(totals) }) },
});
