/**
 * Writes the acceptances of one worker's shard: each at once, or packed where the ledger asks for
 * that (`Ledger.packs`). A pack is written when its block of lines is full or left behind, and after
 * `ms` at the latest. What a crash loses of it is resolved like any open intent.
 */
import type { Ledger } from './ledger.ts';
import type { Acceptance } from './model.ts';
import type { Shard } from './shard.ts';

export interface Packs {
  /** Durable, or held for its pack. @throws what the write of an earlier pack threw */
  add(acceptance: Acceptance): Promise<void>;
  /** Writes what is held; repeated when it threw. */
  flush(): Promise<void>;
  /** The first line that is held, infinite when none is. */
  heldFrom(): number;
}

export function createPacks(ledger: Pick<Ledger, 'accept' | 'packs'>, shard: Shard): Packs {
  const { packs: limits } = ledger;
  if (!limits) {
    return {
      add: (acceptance) => ledger.accept(shard, [acceptance]),
      flush: async () => {},
      heldFrom: () => Number.POSITIVE_INFINITY,
    };
  }
  const held = new Map<number, Acceptance[]>();
  const writes = new Map<readonly Acceptance[], Promise<void>>();
  let failure: { readonly error: unknown } | undefined;
  let timer: NodeJS.Timeout | undefined;

  const hold = (block: number, acceptances: readonly Acceptance[]): Acceptance[] => {
    const pack = held.get(block) ?? [];
    pack.push(...acceptances);
    held.set(block, pack);
    return pack;
  };
  const write = (block: number): void => {
    const pack = held.get(block) ?? [];
    held.delete(block);
    const written = ledger
      .accept(shard, pack)
      .catch((error: unknown) => {
        failure = { error };
        hold(block, pack);
      })
      .finally(() => writes.delete(pack));
    writes.set(pack, written);
  };
  const writeAll = (): void => {
    clearTimeout(timer);
    timer = undefined;
    for (const block of [...held.keys()]) write(block);
  };

  return {
    async add(acceptance) {
      if (failure) throw failure.error;
      const block = Math.floor(acceptance.line / limits.lines);
      if (hold(block, [acceptance]).length >= limits.lines) write(block);
      // Workers go through the lines in order: few of the block before the last are still to come.
      for (const earlier of [...held.keys()]) if (earlier < block - 1) write(earlier);
      timer ??= setTimeout(writeAll, limits.ms);
    },
    async flush() {
      await Promise.all(writes.values());
      failure = undefined;
      writeAll();
      await Promise.all(writes.values());
      if (failure) throw (failure as { readonly error: unknown }).error;
    },
    heldFrom: () =>
      [...held.values(), ...writes.keys()]
        .flat()
        .reduce((first, { line }) => Math.min(first, line), Number.POSITIVE_INFINITY),
  };
}
