/** How a migration goes, from what the HTTP API shows of it; for pages and commands alike. */
import type { MigrationState } from '../ledger/migration.ts';

/** In the order they are gone through. */
export const PHASES = [
  'listing',
  'planned',
  'pilot',
  'moving',
  'auditing',
  'completed',
] as const satisfies readonly MigrationState[];

export type Phase = (typeof PHASES)[number];

export interface ProgressCounts {
  readonly listed: number;
  readonly excluded: number;
  readonly quarantined: number;
  readonly planned: number;
  readonly submitting: number;
  readonly submitted: number;
  readonly succeeded: number;
  readonly failed: number;
}

interface Progressing {
  readonly state: MigrationState;
  /** While it is paused. */
  readonly resumeTo?: MigrationState | undefined;
  readonly options: { readonly start: boolean };
  readonly counts: ProgressCounts;
  readonly rounds: readonly unknown[];
  /** The last one. */
  readonly audit?:
    | { readonly isWhole: boolean; readonly missing: number; readonly different: number }
    | undefined;
}

/** Nothing goes on without somebody, or a schedule. */
export const isEnded = ({ state }: Pick<Progressing, 'state'>): boolean =>
  state === 'completed' || state === 'cancelled' || state === 'failed';

/** Somebody must start it. */
export const isWaiting = ({ state, options }: Pick<Progressing, 'state' | 'options'>): boolean =>
  state === 'planned' && !options.start;

/** Its first list is being read: nothing else is known yet. */
export const isListing = ({ state, rounds }: Pick<Progressing, 'state' | 'rounds'>): boolean =>
  state === 'listing' && rounds.length === 1;

export const openOf = ({ counts }: Pick<Progressing, 'counts'>): number =>
  counts.planned + counts.submitting + counts.submitted;

export const doneOf = ({ counts }: Pick<Progressing, 'counts'>): number =>
  counts.succeeded + counts.failed;

/** What is to arrive. */
export const totalOf = ({ counts }: Pick<Progressing, 'counts'>): number =>
  counts.listed - counts.excluded - counts.quarantined;

/** Of what is to arrive; only what is complete is 100. */
export function percentOf(migration: Progressing): number {
  const total = totalOf(migration);
  if (isListing(migration)) return 0;
  if (total <= 0) return migration.state === 'completed' ? 100 : 0;
  return Math.min(100, Math.floor((doneOf(migration) * 100) / total));
}

/** Where it is, also while it is paused; undefined once it was cancelled or failed. */
export function phaseOf({ state, resumeTo }: Pick<Progressing, 'state' | 'resumeTo'>) {
  const at = resumeTo ?? state;
  return PHASES.find((phase) => phase === at);
}

/** Whether failures, or what the audit found missing or different, can be sent again now. */
export function canRetry({
  state,
  counts,
  audit,
}: Pick<Progressing, 'state' | 'counts' | 'audit'>): boolean {
  if (state === 'completed' && audit?.isWhole && audit.missing + audit.different > 0) return true;
  return counts.failed > 0 && (state === 'pilot' || state === 'moving' || state === 'completed');
}
