/** Timers that neither keep a process alive nor outlive their owner. */

export interface Timers {
  /** @returns what cancels it */
  later(ms: number, act: () => void): () => void;
  close(): void;
}

export function createTimers(): Timers {
  const pending = new Set<NodeJS.Timeout>();
  let closed = false;
  return {
    later(ms, act) {
      const timer = setTimeout(() => {
        pending.delete(timer);
        if (!closed) act();
      }, ms);
      timer.unref();
      pending.add(timer);
      return () => {
        clearTimeout(timer);
        pending.delete(timer);
      };
    },
    close() {
      closed = true;
      for (const timer of pending) clearTimeout(timer);
      pending.clear();
    },
  };
}

/** What happens to a thing later; another plan for it takes the place of the one before. */
export function createPlans<Thing>(timers: Timers, afterMs: number) {
  const cancels = new Map<Thing, () => void>();
  const cancel = (thing: Thing): void => {
    cancels.get(thing)?.();
    cancels.delete(thing);
  };
  return {
    cancel,
    has: (thing: Thing): boolean => cancels.has(thing),
    set(thing: Thing, act: () => Promise<void> | void): void {
      cancel(thing);
      const forget = timers.later(afterMs, async () => {
        cancels.delete(thing);
        await act();
      });
      cancels.set(thing, forget);
    },
  };
}
