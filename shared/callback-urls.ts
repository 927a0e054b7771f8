/** Where a provider reports the outcome of an attempt. */
import type { CallbackTokens } from './signing/callback-token.ts';

export interface CallbackUrls {
  readonly successCallbackUrl: string;
  readonly failureCallbackUrl: string;
}

/** How long a callback may take; later ones are found by the sweeper. */
const VALID_MS = 30 * 86_400_000;

export const createCallbackUrls =
  (publicUrl: string, tokens: CallbackTokens, now: () => Date = () => new Date()) =>
  (transferId: string, attempt: number): CallbackUrls => {
    const expiresAt = new Date(now().getTime() + VALID_MS);
    const url = (outcome: 'succeeded' | 'failed') =>
      `${publicUrl}/callbacks/${tokens.make({ transferId, attempt, outcome }, expiresAt)}`;
    return { successCallbackUrl: url('succeeded'), failureCallbackUrl: url('failed') };
  };
