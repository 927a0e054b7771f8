/** Lists for tests: local files, files in memory, and what a list names. */
import { createReadStream, statSync } from 'node:fs';
import { fileURLToPath } from 'node:url';
import type { ListFiles } from '../../../../../shared/manifest/sources/files.ts';
import type { Entry, SourceList } from '../../../../../shared/manifest/sources/object.ts';
import { type ListOptions, openList } from '../../../../../shared/manifest/sources/open-list.ts';
import {
  createManifestWriter,
  type ManifestOptions,
} from '../../../../../shared/manifest/sources/write-manifest.ts';

export const casePath = (name: string): string =>
  fileURLToPath(new URL(`../../../../fixtures/cases/${name}`, import.meta.url));

export const localFiles: ListFiles = {
  read: (name, { start = 0, end = Number.POSITIVE_INFINITY } = {}) =>
    createReadStream(name, { start, end: end - 1 }),
  sizeOf: async (name) => statSync(name, { throwIfNoEntry: false })?.size,
};

export const inMemory = (all: Readonly<Record<string, string | Uint8Array>>): ListFiles => {
  const bytes = new Map(Object.entries(all).map(([name, text]) => [name, Buffer.from(text)]));
  return {
    async *read(name, { start = 0, end = Number.POSITIVE_INFINITY } = {}) {
      yield (bytes.get(name) ?? Buffer.alloc(0)).subarray(start, end);
    },
    sizeOf: async (name) => bytes.get(name)?.length,
  };
};

export async function entriesOf(list: SourceList): Promise<readonly Entry[]> {
  const all: Entry[] = [];
  for await (const block of list.blocks) all.push(...block);
  return all;
}

type Options = Omit<ListOptions, 'files' | 'name'>;

/** All that the list in a case names. */
export const readCase = async (name: string, options: Options = {}): Promise<readonly Entry[]> =>
  entriesOf(await openList({ files: localFiles, name: casePath(name), ...options }));

/** All that a list with this text names. */
export const readText = async (text: string, options: Options = {}): Promise<readonly Entry[]> =>
  entriesOf(await openList({ files: inMemory({ list: text }), name: 'list', ...options }));

/** The keys of the manifest of a list, and what is left out of it. */
export async function writeList(list: SourceList, options: Partial<ManifestOptions> = {}) {
  const { source, columns } = list;
  const writer = createManifestWriter({
    columns,
    ...(source !== undefined && { source }),
    ...options,
  });
  let text = writer.header;
  for await (const block of list.blocks) text += writer.write(block);
  return { text, ...writer.report() };
}
