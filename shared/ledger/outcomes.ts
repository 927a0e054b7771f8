/** Turns the outcome of a submission, accepted or refused, into an update for the ledger. */
import { toCause } from '../lib/cause.ts';
import { BreakerOpenError, PaceClosedError, RunStoppedError, WaybillError } from '../lib/errors.ts';
import type { TransferObject, TransferUpdate } from './model.ts';

/** The provider took attempt `attempt` as `providerId`. */
export const submitted =
  (attempt: number, object: TransferObject, now: () => Date) =>
  (providerId: string): TransferUpdate => ({
    state: 'submitted',
    attempt,
    accepted: [`${attempt}:${providerId}`],
    at: now(),
    event: 'accepted',
    object,
  });

/** Whether the call was taken out of the line before it left. */
export const isUnsent = (error: unknown): boolean =>
  error instanceof RunStoppedError ||
  error instanceof BreakerOpenError ||
  error instanceof PaceClosedError;

/**
 * The submission failed: `failed` when it was clearly refused, still `submitting` when the answer
 * is unknown, so that it is resolved before anything else.
 * @throws the error itself when it is none of ours: a fault of the program or of a store; and when
 * nothing left
 */
export const refused =
  (attempt: number, object: TransferObject, now: () => Date) =>
  (error: unknown): TransferUpdate => {
    if (!(error instanceof WaybillError) || isUnsent(error)) throw error;
    const open = error.sent === 'unknown';
    return {
      state: open ? 'submitting' : 'failed',
      attempt,
      cause: toCause(error),
      accepted: [],
      at: now(),
      event: open ? 'unanswered' : 'refused',
      object,
    };
  };
