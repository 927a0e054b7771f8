/** What a round moves, as parts that are manifests: its list, or what a catch-up found in it. */
import { text as textOf } from 'node:stream/consumers';
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

interface PartText {
  /** With its line feed. */
  readonly header: string;
  /** Without line feeds. */
  readonly lines: readonly string[];
}

/** A part has some megabytes, and no line feed within a line. */
export async function readPart(key: string, objects: Pick<Objects, 'read'>): Promise<PartText> {
  const [header = '', ...lines] = (await textOf(objects.read(key))).split('\n');
  if (lines.at(-1) === '') lines.pop();
  return { header: `${header}\n`, lines };
}
