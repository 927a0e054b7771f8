/** What `list-source` reads a list from: a bucket, or a file in the object store. */
import { InputError } from '../lib/errors.ts';
import { parseSourceUrl } from '../manifest/sources/address.ts';
import { type EntryPage, LISTED_COLUMNS, listEntries } from '../manifest/sources/bucket-list.ts';
import { schemeOf } from '../manifest/sources/config.ts';
import { findBucket } from '../manifest/sources/find-bucket.ts';
import type { Entry, ListColumn, SourceList } from '../manifest/sources/object.ts';
import { openList } from '../manifest/sources/open-list.ts';
import type { Sources } from '../manifest/sources/sources.ts';
import { isSourceUrl } from '../manifest/url.ts';
import type { Objects } from '../stores/objects.ts';
import type { ListState } from './list-state.ts';
import { listFilesIn, openWritten, type WrittenList } from './written-list.ts';

export interface ListReading {
  /** Of its objects. */
  readonly address: string;
  readonly format: string;
  readonly columns: readonly ListColumn[];
  /** What keys at the target have no more. */
  readonly strip: string;
  readonly pages: AsyncIterable<EntryPage>;
}

interface ReadingOptions {
  readonly objects: Pick<Objects, 'head' | 'read'>;
  readonly sources: Sources;
}

/** Opens a list where it goes on. @throws InputError; StoreError */
export async function openReading(state: ListState, options: ReadingOptions): Promise<ListReading> {
  const { source, target, rest, isListed } = state;
  if (!isSourceUrl(source)) return openFile(state, options);
  const { bucket, address, prefix } = await findBucket(options.sources, source);
  const pages = isListed ? none() : listEntries(bucket, prefix, rest);
  const strip = target === undefined ? '' : prefix;
  return { address, format: 'bucket', columns: LISTED_COLUMNS, strip, pages };
}

async function* none(): AsyncGenerator<EntryPage> {}

/** A file is read again from its start, past what is written: it does not change. */
async function openFile(state: ListState, { objects, sources }: ReadingOptions) {
  const { source: key, base, format, target, isListed, totals } = state;
  const list: SourceList & Partial<Pick<WrittenList, 'origin'>> = key.endsWith('/list.json')
    ? await openWritten(key, objects)
    : await openList({ files: listFilesIn(objects), name: key, ...(format && { from: format }) });
  const pages = isListed ? none() : pagesOf(list.blocks, totals.listed);
  const isWhole = list.hasUrls || list.source !== undefined || base === undefined;
  const known = list.source ?? base;
  const address = list.hasUrls ? '' : (known ?? addressOf(key, sources));
  const origin = base ?? list.origin;
  // Keys of an inventory are those of the bucket, keys of tools those behind what they listed.
  const strip = target === undefined || !isWhole || origin === undefined ? '' : prefixOf(origin);
  return { address, format: list.format, columns: list.columns, strip, pages };
}

async function* pagesOf(
  blocks: AsyncIterable<readonly Entry[]>,
  done: number,
): AsyncGenerator<EntryPage> {
  let seen = 0;
  for await (const block of blocks) {
    const from = Math.max(0, done - seen);
    seen += block.length;
    if (from < block.length) yield { entries: block.slice(from), rest: {} };
  }
  // Only now is it proved whole.
  yield { entries: [] };
}

function prefixOf(address: string): string {
  const parsed = parseSourceUrl(address, 'prefix');
  return 'fault' in parsed ? '' : parsed.key;
}

/** `inventories/<source>/…`: that of the source, where the inventory itself doesn't tell its bucket. */
function addressOf(key: string, sources: Sources): string {
  const name = key.split('/')[1];
  const source = sources.all().find((each) => each.name === name);
  if (source) return `${schemeOf(source)}://${source.bucket}`;
  const message = `${key}: the list does not tell its bucket, and WAYBILL_SOURCES_FILE has no source ${name}`;
  throw new InputError('NOT_FOUND', `${message}.`);
}
