/** Stores claims, named leases, notes and counts of nights in DynamoDB. */
import type { NoteCalls } from '../../ledger-parts.ts';
import type { Expiry } from './expiry.ts';
import { number, text } from './item.ts';
import { noteKey } from './keys.ts';
import type { Table } from './table.ts';

export function createNotes(table: Table, expiry: Expiry, now: () => Date): NoteCalls {
  return {
    async claim(key, claim, at) {
      const item = { ...noteKey('claim', key), ...claim, ...expiry.ended(at) };
      if (await table.put(item, 'attribute_not_exists(#pk)')) return claim;
      const kept = await table.get(noteKey('claim', key));
      return kept
        ? { runId: text(kept, 'runId'), requestHash: text(kept, 'requestHash') }
        : // It expired between the two.
          claim;
    },
    takeLease(name, { owner, at, leaseMs }) {
      const until = at.getTime() + leaseMs;
      const item = { ...noteKey('lease', name), owner, until, ...expiry.ended(at) };
      const free = 'attribute_not_exists(#pk) OR #owner = :owner OR #until <= :at';
      return table.put(item, free, { owner, at: at.getTime() });
    },
    dropLease: (name, owner) => table.remove(noteKey('lease', name), '#owner = :owner', { owner }),
    async readNote(name) {
      const item = await table.get(noteKey('note', name));
      return item && { text: text(item, 'text'), version: number(item, 'version') };
    },
    swapNote(name, content, version) {
      const item = {
        ...noteKey('note', name),
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
        noteKey('night', key),
        `${ttl === undefined ? '' : 'SET #ttl = :ttl '}ADD #runs :run`,
        { run: new Set([runId]), ...(ttl !== undefined && { ttl }) },
      );
      return sizeOf(item?.['runs']);
    },
    async nights(keys) {
      const items = await table.getMany([...new Set(keys)].map((key) => noteKey('night', key)));
      const prefix = noteKey('night', '').pk.length;
      return new Map(items.map((item) => [text(item, 'pk').slice(prefix), sizeOf(item['runs'])]));
    },
    forgetNights: (key) => table.remove(noteKey('night', key)),
  };
}

const sizeOf = (value: unknown): number => (value instanceof Set ? value.size : 0);
