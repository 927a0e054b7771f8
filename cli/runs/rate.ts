/** The current speed of a run, from the last looks at it. */

export interface Rate {
  /** @param at in ms since 1970 */
  look(at: number, done: number): void;
  /** Undefined until two looks are apart in time. */
  perSecond(): number | undefined;
}

/** @param windowMs looks older than this no longer count, so that a pause is soon forgotten */
export function createRate(windowMs = 30_000): Rate {
  const looks: { at: number; done: number }[] = [];
  return {
    look(at, done) {
      looks.push({ at, done });
      while (looks.length > 2 && at - (looks[1]?.at ?? at) >= windowMs) looks.shift();
    },
    perSecond() {
      const [first, last] = [looks[0], looks.at(-1)];
      if (!first || !last || last.at <= first.at) return undefined;
      return Math.max(0, (last.done - first.done) / ((last.at - first.at) / 1_000));
    },
  };
}
