/** Locks a name after repeated failures, for a time. */

export interface Lock {
  isLocked(name: string): boolean;
  failed(name: string): void;
  passed(name: string): void;
}

/** @param lockedMs how long a name is locked after the last of `failures` failures in a row */
export function createLock(failures: number, lockedMs: number, now: () => Date): Lock {
  const counts = new Map<string, number>();
  const lockedUntil = new Map<string, number>();
  return {
    isLocked: (name) => (lockedUntil.get(name) ?? 0) > now().getTime(),
    failed(name) {
      const count = (counts.get(name) ?? 0) + 1;
      counts.set(name, count);
      if (count < failures) return;
      counts.delete(name);
      lockedUntil.set(name, now().getTime() + lockedMs);
    },
    passed: (name) => void counts.delete(name),
  };
}
