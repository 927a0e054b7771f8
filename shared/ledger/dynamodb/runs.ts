/** Runs in DynamoDB. */
import { parseRunCursor, runCursor } from '../cursors.ts';
import type { Ledger, NewRun, Run } from '../port.ts';
import { totalsOf } from '../totals.ts';
import type { Counting } from './counts.ts';
import type { Expiry } from './expiry.ts';
import { has, type Item, number, text } from './item.ts';
import { createdSort, MAX_SHARD, runKey, runPartition, shardSort } from './keys.ts';
import { fromNewRun, toRun } from './rows.ts';
import type { Table } from './table.ts';

type RunCalls = Pick<
  Ledger,
  'openRun' | 'activateRun' | 'stopRun' | 'closeRun' | 'run' | 'runs' | 'handOver'
>;

/** The shards of a run that somebody opened, from number `from` on. */
export const shardsOf = async (table: Table, runId: string, from = 0): Promise<readonly Item[]> => {
  const values = { pk: runPartition(runId), from: shardSort(from), to: shardSort(MAX_SHARD) };
  const where = '#pk = :pk AND #sk BETWEEN :from AND :to';
  const items = await Array.fromAsync(table.query({ where, values }));
  return items.filter((item) => has(item, 'body'));
};

/** Newer than any. */
const NEWEST = { createdAtMs: 999_999_999_999_999, runId: '~' };

export function createRuns(table: Table, counting: Counting, expiry: Expiry): RunCalls {
  const counted = async (item: Item): Promise<Run> =>
    toRun(item, await counting.total(item, () => shardsOf(table, text(item, 'runId'))));

  const find = async (runId: string): Promise<Run | undefined> => {
    const item = await table.get(runKey(runId));
    return item && counted(item);
  };

  /** Whether it ended just so: the answer to our own write may have been lost on its way. */
  const isEnded = async (runId: string, state: string, at: Date): Promise<boolean> => {
    const item = await table.get(runKey(runId));
    return item?.['state'] === state && number(item, 'closedAt') === at.getTime();
  };

  return {
    async openRun(run: NewRun) {
      const item = fromNewRun(run);
      if (await table.put(item, 'attribute_not_exists(#pk)')) return toRun(item, totalsOf([]));
      return (await find(run.runId)) as Run;
    },
    async activateRun(runId, { shardCount, sizeBytes }) {
      const set = 'SET #state = :active, #shardCount = :shardCount, #sizeBytes = :sizeBytes';
      const values = { active: 'active', planning: 'planning', shardCount, sizeBytes };
      await table.update(runKey(runId), set, values, '#state = :planning');
    },
    async stopRun(runId, { state, at, error }) {
      const { ttl } = expiry.ended(at);
      const set = [
        'SET #state = :state, #closedAt = :at',
        ...(error ? ['#error = :error'] : []),
        ...(ttl === undefined ? [] : ['#ttl = :ttl']),
      ];
      const values = {
        state,
        at: at.getTime(),
        planning: 'planning',
        active: 'active',
        ...(error && { error: JSON.stringify(error) }),
        ...(ttl !== undefined && { ttl }),
      };
      const expression = `${set.join(', ')} REMOVE #open, #kept`;
      const isOpen = '#state IN (:planning, :active)';
      if (await table.update(runKey(runId), expression, values, isOpen)) return true;
      return isEnded(runId, state, at);
    },
    async closeRun(runId, at) {
      const { ttl } = expiry.ended(at);
      const set = `SET #state = :completed, #closedAt = :at${ttl === undefined ? '' : ', #ttl = :ttl'}`;
      const values = {
        completed: 'completed',
        active: 'active',
        at: at.getTime(),
        ...(ttl !== undefined && { ttl }),
      };
      const expression = `${set} REMOVE #open, #kept`;
      if (await table.update(runKey(runId), expression, values, '#state = :active')) return true;
      return isEnded(runId, 'completed', at);
    },
    run: find,
    async handOver(runId, to) {
      const set = 'SET #handedTo = if_not_exists(#handedTo, :to)';
      await table.update(runKey(runId), set, { to }, 'attribute_exists(#pk)');
    },
    async runs({ states, operations, cursor, limit = 20 }) {
      const size = Math.min(Math.max(limit, 1), 100);
      const { createdAtMs, runId } = cursor === undefined ? NEWEST : parseRunCursor(cursor);
      const open = states?.every((state) => state === 'planning' || state === 'active') ?? false;
      const partition = open ? 'open' : 'kind';
      const filters = [
        ...oneOf('state', states ?? []),
        ...(operations ? oneOf('operation', operations) : []),
      ];
      const items: Item[] = [];
      const found = table.query({
        index: open ? 'open' : 'newest',
        where: `#${partition} = :partition AND #created < :before`,
        values: {
          partition: open ? 'open' : 'run',
          before: createdSort(createdAtMs, runId),
          ...Object.fromEntries((states ?? []).map((state, at) => [`state${at}`, state])),
          ...Object.fromEntries((operations ?? []).map((each, at) => [`operation${at}`, each])),
        },
        ...(filters.length > 0 && { filter: filters.join(' AND ') }),
        newestFirst: true,
        pageSize: size + 1,
      });
      for await (const item of found) if (items.push(item) > size) break;
      const page = await Promise.all(items.slice(0, size).map(counted));
      const last = page.at(-1);
      return items.length > size && last
        ? { items: page, nextCursor: runCursor(last) }
        : { items: page };
    },
  };
}

/** `#state IN (:state0, :state1)`; nothing for no choice. */
export const oneOf = (attribute: string, choices: readonly string[]): readonly string[] =>
  choices.length === 0
    ? []
    : [`#${attribute} IN (${choices.map((_, at) => `:${attribute}${at}`).join(', ')})`];
