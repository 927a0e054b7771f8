/**
 * Merges facts about one transfer. Knowledge only grows, so the result is the same in any order:
 * intents, answers, callbacks and polls may arrive late, repeated or reordered (promise G3).
 */
import type { Cause } from '../lib/errors.ts';

export const TRANSFER_STATES = [
  'planned',
  'submitting',
  'submitted',
  'failed',
  'cancelled',
  'succeeded',
] as const;

export type TransferState = (typeof TRANSFER_STATES)[number];

/** Whether only a new attempt or a late success changes it. */
export const isFinal = (state: TransferState): boolean =>
  state === 'succeeded' || state === 'failed' || state === 'cancelled';

/**
 * An attempt weighs 10, so within an attempt the later state holds and a later attempt outranks an
 * earlier one. Only success outlasts a later attempt: a person may retry what was cancelled.
 */
const BASE: Readonly<Record<TransferState, number>> = {
  planned: 0,
  submitting: 1,
  submitted: 2,
  failed: 3,
  cancelled: 4,
  succeeded: 1e9,
};

/** What is known of a transfer: one intent, answer, callback or poll, or many of them merged. */
export interface Fact {
  readonly state: TransferState;
  /** The n-th submission, from 1. */
  readonly attempt: number;
  readonly cause?: Cause;
  /** Accepted submissions as `attempt:providerId`, sorted. */
  readonly accepted: readonly string[];
}

/** How far a fact reaches, as one number that a store can compare within its conditional write. */
export const rank = ({ state, attempt }: Pick<Fact, 'state' | 'attempt'>): number =>
  BASE[state] + 10 * attempt;

/** Joins two facts: the farther one holds, at equal rank the greater text. Order cannot matter. */
export function merge(a: Fact, b: Fact): Fact {
  const behind = rank(a) === rank(b) ? causeText(a) < causeText(b) : rank(a) < rank(b);
  const winner = behind ? b : a;
  return { ...winner, accepted: union(a.accepted, b.accepted) };
}

/** The cause as the text that ties are settled by; the same in every store. */
const causeText = ({ cause }: Pick<Fact, 'cause'>): string =>
  cause === undefined
    ? ''
    : JSON.stringify([cause.provider, cause.code, cause.message, cause.requestId, cause.class]);

function union(a: readonly string[], b: readonly string[]): readonly string[] {
  if (b.length === 0) return a;
  if (a.length === 0) return b;
  return [...new Set([...a, ...b])].sort();
}
