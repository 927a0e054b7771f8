/** The current speed of a run, from the last looks at it. */

/** @param windowMs looks older than this no longer count, so that a pause is soon forgotten */
export function createRate(windowMs = 30_000) {
  const looks: { at: number; done: number }[] = [];
  return {
    /** @param at in ms since 1970 */
    look(at: number, done: number): void {
      looks.push({ at, done });
      while (looks.length > 2 && at - (looks[1]?.at ?? at) >= windowMs) looks.shift();
    },
    /** Undefined until two looks are apart in time. */
    perSecond(): number | undefined {
      const [first, last] = [looks[0], looks.at(-1)];
      if (!first || !last || last.at <= first.at) return undefined;
      return Math.max(0, (last.done - first.done) / ((last.at - first.at) / 1_000));
    },
  };
}
