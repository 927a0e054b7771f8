/**
 * Resumes a paused run, for `POST /runs/{runId}/resume`: queues what is left of it. While it was paused,
 * workers dropped its messages. Safe to repeat; should nothing be queued here, the sweep queues it.
 */
import type { Ledger } from '../ledger/ledger.ts';
import type { Run } from '../ledger/model.ts';
import { ConflictError } from '../lib/errors.ts';
import type { Log } from '../lib/log.ts';
import type { Objects } from '../stores/objects.ts';
import type { QueueSender } from '../stores/queue.ts';
import { doneShards, feedLanes, findShardList } from './feed.ts';
import { ASKED_QUIET_MS, feedQuiet } from './feed-quiet.ts';
import { type ReplanOptions, replan } from './replan.ts';

interface ResumeOptions extends ReplanOptions {
  readonly ledger: Ledger;
  readonly objects: Pick<Objects, 'head' | 'read'>;
  readonly queue: QueueSender;
  readonly log: Log;
  readonly now: () => Date;
}

/**
 * A run that is planned or active stays so.
 * @throws ConflictError (RUN_STATE) when it has ended; InputError (NOT_FOUND) when it must be planned
 *   again and its manifest is gone; StoreError
 */
export async function resumeRun(runId: string, options: ResumeOptions): Promise<void> {
  const { ledger, log, now } = options;
  const isResumed = await ledger.resumeRun(runId, now());
  const run = await ledger.run(runId);
  if (isResumed) log.info('run.resumed', { runId });
  if (run?.state !== 'planning' && run?.state !== 'active') {
    const again = run?.state === 'completed' ? '' : '; retry it to continue';
    throw new ConflictError('RUN_STATE', `The run is already ${run?.state}${again}.`);
  }
  if (isResumed) return feed(run, options);
  const states = await ledger.shardStates(runId);
  await feedQuiet(run, states, {
    ...options,
    quietMs: ASKED_QUIET_MS,
    isAsked: true,
    replan: options,
  });
}

/** Lists, and nightly passes that are not planned yet, go on by their schedule. */
async function feed(run: Run, options: ResumeOptions): Promise<void> {
  const { ledger, objects } = options;
  const list = await findShardList(run, objects);
  if (list && run.state === 'active') {
    const done = await doneShards(ledger, run.runId);
    await feedLanes(list, (at) => done.has(at), options);
  } else if (run.source) await replan(run, options);
}
