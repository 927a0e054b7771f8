/**
 * Plans a reopened run again, in a function that has the time for it. If the function that was
 * asked to do so died, the sweep repeats it, as it does a first planning that nobody repeats.
 */
import { runLeaseName, tryLease } from '../ledger/lease.ts';
import type { Ledger } from '../ledger/ledger.ts';
import type { Run } from '../ledger/model.ts';
import { toCause } from '../lib/cause.ts';
import { InputError } from '../lib/errors.ts';
import type { Log } from '../lib/log.ts';
import { OWN_PREFIX } from '../stores/layout.ts';
import type { Objects } from '../stores/objects.ts';
import type { PlanLater, Planner } from './plan.ts';
import { removeRest } from './rest.ts';
import { readRetryRequests } from './retry-requests.ts';

export interface ReplanOptions {
  readonly planner: Pick<Planner, 'find' | 'plan'>;
  readonly planLater?: PlanLater | undefined;
}

/** Plans manifests of our own at once: they are short, and no other function may read them. */
export async function replan(
  { runId, source, trigger }: Run,
  { planner, planLater }: ReplanOptions,
): Promise<void> {
  const key = source?.key ?? '';
  if (planLater && !key.startsWith(OWN_PREFIX)) await planLater({ key, runId });
  else await planner.plan({ ...(await planner.find(key)), runId }, trigger);
}

/** Longer than a function that plans may take. */
const PLANNING_MS = 960_000;

/** @throws StoreError */
export async function continuePlanning(
  { createdAt, operation, resumedAt = createdAt, runId }: Run,
  options: ReplanOptions & {
    readonly ledger: Ledger;
    readonly objects: Pick<Objects, 'remove'>;
    readonly log: Log;
    readonly now: () => Date;
  },
): Promise<void> {
  const { ledger, log, now } = options;
  const asked = (await readRetryRequests(ledger, runId)).map(({ at }) => at);
  // The event of an upload is repeated for some minutes only, and a manifest may be another one by then.
  if (operation === 'cos-offline-fetch') asked.push(resumedAt.getTime());
  if (asked.length === 0) return;
  if (asked.some((at) => now().getTime() - at < PLANNING_MS)) return;
  try {
    await tryLease(ledger, runLeaseName(runId), now, async () => {
      const run = await ledger.run(runId);
      if (run?.state !== 'planning') return;
      await removeRest(runId, options.objects);
      await replan(run, options);
    });
  } catch (error) {
    if (!(error instanceof InputError)) throw error;
    // Such as a removed manifest: waiting does not bring it back.
    await ledger.stopRun(runId, { state: 'failed', at: now(), error: toCause(error) });
    log.error('run.failed', { runId }, error);
  }
}
