/** Small records beside runs and transfers: claims, leases by name, notes, nights. */
import type { Ledger } from '../port.ts';
import type { Expiry } from './expiry.ts';
import { number, text } from './item.ts';
import { markKey } from './keys.ts';
import type { Table } from './table.ts';

type MarkCalls = Pick<
  Ledger,
  | 'claim'
  | 'takeLease'
  | 'dropLease'
  | 'readNote'
  | 'swapNote'
  | 'countNight'
  | 'nights'
  | 'forgetNights'
>;

export function createMarks(table: Table, expiry: Expiry, now: () => Date): MarkCalls {
  return {
    async claim(key, claim, at) {
      const item = { ...markKey('claim', key), ...claim, ...expiry.ended(at) };
      if (await table.put(item, 'attribute_not_exists(#pk)')) return claim;
      const kept = await table.get(markKey('claim', key));
      return kept
        ? { runId: text(kept, 'runId'), requestHash: text(kept, 'requestHash') }
        : // It expired between the two.
          claim;
    },
    takeLease(name, { owner, at, leaseMs }) {
      const until = at.getTime() + leaseMs;
      const item = { ...markKey('lease', name), owner, until, ...expiry.ended(at) };
      const free = 'attribute_not_exists(#pk) OR #owner = :owner OR #until <= :at';
      return table.put(item, free, { owner, at: at.getTime() });
    },
    dropLease: (name, owner) => table.remove(markKey('lease', name), '#owner = :owner', { owner }),
    async readNote(name) {
      const item = await table.get(markKey('note', name));
      return item && { text: text(item, 'text'), version: number(item, 'version') };
    },
    swapNote(name, content, version) {
      const item = {
        ...markKey('note', name),
        text: content,
        version: (version ?? 0) + 1,
        // Some hold what is still to be done of a run.
        ...expiry.part(now()),
      };
      return version === undefined
        ? table.put(item, 'attribute_not_exists(#pk)')
        : table.put(item, '#version = :version', { version });
    },
    async countNight(key, runId) {
      const { ttl } = expiry.ended(now());
      const item = await table.updated(
        markKey('night', key),
        `${ttl === undefined ? '' : 'SET #ttl = :ttl '}ADD #runs :run`,
        { run: new Set([runId]), ...(ttl !== undefined && { ttl }) },
      );
      return sizeOf(item?.['runs']);
    },
    async nights(keys) {
      const items = await table.getMany([...new Set(keys)].map((key) => markKey('night', key)));
      const prefix = markKey('night', '').pk.length;
      return new Map(items.map((item) => [text(item, 'pk').slice(prefix), sizeOf(item['runs'])]));
    },
    forgetNights: (key) => table.remove(markKey('night', key)),
  };
}

const sizeOf = (value: unknown): number => (value instanceof Set ? value.size : 0);
