/**
 * The turns of the groups of a queue, as this process knows them: whoever was served least recently
 * comes first, and a new group before the one that was served last. They are kept in memory, as a row
 * that changes with every delivery would leave thousands of dead versions behind.
 */

/** Where a group's messages begin: what was before has been delivered. */
export interface Start {
  readonly at: number;
  readonly id: number;
}

interface Turn {
  turn: number;
  start: Start;
  /** When the whole of it was looked at last, as `performance.now()`. */
  lookedAt: number;
}

const BEGINNING: Start = { at: -1, id: 0 };

/** Between two looks from the beginning, for what was put back there. */
const WHOLE_MS = 5_000;

export function createTurns() {
  const groups = new Map<string, Turn>();
  let last = 1;

  const add = (name: string): void => {
    if (groups.has(name)) return;
    groups.set(name, { turn: last - 1, start: BEGINNING, lookedAt: Number.NEGATIVE_INFINITY });
  };

  return {
    add,
    /** These are all there are. */
    keep(names: readonly string[]): void {
      const known = new Set(names);
      for (const name of groups.keys()) if (!known.has(name)) groups.delete(name);
      for (const name of names) add(name);
    },
    /** Groups in their order, and where to look in each. */
    order(): readonly (readonly [name: string, start: Start])[] {
      const now = performance.now();
      return [...groups]
        .sort(([, a], [, b]) => a.turn - b.turn)
        .map(([name, group]) => {
          if (now - group.lookedAt >= WHOLE_MS) {
            group.lookedAt = now;
            group.start = BEGINNING;
          }
          return [name, group.start];
        });
    },
    /** A message of the group was delivered. */
    serve(name: string, start: Start): void {
      const group = groups.get(name);
      if (!group) return;
      last += 2;
      group.turn = last;
      group.start = start;
    },
  };
}
