/**
 * Counts the requests a worker sent ahead of an even rate. Time pays for them at the rate of the
 * lane.
 */
import { BURST_MS } from './rate-gate.ts';

/**
 * Instants in milliseconds, asked at least once for each lane; a rate of 0 is that of no lane: the last
 * one's goes on paying.
 */
export interface Debt {
  /** Requests not paid for. */
  owed(at: number, rate: number): number;
  /** Milliseconds until one more may leave. */
  waitMs(at: number, rate: number): number;
  sent(at: number, rate: number): void;
}

/** So little is no debt. */
const NONE = 0.01;

export function createDebt(): Debt {
  let owed = 0;
  let since = 0;
  let paying = 0;
  const settle = (at: number, rate: number): number => {
    // Whenever it changed since, the lower one pays no more than was paid.
    const perSecond = rate > 0 ? Math.min(rate, paying) : paying;
    const left = owed - (Math.max(0, at - since) / 1_000) * perSecond;
    owed = left < NONE ? 0 : left;
    since = at;
    if (rate > 0) paying = rate;
    return owed;
  };
  return {
    owed: settle,
    waitMs: (at, rate) => Math.max(0, (settle(at, rate) / rate) * 1_000 - BURST_MS),
    sent(at, rate) {
      settle(at, rate);
      owed += 1;
    },
  };
}
