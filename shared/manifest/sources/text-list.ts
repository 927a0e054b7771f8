/** Opens lists with one object per line, and manifests, which are such lists. */
import { decodeText } from '../../lib/decode-text.ts';
import { headOf, type ListFiles, listError, unpacked } from './files.ts';
import { type ListParser, mapLines, readLines } from './list-lines.ts';
import { createManifestParser } from './manifest-list.ts';
import type { Entry, SourceList } from './object.ts';

const HEAD_BYTES = 65_536;

const BRACE = 0x7b;

/** Lines that decide on the format. */
const JUDGED = 100;

export function textList(files: ListFiles, name: string, { parse, end }: ListParser) {
  async function* blocks(): AsyncGenerator<readonly Entry[]> {
    yield* mapLines(readLines(unpacked(files, name)), parse);
    end?.();
  }
  return { blocks: blocks() };
}

/** Those with text, without a line that the head may have cut. */
export async function firstLines(files: ListFiles, name: string): Promise<readonly string[]> {
  const found: string[] = [];
  let seen = 0;
  for await (const { lines } of readLines(unpacked(files, name))) {
    for (const line of lines) if (typeof line === 'string' && line.trim() !== '') found.push(line);
    seen += lines.length;
    if (found.length >= JUDGED || seen >= HEAD_BYTES) break;
  }
  const isText = !found.some((line) => line.includes('\0'));
  if (found.length > 0 && isText) return found.slice(0, JUDGED);
  const bytes = await headOf(files, name, HEAD_BYTES);
  // The manifest of an inventory may be one line, however many files it names.
  if (found.length === 0 && bytes[0] === BRACE) return ['{'];
  const head = decodeText(bytes);
  const why =
    'fault' in head ? head.fault : isText ? 'the file names nothing' : 'the file is not text';
  throw listError('LIST_UNKNOWN_FORMAT', name, `${why}. Check the file.`);
}

/** Undefined for lines that are no manifest's, unless somebody says that they are. */
export function manifestOf(
  [first = '']: readonly string[],
  files: ListFiles,
  name: string,
  isOne: boolean,
): SourceList | undefined {
  const manifest = createManifestParser(first, isOne);
  if (!manifest) return undefined;
  const { columns } = manifest;
  return { ...textList(files, name, manifest), format: 'manifest', columns, hasUrls: true };
}

/** The lines of a manifest, which is none if it is empty. @throws InputError (LIST_DAMAGED, LIST_UNKNOWN_FORMAT) */
export async function openManifestList(files: ListFiles, name: string): Promise<SourceList> {
  const manifest = manifestOf(await firstLines(files, name), files, name, true);
  if (manifest) return manifest;
  throw listError('LIST_UNKNOWN_FORMAT', name, 'it is no manifest. Check the file.');
}
