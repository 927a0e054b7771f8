/** Opens lists that `list-source` wrote: their parts are manifests. */
import type { ListFiles } from '../manifest/sources/files.ts';
import type { Entry, SourceList } from '../manifest/sources/object.ts';
import { openManifestList } from '../manifest/sources/text-list.ts';
import type { Objects } from '../stores/objects.ts';
import { readListDocument } from './list-document.ts';

type Stored = Pick<Objects, 'head' | 'read'>;

export const listFilesIn = (objects: Stored): ListFiles => ({
  read: objects.read,
  sizeOf: async (file) => (await objects.head(file))?.sizeBytes,
});

export interface WrittenList extends SourceList {
  /** What was listed, as it was ordered. */
  readonly origin: string;
}

/** @throws InputError (NOT_FOUND); StoreError */
export async function openWritten(key: string, objects: Stored): Promise<WrittenList> {
  const { source: origin, format, columns, parts } = await readListDocument(key, objects);
  async function* blocks(): AsyncGenerator<readonly Entry[]> {
    for (const part of parts) yield* readPart(part, objects);
  }
  return { format, columns, origin, hasUrls: true, blocks: blocks() };
}

/** @throws InputError (LIST_DAMAGED, NOT_FOUND); StoreError */
export async function* readPart(part: string, objects: Stored): AsyncGenerator<readonly Entry[]> {
  yield* (await openManifestList(listFilesIn(objects), part)).blocks;
}
