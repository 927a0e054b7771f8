/**
 * A waiting line that serves groups in turn, so a group with many waiting does not delay the
 * others.
 */

export interface Waiting {
  readonly resume: () => void;
  readonly fail: (error: unknown) => void;
  readonly signal: AbortSignal | undefined;
  /** It sends an object, which the pace may forbid. */
  readonly isSend: boolean;
}

export interface Line {
  /** At the end of its group; fails with the reason of its signal as soon as that aborts. */
  push(waiting: Waiting, group: string): void;
  /** Whose turn it is; nobody who was aborted. */
  first(): Waiting | undefined;
  /** Takes the first out; its group's next turn comes after that of all others. */
  shift(): Waiting | undefined;
  /** Fails all. */
  fail(error: unknown): void;
}

export function createLine(): Line {
  /** In the order of their turns. */
  const groups = new Map<string, Waiting[]>();
  /** Many wait with the signal of their run: one listener does for all of them. */
  const watched = new WeakSet<AbortSignal>();
  const watch = (signal: AbortSignal): void => {
    watched.add(signal);
    const failAll = (): void => {
      for (const each of [...groups.values()].flat()) {
        if (each.signal === signal) each.fail(signal.reason);
      }
    };
    signal.addEventListener('abort', failAll, { once: true });
  };
  /** The group whose turn it is, without those who were aborted before. */
  const next = (): [string, Waiting[]] | undefined => {
    for (const [group, waiting] of groups) {
      while (waiting[0]?.signal?.aborted) waiting.shift();
      if (waiting.length > 0) return [group, waiting];
      groups.delete(group);
    }
    return undefined;
  };
  return {
    push(waiting, group) {
      const { signal } = waiting;
      if (signal && !watched.has(signal)) watch(signal);
      const own = groups.get(group);
      if (own) own.push(waiting);
      else groups.set(group, [waiting]);
    },
    first: () => next()?.[1][0],
    shift() {
      const found = next();
      if (!found) return undefined;
      const [group, waiting] = found;
      groups.delete(group);
      const first = waiting.shift();
      if (waiting.length > 0) groups.set(group, waiting);
      return first;
    },
    fail(error) {
      const all = [...groups.values()].flat();
      groups.clear();
      for (const { fail } of all) fail(error);
    },
  };
}
