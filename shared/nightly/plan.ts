/** The decision of a pass, kept beside its run until that closes. */
import { stagingPrefix } from '../manifest/staging.ts';
import type { Objects } from '../objects/port.ts';
import { readSmall } from '../objects/small.ts';
import type { NightPlan } from './types.ts';

const planKey = (runId: string): string => `${stagingPrefix(runId)}plan.json`;
/** Tens of thousands of tasks are some megabytes. */
const MAX_BYTES = 67_108_864;

export async function keepPlan(
  objects: Pick<Objects, 'put'>,
  runId: string,
  plan: NightPlan,
): Promise<void> {
  await objects.put(planKey(runId), JSON.stringify(plan));
}

/** Undefined when the pass has not decided yet, or its run has closed. */
export async function readPlan(
  objects: Pick<Objects, 'head' | 'read'>,
  runId: string,
): Promise<NightPlan | undefined> {
  const info = await objects.head(planKey(runId));
  return info && (JSON.parse(await readSmall(objects, info, MAX_BYTES)) as NightPlan);
}
