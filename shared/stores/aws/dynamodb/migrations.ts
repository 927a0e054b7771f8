/** Stores migrations in DynamoDB, an item each. */
import { migrationCursor, pageOf, parseRunCursor } from '../../../ledger/cursors.ts';
import type { KeptMigration, MigrationState, NewMigration } from '../../../ledger/migration.ts';
import type { MigrationCalls } from '../../ledger-parts.ts';
import type { Expiry } from './expiry.ts';
import { has, type Item, number, text } from './item.ts';
import { createdSort, migrationKey } from './keys.ts';
import { oneOf, type Table } from './table.ts';

export function createMigrations(table: Table, expiry: Expiry, now: () => Date): MigrationCalls {
  const toItem = (migration: NewMigration, version: number) => {
    const { migrationId, createdAt, state, closedAt, document } = migration;
    return {
      ...migrationKey(migrationId),
      migrationId,
      kind: 'migration',
      created: createdSort(createdAt.getTime(), migrationId),
      createdAt: createdAt.getTime(),
      state,
      document,
      version,
      ...(closedAt
        ? // Like its runs, from its last change on.
          { closedAt: closedAt.getTime(), ...expiry.ended(now()) }
        : { open: 'migration' }),
    };
  };
  const find = async (migrationId: string): Promise<KeptMigration | undefined> => {
    const item = await table.get(migrationKey(migrationId));
    return item && toMigration(item);
  };
  return {
    async openMigration(migration) {
      if (await table.put(toItem(migration, 1), 'attribute_not_exists(#pk)')) {
        return { ...migration, version: 1 };
      }
      return (await find(migration.migrationId)) as KeptMigration;
    },
    migration: find,
    changeMigration: ({ version, ...migration }) =>
      table.put(toItem(migration, version + 1), '#version = :version', { version }),
    async migrations({ states = [], unclosed = false, cursor, limit = 20 }) {
      const size = Math.min(Math.max(limit, 1), 100);
      const { createdAtMs, runId } = parseRunCursor(cursor);
      const filter = oneOf('state', states).join('');
      const found = table.query({
        index: unclosed ? 'open' : 'newest',
        where: `#${unclosed ? 'open' : 'kind'} = :partition AND #created < :before`,
        values: {
          partition: 'migration',
          before: createdSort(createdAtMs, runId),
          ...Object.fromEntries(states.map((state, at) => [`state${at}`, state])),
        },
        ...(filter !== '' && { filter }),
        newestFirst: true,
        pageSize: size + 1,
      });
      const items: KeptMigration[] = [];
      for await (const item of found) if (items.push(toMigration(item)) > size) break;
      return pageOf(items, size, migrationCursor);
    },
  };
}

const toMigration = (item: Item): KeptMigration => ({
  migrationId: text(item, 'migrationId'),
  createdAt: new Date(number(item, 'createdAt')),
  state: text(item, 'state') as MigrationState,
  ...(has(item, 'closedAt') && { closedAt: new Date(number(item, 'closedAt')) }),
  document: text(item, 'document'),
  version: number(item, 'version'),
});
