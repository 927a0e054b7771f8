/** Opens lists in the object store: what somebody put there, and what `list-source` wrote. */
import type { ListFormat } from '../manifest/sources/list-formats.ts';
import type { Entry, SourceList } from '../manifest/sources/object.ts';
import { openList } from '../manifest/sources/open-list.ts';
import type { Objects } from '../stores/objects.ts';
import { readListDocument } from './list-document.ts';

/** @param from found out where it is not said */
export const openStored = (
  name: string,
  from: ListFormat | undefined,
  objects: Pick<Objects, 'head' | 'read'>,
): Promise<SourceList> => {
  const files = {
    read: objects.read,
    sizeOf: async (file: string) => (await objects.head(file))?.sizeBytes,
  };
  return openList({ files, name, ...(from !== undefined && { from }) });
};

/** A list that `list-source` wrote: its parts are manifests. */
export interface WrittenList extends SourceList {
  /** What was listed, as it was ordered. */
  readonly origin: string;
}

/** @throws InputError (NOT_FOUND); StoreError */
export async function openWritten(
  key: string,
  objects: Pick<Objects, 'head' | 'read'>,
): Promise<WrittenList> {
  const { source: origin, format, columns, parts } = await readListDocument(key, objects);
  async function* blocks(): AsyncGenerator<readonly Entry[]> {
    for (const part of parts) yield* (await openStored(part, 'manifest', objects)).blocks;
  }
  return { format, columns, origin, hasUrls: true, blocks: blocks() };
}
