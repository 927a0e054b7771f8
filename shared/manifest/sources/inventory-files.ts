/**
 * Finds the files of an inventory, and proves that they are those of its manifest: all there, of the
 * same size, with the same MD5.
 */
import { createHash } from 'node:crypto';
import { shorten } from '../../lib/values.ts';
import type { Objects, ReadOptions } from '../../stores/objects.ts';
import { headOf, isGzip, type ListFiles, listError } from './files.ts';
import type { InventoryFile } from './inventory-manifest.ts';

/** A file that was found, of the size that the manifest names. */
export interface FoundFile extends InventoryFile {
  /** Where it is; `name` is what the manifest calls it. */
  readonly path: string;
}

/** No key is longer, however it is encoded. */
const MAX_NAME_LENGTH = 4_096;

/** Folders above the manifest in which its files are looked for. */
const MAX_ABOVE = 4;

/**
 * Finds each file before any is read. A manifest names keys of the bucket that holds the inventory; of a
 * copy, only the end of such a key may be left.
 * @param manifest path of the manifest
 * @throws InputError (LIST_INCOMPLETE, LIST_DAMAGED)
 */
export async function findFiles(
  files: ListFiles,
  manifest: string,
  named: readonly InventoryFile[],
): Promise<readonly FoundFile[]> {
  const found: FoundFile[] = [];
  for (const file of named) {
    const place = await locate(files, manifest, file);
    if (!place) {
      const what = `${shorten(file.name)} is missing, file ${found.length + 1} of ${named.length}. Fetch all files of the inventory, and keep their folders.`;
      throw listError('LIST_INCOMPLETE', manifest, what);
    }
    if (file.sizeBytes !== undefined && place.sizeBytes !== file.sizeBytes) {
      throw await otherSize(files, file, place);
    }
    found.push({ ...file, path: place.path });
  }
  return found;
}

interface Place {
  readonly path: string;
  readonly sizeBytes: number;
}

async function locate(
  files: ListFiles,
  manifest: string,
  { name, decoded }: InventoryFile,
): Promise<Place | undefined> {
  if (name.length > MAX_NAME_LENGTH) return undefined;
  const folders = manifest.split('/').slice(0, -1);
  for (const key of name === decoded ? [name] : [name, decoded]) {
    const segments = key.split('/').filter(Boolean);
    if (segments.includes('..')) return undefined;
    const above = Math.min(MAX_ABOVE, folders.length);
    for (let cut = 0; cut < segments.length; cut += 1) {
      for (let up = above; up >= 0; up -= 1) {
        const path = [...folders.slice(0, folders.length - up), ...segments.slice(cut)].join('/');
        const sizeBytes = await files.sizeOf(path);
        if (sizeBytes !== undefined) return { path, sizeBytes };
      }
    }
  }
  return undefined;
}

async function otherSize(files: ListFiles, file: InventoryFile, { path, sizeBytes }: Place) {
  const hash = createHash('md5');
  for await (const part of files.read(path)) hash.update(part);
  const isOtherMd5 = file.md5 !== undefined && hash.digest('hex') !== file.md5;
  const differs = `its size${isOtherMd5 ? ' and MD5 differ' : ' differs'} from the manifest: ${sizeBytes} bytes, expected ${file.sizeBytes}.`;
  const wasUnpacked = /\.gz$/.test(file.name) && !isGzip(await headOf(files, path, 2));
  const todo = wasUnpacked
    ? 'The file is not packed, so it was unpacked on the way: the manifest has size and MD5 of the packed file. Fetch it as stored, with Accept-Encoding: identity.'
    : 'Fetch the file again.';
  return listError('LIST_DAMAGED', path, `${differs} ${todo}`);
}

/**
 * Reads a file once and compares its MD5 at the end, where the manifest has one.
 * @param consume reads the file through the given `read`, to its end
 */
export async function* withProof<Block>(
  files: ListFiles,
  { path, md5 }: FoundFile,
  consume: (read: Objects['read']) => AsyncIterable<Block>,
): AsyncGenerator<Block> {
  if (md5 === undefined) return yield* consume(files.read);
  const hash = createHash('md5');
  let position = 0;
  async function* hashed(range: ReadOptions) {
    for await (const part of files.read(path, range)) {
      hash.update(part);
      position += part.length;
      yield part;
    }
  }
  yield* consume((name, range) =>
    range?.start === undefined ? hashed({}) : files.read(name, range),
  );
  // Zeros behind packed data need not be read by whoever unpacks it.
  for await (const _ of hashed({ start: position }));
  if (hash.digest('hex') === md5) return;
  const what = `its MD5 differs from the manifest, which has ${md5}. Fetch the file again.`;
  throw listError('LIST_DAMAGED', path, what);
}
