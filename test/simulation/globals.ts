/**
 * Puts timers, clock and chance of the whole process into the simulation's hands while one seed runs:
 * what the product takes from the platform belongs to the simulated process that asks for it.
 */
import crypto from 'node:crypto';
import { syncBuiltinESMExports } from 'node:module';
import timers from 'node:timers/promises';
import type { Random } from './random.ts';

/** Of whoever asks. */
export interface Platform {
  readonly now: () => number;
  later(ms: number, act: () => void): () => void;
}

interface Handle {
  cancel(): void;
  ref(): Handle;
  unref(): Handle;
}

const handleOf = (cancel: () => void): Handle => {
  const handle: Handle = { cancel, ref: () => handle, unref: () => handle };
  return handle;
};

export async function withGlobals<Value>(
  platform: () => Platform,
  random: Random,
  work: () => Promise<Value>,
): Promise<Value> {
  const { setTimeout, clearTimeout, setInterval, clearInterval, Date: RealDate } = globalThis;
  const { random: realRandom } = Math;
  const { randomUUID } = crypto;
  const { setTimeout: sleep } = timers;

  class SimulatedDate extends RealDate {
    constructor(...given: readonly []) {
      if (given.length === 0) super(platform().now());
      else super(...given);
    }
    static override now(): number {
      return platform().now();
    }
  }
  const later = (act: (...given: unknown[]) => void, ms = 0, ...given: unknown[]): Handle =>
    handleOf(platform().later(ms, () => act(...given)));
  const repeat = (act: () => void, ms = 0): Handle => {
    const owner = platform();
    let cancel = (): void => {};
    const next = (): void => {
      cancel = owner.later(ms, () => {
        next();
        act();
      });
    };
    next();
    return handleOf(() => cancel());
  };
  const clear = (handle?: Handle): void => handle?.cancel();
  const uuid = (): string => {
    const part = (digits: number): string =>
      Math.floor(random.next() * 16 ** digits)
        .toString(16)
        .padStart(digits, '0');
    return `${part(8)}-${part(4)}-4${part(3)}-a${part(3)}-${part(8)}${part(4)}`;
  };
  Object.assign(globalThis, {
    Date: SimulatedDate,
    setTimeout: later,
    setInterval: repeat,
    clearTimeout: clear,
    clearInterval: clear,
  });
  Math.random = random.next;
  Object.assign(crypto, { randomUUID: uuid });
  Object.assign(timers, {
    setTimeout: (ms: number, value: unknown) =>
      new Promise((done) => void platform().later(ms, () => done(value))),
  });
  syncBuiltinESMExports();
  try {
    return await work();
  } finally {
    Object.assign(globalThis, {
      ...{ Date: RealDate, setTimeout, setInterval, clearTimeout, clearInterval },
    });
    Math.random = realRandom;
    Object.assign(crypto, { randomUUID });
    Object.assign(timers, { setTimeout: sleep });
    syncBuiltinESMExports();
  }
}
