/** The clock of commands that wait or date something. An argument, so that tests don't wait. */
import { setTimeout as sleep } from 'node:timers/promises';

export interface Clock {
  /** In ms since 1970. */
  now(): number;
  wait(ms: number): Promise<unknown>;
}

export const systemClock: Clock = { now: Date.now, wait: (ms) => sleep(ms) };
