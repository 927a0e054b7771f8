/** The plan of a nightly pass as it is stored beside its run, until that run closes. */
import type { OmsTaskRef } from '../../ledger/model.ts';
import type { NightlySummary, SkippedGroup } from '../../reporting/summary.ts';
import { stagingPrefix } from '../../stores/layout.ts';
import { type Objects, readSmall } from '../../stores/objects.ts';

const planKey = (runId: string): string => `${stagingPrefix(runId)}plan.json`;

/** Tens of thousands of tasks are some megabytes. */
const MAX_BYTES = 67_108_864;

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
  return info && (JSON.parse(await readSmall(objects, info, MAX_BYTES)) as NightPlan);
}

/** What a pass decided; saved before anything is started. */
export interface NightPlan extends NightlySummary {
  readonly at: string;
  readonly tasks: readonly OmsTaskRef[];
  readonly fetches: FetchPlan;
}

/** Failed fetches that are sent again, as manifests of Waybill's own. */
export interface FetchPlan {
  readonly pieces: readonly FetchPiece[];
  /** Runs whose failures this pass takes over. */
  readonly sources: readonly string[];
}

export interface FetchPiece {
  readonly key: string;
  readonly etag: string;
  readonly sizeBytes: number;
  readonly lines: number;
  readonly target: { readonly region: string; readonly bucket: string };
  readonly night: number;
  readonly onKeyExist?: 'ignore' | 'override';
  readonly ignoreSameKey?: boolean;
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
