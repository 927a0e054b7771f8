/** Reads what should be in the target: the lines of a manifest, or of the parts that a run listed. */
import * as v from 'valibot';
import { jsonText } from '../lib/validate.ts';
import { type ListFiles, listError } from '../manifest/sources/files.ts';
import type { Entry } from '../manifest/sources/object.ts';
import { openManifestList } from '../manifest/sources/text-list.ts';
import { listKey } from '../stores/layout.ts';
import { changedObject, noObject } from '../stores/object-keys.ts';
import { type Objects, readSmall } from '../stores/objects.ts';
import type { AuditOrder, AuditState } from './state.ts';

/** Where a reading goes on. */
type SourcePlace = AuditState['source']['at'];

export interface SourcePage {
  readonly entries: readonly Entry[];
  /** Behind them. */
  readonly next: SourcePlace;
}

/** Of `list.json`, which names up to some ten thousand parts. */
const LIST_BYTES = 67_108_864;

const listShape = v.looseObject({ parts: v.array(v.string()) });

/** The files that hold the lines, in order. @throws InputError (NOT_FOUND, MANIFEST_CHANGED); StoreError */
export async function sourceFiles(
  { of }: Pick<AuditOrder, 'of'>,
  objects: Pick<Objects, 'head' | 'read'>,
): Promise<readonly string[]> {
  const key = of.kind === 'manifest' ? of.key : listKey(of.runId);
  const info = await objects.head(key);
  if (!info) throw noObject(key);
  if (of.kind === 'manifest') {
    if (of.etag !== undefined && info.etag !== of.etag) throw changedObject(key);
    return [key];
  }
  const text = await readSmall(objects, info, LIST_BYTES);
  const list = v.safeParse(v.pipe(jsonText, listShape), text);
  if (list.success) return list.output.parts;
  throw listError('LIST_DAMAGED', key, 'it names no parts. List the source again.');
}

/** From a place on; what comes before it in its file is read again, and left out. */
export async function* readSource(
  files: readonly string[],
  objects: Pick<Objects, 'head' | 'read'>,
  from: SourcePlace,
): AsyncGenerator<SourcePage> {
  const listFiles: ListFiles = {
    read: objects.read,
    sizeOf: async (name) => (await objects.head(name))?.sizeBytes,
  };
  for (const [at, name] of files.entries()) {
    if (at < from.file) continue;
    const done = at === from.file ? from.entry : 0;
    if ((await listFiles.sizeOf(name)) === 0) continue;
    const { blocks } = await openManifestList(listFiles, name);
    let entry = 0;
    for await (const block of blocks) {
      const entries = block.slice(Math.max(0, done - entry));
      entry += block.length;
      if (entries.length > 0) yield { entries, next: { file: at, entry } };
    }
    yield { entries: [], next: { file: at + 1, entry: 0 } };
  }
}
