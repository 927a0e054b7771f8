/**
 * The sweeper's part of feeding: where nobody has worked in a lane for a while, its message was lost,
 * and one of its shards is queued anew (promise G1). Each time that comes to nothing it waits twice as
 * long before the next; a shard whose message is a dead letter waits for whoever redrives that.
 */
import * as v from 'valibot';
import type { Ledger, ShardState } from '../ledger/ledger.ts';
import type { Run } from '../ledger/model.ts';
import { noteParser, updateNote } from '../ledger/notes.ts';
import type { Log } from '../lib/log.ts';
import type { Objects } from '../stores/objects.ts';
import type { QueueSender } from '../stores/queue.ts';
import { feedLine, findShardList, LANES } from './feed.ts';
import { readPoison } from './poison.ts';
import { type ReplanOptions, replan } from './replan.ts';

/** Somebody who asks waits for as long as others may still be on their way. */
export const ASKED_QUIET_MS = 60_000;

export interface FeedQuietOptions {
  readonly ledger: Pick<Ledger, 'readNote' | 'swapNote'>;
  readonly objects: Pick<Objects, 'head' | 'read'>;
  readonly queue: QueueSender;
  readonly log: Log;
  /** So long nothing was heard of a lane. */
  readonly quietMs: number;
  /** Somebody asks for it: what was fed in vain before does not wait longer. */
  readonly isAsked?: boolean;
  /** Makes the list of a run that has none, as it was planned by an earlier version. */
  readonly replan?: ReplanOptions | undefined;
  readonly now: () => Date;
}

/** What was fed in vain, by index. */
const fedShape = v.record(v.string(), v.object({ times: v.number(), at: v.number() }));

type Fed = v.InferOutput<typeof fedShape>;

const noteOf = (runId: string): string => `feed ${runId}`;

/** Of a run without a list. */
const LIST = 'list';

/** @returns how many shards were queued @throws StoreError */
export async function feedQuiet(
  run: Run,
  states: readonly ShardState[],
  options: FeedQuietOptions,
): Promise<number> {
  const { ledger, log, objects, now } = options;
  const { plan, runId, state } = run;
  const at = now().getTime();
  if (state !== 'active' || !plan || at - begunAt(run) < options.quietMs) return 0;
  if (states.filter(({ ended }) => ended).length >= plan.shardCount) return 0;
  const note = await ledger.readNote(noteOf(runId));
  const parse = noteParser(noteOf(runId), fedShape, {});
  const fed = parse(note?.text);
  const due = dueShards(run, states, { fed, poison: await readPoison(ledger, runId) }, options);
  if (due.length === 0) return 0;
  const list = await findShardList(run, objects);
  const names = list ? due.map(String) : [LIST];
  if (list) {
    for (const index of due) await feedLine(list, index, options);
    log.warn('run.fed', { runId, shards: due.length });
  } else if (run.source && options.replan && isDue(fed[LIST], fed[LIST]?.at ?? 0, at, options)) {
    await replan(run, options.replan);
    log.warn('run.replanned', { runId });
  } else return 0;
  const more = names.map((name) => [name, { times: (fed[name]?.times ?? 0) + 1, at }]);
  const fedNow = Object.fromEntries(more);
  await updateNote(ledger, noteOf(runId), parse, (known) => ({ ...known, ...fedNow }));
  return due.length;
}

/** When it was opened, or resumed since. */
const begunAt = ({ createdAt, resumedAt = createdAt }: Run): number => resumedAt.getTime();

/** One of each lane in which nothing happens: of those that were fed least often, the first. */
function dueShards(
  run: Run,
  states: readonly ShardState[],
  { fed, poison }: { readonly fed: Fed; readonly poison: ReadonlySet<number> },
  options: FeedQuietOptions,
): readonly number[] {
  const at = options.now().getTime();
  const known = new Map(states.map((state) => [state.index, state]));
  const due: number[] = [];
  for (let lane = 0; lane < LANES; lane += 1) {
    let heardAt = begunAt(run);
    let next: number | undefined;
    for (let index = lane; index < (run.plan?.shardCount ?? 0); index += LANES) {
      const state = known.get(index);
      const times = timesOf(fed, index);
      const isLeased = (state?.leasedUntil?.getTime() ?? 0) > at;
      const workedAt = isLeased ? at : (state?.updatedAt.getTime() ?? 0);
      heardAt = Math.max(heardAt, workedAt, fed[index]?.at ?? 0);
      if (state?.ended || poison.has(index)) continue;
      if (next === undefined || times < timesOf(fed, next)) next = index;
    }
    if (next !== undefined && isDue(fed[next], heardAt, at, options)) due.push(next);
  }
  return due;
}

const timesOf = (fed: Fed, index: number): number => fed[index]?.times ?? 0;

const isDue = (
  last: Fed[string] | undefined,
  heardAt: number,
  at: number,
  { isAsked = false, quietMs }: FeedQuietOptions,
): boolean => {
  const factor = isAsked ? 1 : 2 ** (last?.times ?? 0);
  return at - heardAt >= quietMs * factor;
};
