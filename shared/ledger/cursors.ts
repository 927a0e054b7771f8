/**
 * The cursors of pages of runs and transfers: where the next page starts. They are the same in
 * every store.
 */
import { InputError } from '../lib/errors.ts';
import type { AuditEntry } from './audit-log.ts';
import type { KeptMigration } from './migration.ts';
import type { Page, Run, Transfer } from './model.ts';

export const RUN_CURSOR = /^([0-9]{1,15})\.([A-Za-z0-9_-]{1,64})$/;

export const TRANSFER_CURSOR = /^([0-9]{1,9})\.([0-9]{1,10})$/;

interface RunCursor {
  readonly createdAtMs: number;
  readonly runId: string;
}

export const runCursor = ({ createdAt, runId }: Pick<Run, 'createdAt' | 'runId'>): string =>
  `${createdAt.getTime()}.${runId}`;

/** Read as that of a run. */
export const migrationCursor = ({
  createdAt,
  migrationId,
}: Pick<KeptMigration, 'createdAt' | 'migrationId'>): string =>
  runCursor({ createdAt, runId: migrationId });

/** Read as that of a run. */
export const auditCursor = ({ at, entryId }: Pick<AuditEntry, 'at' | 'entryId'>): string =>
  runCursor({ createdAt: at, runId: entryId });

/** Before every run there is. */
const NEWEST: RunCursor = { createdAtMs: 999_999_999_999_999, runId: '~' };

/** @throws InputError (QUERY_INVALID, path `cursor`) */
export function parseRunCursor(cursor: string | undefined): RunCursor {
  if (cursor === undefined) return NEWEST;
  const match = RUN_CURSOR.exec(cursor);
  if (!match) throw invalidCursor();
  return { createdAtMs: Number(match[1]), runId: match[2] ?? '' };
}

export interface TransferCursor {
  readonly shard: number;
  readonly line: number;
}

export const transferCursor = ({ shard, line }: Pick<Transfer, 'shard' | 'line'>): string =>
  `${shard}.${line}`;

/** @throws InputError (QUERY_INVALID, path `cursor`) */
export function parseTransferCursor(cursor: string | undefined): TransferCursor {
  if (cursor === undefined) return { shard: 0, line: -1 };
  const match = TRANSFER_CURSOR.exec(cursor);
  if (!match) throw invalidCursor();
  return { shard: Number(match[1]), line: Number(match[2]) };
}

/** The page of what was found by asking for one more than it holds. */
export function pageOf<Item>(
  found: readonly Item[],
  size: number,
  cursorOf: (last: Item) => string,
): Page<Item> {
  const items = found.slice(0, size);
  const last = items.at(-1);
  return found.length > size && last ? { items, nextCursor: cursorOf(last) } : { items };
}

/** Every item of all pages, which are read as far as they are wanted. */
export async function* everyItem<Item>(
  readPage: (part: { readonly limit: number; readonly cursor?: string }) => Promise<Page<Item>>,
): AsyncGenerator<Item> {
  let cursor: string | undefined;
  do {
    const page = await readPage({ limit: 100, ...(cursor !== undefined && { cursor }) });
    yield* page.items;
    cursor = page.nextCursor;
  } while (cursor !== undefined);
}

const invalidCursor = (): InputError =>
  new InputError('QUERY_INVALID', 'The cursor is invalid.', [
    { path: 'cursor', message: 'expected a nextCursor of an earlier page' },
  ]);
