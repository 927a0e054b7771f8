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
