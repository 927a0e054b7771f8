/** Checks every configured source: lists its first page, and reads one byte of an object there. */
import { InputError, StoreError } from '../../shared/lib/errors.ts';
import type { Fetch } from '../../shared/lib/http.ts';
import { listEntries } from '../../shared/manifest/sources/bucket-list.ts';
import { type SourceConfig, schemeOf } from '../../shared/manifest/sources/config.ts';
import { type Entry, isArchived, objectUrl } from '../../shared/manifest/sources/object.ts';
import type { Sources } from '../../shared/manifest/sources/sources.ts';
import { probeUrl } from '../../shared/plans/probe.ts';
import type { CheckLine } from './line.ts';

export async function* checkSources(sources: Sources, fetch: Fetch): AsyncGenerator<CheckLine> {
  for (const source of sources.all()) {
    const found = await checkSource(source, sources, fetch);
    yield { part: 'source', name: source.name, ...found };
  }
}

type Found = Pick<CheckLine, 'state' | 'message'>;

async function checkSource(source: SourceConfig, sources: Sources, fetch: Fetch): Promise<Found> {
  let key: string | undefined;
  try {
    const keys = await sources.keys(source);
    key = await firstKey({ source, ...(keys && { keys }) });
  } catch (error) {
    if (!(error instanceof InputError || error instanceof StoreError)) throw error;
    // Objects behind a CDN may be sent from a list of somebody's.
    const state = source.publicUrl === undefined ? 'fault' : 'warning';
    return { state, message: error.message };
  }
  if (key === undefined)
    return { state: 'ok', message: 'can be listed; its first page has nothing to read.' };
  const url = objectUrl(`${schemeOf(source)}://${source.name}@${source.bucket}`, key);
  const finding = await probeUrl(url, { sources, fetch });
  if (finding) return { state: 'fault', message: `${finding.code}: ${finding.message}` };
  const life = await sources.life(source);
  if (life?.areTemporary && !life.keysEndAt) {
    const message = `can be listed and read, but its keys are temporary and their end is unknown. Set expiresAt in credential set "${source.credentials}".`;
    return { state: 'warning', message };
  }
  return { state: 'ok', message: 'can be listed and read.' };
}

/** Of an object that can be read at once. */
async function firstKey(bucket: Parameters<typeof listEntries>[0]): Promise<string | undefined> {
  const isRead = (entry: Entry): boolean =>
    !('leftOut' in entry) &&
    !entry.key.endsWith('/') &&
    !isArchived(entry.storageClass ?? '', schemeOf(bucket.source));
  // The first page says enough.
  for await (const { entries } of listEntries(bucket, '')) return entries.find(isRead)?.key;
  return undefined;
}
