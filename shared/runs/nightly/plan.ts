/** The plan of a nightly pass: what it decided, kept beside its run until that closes. */
import type { OmsTaskRef } from '../../ledger/model.ts';
import type { LeftGroup, NightlySummary } from '../../reporting/summary.ts';
import { stagingPrefix } from '../../stores/layout.ts';
import { type Objects, readSmall } from '../../stores/objects.ts';

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

/** What a pass decided; kept in the store before anything is started. */
export interface NightPlan extends NightlySummary {
  readonly at: string;
  readonly tasks: readonly OmsTaskRef[];
  readonly fetches: FetchPlan;
}

/** Failed fetches that are sent again, as manifests of Waybill's own. */
export interface FetchPlan {
  readonly pieces: readonly FetchPiece[];
  /** Runs whose failures go on in this pass. */
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

/** Gathers what is left alone, by reason. */
export function createLeft() {
  const groups = new Map<string, LeftGroup>();
  return {
    add(reason: string, advice: string, example: string, count = 1): void {
      const known = groups.get(reason) ?? { reason, advice, count: 0, examples: [] };
      const examples =
        known.examples.length < EXAMPLES ? [...known.examples, example] : known.examples;
      groups.set(reason, { ...known, count: known.count + count, examples });
    },
    all: (): readonly LeftGroup[] => [...groups.values()].sort((a, b) => b.count - a.count),
  };
}

export type Left = ReturnType<typeof createLeft>;
