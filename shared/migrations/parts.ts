/** What a round moves, as parts that are manifests: its list, or what a catch-up found in it. */
import { readListDocument } from '../runs/list-document.ts';
import { listKey } from '../stores/layout.ts';
import type { Objects } from '../stores/objects.ts';
import { migrationKey } from './ids.ts';
import { latestRound, type MigrationRecord } from './record.ts';

/** The document that names the parts of what a round moves. */
export const movedKey = (
  { migrationId, rounds }: Pick<MigrationRecord, 'migrationId' | 'rounds'>,
  index = rounds.length - 1,
): string => {
  const round = rounds[index];
  return round?.kind === 'first'
    ? listKey(round.listRunId)
    : migrationKey(migrationId, `changes-${index}.json`);
};

/** Keys of the parts. @throws InputError (NOT_FOUND); StoreError */
export const partsOf = async (
  migration: MigrationRecord,
  objects: Pick<Objects, 'head' | 'read'>,
): Promise<readonly string[]> => (await readListDocument(movedKey(migration), objects)).parts;

/** Lines of what the latest round moves. */
export function writtenOf(migration: MigrationRecord): number {
  const { kind, list, comparison } = latestRound(migration);
  return (kind === 'first' ? list?.written : comparison?.written) ?? 0;
}
