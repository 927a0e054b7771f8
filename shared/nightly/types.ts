/** Words of a nightly pass: what was found, what is tried again, what is left alone and why. */
import type { OmsTaskRef } from '../ledger/port.ts';

/** What the pass leaves alone, grouped; `reason` is a provider's code or one of Waybill's. */
export interface LeftGroup {
  readonly reason: string;
  /** What a person can do. */
  readonly advice: string;
  readonly count: number;
  /** The first few, as `<region>/<project>/<version>/<task>`, or transfer ids. */
  readonly examples: readonly string[];
}

/** One project, region and API version, as it was listed. */
export interface ListedPlace {
  readonly region: string;
  readonly projectId: string;
  readonly version: 'v1' | 'v2';
  /** Failed tasks and groups found. */
  readonly failed: number;
  /** Why it could not be listed to its end. */
  readonly error?: string;
}

/** What a pass decided; kept in the store before anything is started. */
export interface NightPlan {
  readonly at: string;
  readonly places: readonly ListedPlace[];
  readonly tasks: readonly OmsTaskRef[];
  readonly left: readonly LeftGroup[];
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
