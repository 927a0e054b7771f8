/** What a nightly pass decided, as it is kept beside its run until that closes; the rows say what it starts. */
import type { NightlySummary, SkippedGroup } from '../../reporting/summary.ts';
import { stagingPrefix } from '../../stores/layout.ts';
import { type Objects, readSmall } from '../../stores/objects.ts';

const planKey = (runId: string): string => `${stagingPrefix(runId)}plan.json`;

interface NightPlan extends NightlySummary {
  /** How many tasks it starts, and how many fetches it sends again. */
  readonly tasks: number;
  readonly fetches: number;
}

export async function savePlan(
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
  return info && (JSON.parse(await readSmall(objects, info)) as NightPlan);
}

const EXAMPLES = 5;

/** Gathers what the pass skips, by reason. */
export function createSkipped() {
  const groups = new Map<string, SkippedGroup>();
  return {
    add(reason: string, advice: string, example: string, count = 1): void {
      const known = groups.get(reason) ?? { reason, advice, count: 0, examples: [] };
      const examples =
        known.examples.length < EXAMPLES ? [...known.examples, example] : known.examples;
      groups.set(reason, { ...known, count: known.count + count, examples });
    },
    all: (): readonly SkippedGroup[] => [...groups.values()].sort((a, b) => b.count - a.count),
  };
}

export type Skipped = ReturnType<typeof createSkipped>;
