/** The comparison of two lists: sorted on disk, joined, and gone on with after any batch. */
import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { createChunkWriter, type Sequences } from '../../../../shared/audit/chunks.ts';
import { type Joined, joinSides } from '../../../../shared/audit/merge-join.ts';
import type { AuditedObject } from '../../../../shared/audit/object.ts';
import { openSortedSide, type SidePlaces } from '../../../../shared/audit/sorted-side.ts';
import { mapKey } from '../../../../shared/manifest/sources/write-manifest.ts';
import { createFolderObjects } from '../../../../shared/stores/folder/objects.ts';
import type { Objects } from '../../../../shared/stores/objects.ts';
import { readCase } from '../../../fixtures/cases.ts';
import { temporaryFolder } from '../../../fixtures/stores.ts';

/** Bytes of a store in memory, that reads as stores do. */
function memoryObjects() {
  const texts = new Map<string, Buffer>();
  const read: Objects['read'] = async function* (key, { start, end } = {}) {
    yield (texts.get(key) as Buffer).subarray(start, end);
  };
  return { read, put: (key: string, text: string) => void texts.set(key, Buffer.from(text)) };
}

/** Writes a side in chunks of so many objects. @returns keys of its chunks, by sequence */
function spool(
  put: (key: string, text: string) => void,
  name: string,
  listed: readonly AuditedObject[],
  perChunk: number,
): string[][] {
  const writer = createChunkWriter();
  let sequences: Sequences = { chunks: [] };
  const keys: string[][] = [];
  const flush = () => {
    const taken = writer.take(sequences);
    if (!taken) return;
    const key = `${name}-${keys.flat().length}`;
    put(key, Buffer.concat(taken.text).toString());
    if (taken.sequences.chunks.length > sequences.chunks.length) keys.push([]);
    keys.at(-1)?.push(key);
    sequences = taken.sequences;
  };
  for (const [at, object] of listed.entries()) {
    writer.add(object);
    if ((at + 1) % perChunk === 0) flush();
  }
  flush();
  expect(sequences.chunks).toEqual(keys.map(({ length }) => length));
  return keys;
}

const bytesOf = (key: string): string => Buffer.from(key).toString('latin1');

/** By set comparison, in the order of bytes. */
function naive(source: readonly AuditedObject[], target: readonly AuditedObject[]): Joined[] {
  const [from, to] = [source, target].map(
    (side) => new Map(side.map((object) => [object.key, object])),
  ) as [Map<string, AuditedObject>, Map<string, AuditedObject>];
  const keys = [...new Set([...from.keys(), ...to.keys()])];
  keys.sort((a, b) => (bytesOf(a) < bytesOf(b) ? -1 : 1));
  return keys.map((key) => {
    const [one, other] = [from.get(key), to.get(key)];
    return { ...(one && { source: one }), ...(other && { target: other }) };
  });
}

/** Surrogates, and what is behind them in units and not in bytes, are as likely as letters. */
const key = fc
  .array(fc.constantFrom('a', 'b', '/', '-', '～', '😀', '\u{10ffff}', '\uffff', 'é', '\n', '"'), {
    minLength: 1,
    maxLength: 6,
  })
  .map((parts) => parts.join(''));

const side = fc.array(fc.record({ key, sizeBytes: fc.nat(9).map(String) }), { maxLength: 40 });

describe('joining two lists', () => {
  it('finds what a comparison of sets finds, whatever the order, the mapping and the chunks', async () => {
    await fc.assert(
      fc.asyncProperty(
        side,
        side,
        fc.constantFrom('', 'new/', '😀'),
        fc.integer({ min: 1, max: 7 }),
        fc.integer({ min: 1, max: 90 }),
        async (source, target, prefix, perChunk, readBytes) => {
          const rules = { strip: 'photos/', add: prefix };
          const from = source.map((object) => ({
            ...object,
            key: mapKey(`photos/${object.key}`, rules) as string,
          }));
          const to = target.map((object) => ({ ...object, key: prefix + object.key }));
          const { put, read } = memoryObjects();
          const sides = [spool(put, 's', from, perChunk), spool(put, 't', to, perChunk)];
          const [a, b] = sides.map((sequences) =>
            openSortedSide({ objects: { read }, sequences, readBytes }),
          ) as [ReturnType<typeof openSortedSide>, ReturnType<typeof openSortedSide>];
          const found = await Array.fromAsync(joinSides(a, b, 3));
          expect(found.flat()).toEqual(naive(from, to));
          expect(found.slice(0, -1).every(({ length }) => length === 3)).toBe(true);
          expect(found.at(-1)?.length ?? 1).toBeOneOf([1, 2, 3]);
          expect(a.places().repeated).toBe(from.length - new Set(from.map((o) => o.key)).size);
        },
      ),
      { numRuns: 300 },
    );
  });

  it('goes on from any checkpoint as if nothing had happened', async () => {
    await fc.assert(
      fc.asyncProperty(
        side,
        side,
        fc.integer({ min: 1, max: 7 }),
        fc.integer({ min: 1, max: 90 }),
        async (source, target, perChunk, readBytes) => {
          const { put, read } = memoryObjects();
          const sides = [spool(put, 's', source, perChunk), spool(put, 't', target, perChunk)];
          const found: Joined[] = [];
          let from: readonly SidePlaces[] | undefined;
          for (;;) {
            const [a, b] = sides.map((sequences, at) =>
              // Another worker may read in other pieces.
              openSortedSide({
                objects: { read },
                sequences,
                from: from?.[at],
                readBytes: found.length % 8 === 0 ? 400 : readBytes,
              }),
            ) as [ReturnType<typeof openSortedSide>, ReturnType<typeof openSortedSide>];
            const { value, done } = await joinSides(a, b, 4).next();
            if (done) break;
            found.push(...value);
            from = JSON.parse(JSON.stringify([a.places(), b.places()]));
          }
          expect(found).toEqual(naive(source, target));
        },
      ),
      { numRuns: 200 },
    );
  });
});

describe('A01, A02: keys compare as UTF-8 bytes, whatever the order of the list', () => {
  const { source, targetAsListed } = JSON.parse(readCase('audit/unsorted-target.json')) as {
    source: string[];
    targetAsListed: string[];
  };

  it.each([1, 2, 3, 100])(
    'counts nothing missing and nothing extra, in chunks of %i',
    async (perChunk) => {
      const objects = createFolderObjects(temporaryFolder());
      const texts: [string, string][] = [];
      const put = (name: string, text: string) => void texts.push([name, text]);
      const toObjects = (keys: readonly string[]) => keys.map((name) => ({ key: name }));
      const sides = [
        spool(put, 'source', toObjects(source), perChunk),
        spool(put, 'target', toObjects(targetAsListed), perChunk),
      ];
      for (const [name, text] of texts) await objects.put(name, text);
      const [a, b] = sides.map((sequences) => openSortedSide({ objects, sequences }));
      const found = await Array.fromAsync(joinSides(a as never, b as never));
      expect(found.flat().map(({ source: from, target: to }) => [from?.key, to?.key])).toEqual(
        source.map((name) => [name, name]),
      );
    },
  );

  it('keeps a list that is in order as one sequence, which needs no merge', () => {
    const { put } = memoryObjects();
    const inOrder = source.map((name) => ({ key: name }));
    expect(spool(put, 'source', inOrder, 2)).toHaveLength(1);
    expect(
      spool(
        put,
        'target',
        targetAsListed.map((name) => ({ key: name })),
        2,
      ),
    ).not.toHaveLength(1);
  });
});

it('tells how much text waits for a chunk, and nothing once it is taken', () => {
  const writer = createChunkWriter();
  for (const key of ['b', 'a', '视频']) writer.add({ key, sizeBytes: '1' });
  const { chars } = writer;
  const { text = [] } = writer.take({ chunks: [] }) ?? {};
  expect(Buffer.concat(text).toString()).toHaveLength(chars);
  expect(writer.chars).toBe(0);
  expect(writer.take({ chunks: [] })).toBeUndefined();
});
