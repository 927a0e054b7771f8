/** The first phases of an audit: both sides are listed, and written in sorted chunks. */
import { InputError } from '../lib/errors.ts';
import type { ListedObject } from '../lib/s3/list-page.ts';
import { parseInstant, parseSize } from '../manifest/sources/fields.ts';
import type { Entry } from '../manifest/sources/object.ts';
import { mapKey } from '../manifest/sources/write-manifest.ts';
import { createChunkWriter, MAX_SEQUENCES } from './chunks.ts';
import type { AuditedObject } from './object.ts';
import { readSource, sourceFiles } from './source-list.ts';
import type { AuditState } from './state.ts';
import type { Outcome, Work } from './work.ts';

type SideName = 'source' | 'target';

/** Sorts what is added; each `flush` is a checkpoint. */
function createSpool(work: Work, name: SideName) {
  const { sizes } = work;
  const writer = createChunkWriter();
  let [objects, bytes] = [0, 0n];
  return {
    add(object: AuditedObject): void {
      writer.add(object);
      objects += 1;
      bytes += BigInt(object.sizeBytes ?? 0);
    },
    isFull: () => writer.chars >= sizes.chunkChars || work.isLate(),
    /** @param change what the checkpoint tells besides */
    async flush(change: (state: AuditState) => AuditState) {
      const before = work.state[name];
      const taken = writer.take(before.sequences);
      const sequences = taken?.sequences ?? before.sequences;
      if (sequences.chunks.length > MAX_SEQUENCES) throw unordered(name);
      const writers = taken ? await work.put(name, taken.text) : before.writers;
      const side = {
        ...{ writers, sequences: { ...sequences, chunks: [...sequences.chunks] } },
        objects: before.objects + objects,
        bytes: String(BigInt(before.bytes) + bytes),
      };
      [objects, bytes] = [0, 0n];
      const { state } = work;
      return work.save(change({ ...state, [name]: { ...state[name], ...side } }));
    },
  };
}

const unordered = (name: SideName): InputError =>
  new InputError(
    'LIST_UNORDERED',
    `The list of the ${name} is in no order, and too long to be sorted here. Audit one prefix after the other.`,
  );

export async function spoolSource(work: Work): Promise<Outcome> {
  const { objects } = work;
  const { order, source } = work.state;
  const spool = createSpool(work, 'source');
  const read = createSourceReader(work.state, spool.add);
  const files = await sourceFiles(order, objects);
  let at = source.at;
  for await (const { entries, next } of readSource(files, objects, at)) {
    for (const entry of entries) read.entry(entry);
    at = next;
    if (!spool.isFull()) continue;
    const saved = await spool.flush((state) => read.into(state, at));
    if (saved !== 'on') return saved;
  }
  const saved = await spool.flush((state) => ({ ...read.into(state, at), phase: 'target' }));
  return saved === 'on' ? 'done' : saved;
}

/** Chooses what should be in the target, and counts all that the list names. */
function createSourceReader({ order, source }: AuditState, add: (object: AuditedObject) => void) {
  let { lines, withoutSize, prefix } = source;
  const leftOut: Record<string, number> = { ...source.leftOut };
  const leave = (reason: string): void => {
    leftOut[reason] = (leftOut[reason] ?? 0) + 1;
  };
  return {
    entry(entry: Entry): void {
      lines += 1;
      const key = mapKey(entry.key, order.keys ?? {});
      if ('leftOut' in entry) leave(entry.leftOut);
      else if (key === undefined || !key.startsWith(order.prefix ?? '')) leave('OUTSIDE_PREFIX');
      else {
        add({ ...entry, key });
        if (entry.sizeBytes === undefined) withoutSize += 1;
        if (prefix === undefined || !key.startsWith(prefix)) prefix = commonPrefix(prefix, key);
      }
    },
    into: (state: AuditState, at: AuditState['source']['at']): AuditState => ({
      ...state,
      source: {
        ...state.source,
        ...{ at, lines, withoutSize, leftOut: { ...leftOut } },
        ...(prefix !== undefined && { prefix }),
      },
    }),
  };
}

/** Of whole characters. */
function commonPrefix(a: string | undefined, b: string): string {
  if (a === undefined) return b;
  let length = 0;
  while (length < a.length && a[length] === b[length]) length += 1;
  const prefix = a.slice(0, length);
  return prefix.isWellFormed() ? prefix : prefix.slice(0, -1);
}

export async function spoolTarget(work: Work): Promise<Outcome> {
  const { order, source, target } = work.state;
  // Nothing should be there, and nobody said where to look.
  const prefix = order.prefix ?? source.prefix;
  const spool = createSpool(work, 'target');
  if (prefix !== undefined && target.rest) {
    const bucket = await work.openTarget(order.target, (kind) =>
      work.count(kind === 'list' ? 'targetLists' : 'targetHeads'),
    );
    for await (const { objects, rest } of bucket.pages(prefix, target.rest)) {
      for (const object of objects) spool.add(toObject(object));
      if (rest && !spool.isFull()) continue;
      const saved = await spool.flush(({ target: { rest: _, ...side }, ...state }) => ({
        ...state,
        target: { ...side, ...(rest && { rest: { ...(rest.from && { from: rest.from }) } }) },
      }));
      if (saved !== 'on') return saved;
    }
  }
  const saved = await spool.flush((state) => ({ ...state, phase: 'join' }));
  return saved === 'on' ? 'done' : saved;
}

function toObject({ key, sizeBytes, etag, modified }: ListedObject): AuditedObject {
  const [size, at] = [parseSize(sizeBytes), parseInstant(modified)];
  return {
    key,
    ...(size !== undefined && { sizeBytes: size }),
    ...(etag !== '' && { etag }),
    ...(at !== undefined && { modified: at }),
  };
}
