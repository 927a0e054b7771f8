/** Catch-up: a list compared with an older one. The cases are in `test/fixtures/cases/catch-up/`. */

import { readFileSync } from 'node:fs';
import { describe, expect, it } from 'vitest';
import { compareWith } from '../../../../../shared/manifest/sources/compare-lists.ts';
import { createFilter } from '../../../../../shared/manifest/sources/filters.ts';
import type { Entry, SourceObject } from '../../../../../shared/manifest/sources/object.ts';
import { openList } from '../../../../../shared/manifest/sources/open-list.ts';
import { casePath, localFiles, writeList } from './lists.ts';

const open = (name: string) => openList({ files: localFiles, name: casePath(`catch-up/${name}`) });

async function* once(entries: readonly Entry[]) {
  yield entries;
}

/** What one object is, after it was listed as `older`. */
async function judge(older: Omit<SourceObject, 'key'>, newer: Omit<SourceObject, 'key'>) {
  const comparison = await compareWith(once([{ key: 'k', ...older }]));
  const leftOut = comparison.judge('k', { key: 'k', ...newer });
  return { leftOut, ...comparison.report() };
}

const base = { sizeBytes: '9', etag: 'a', modified: '2026-11-20T08:00:00.107Z' };

describe('the lists of the case', () => {
  const expected = JSON.parse(readFileSync(casePath('catch-up/expected.json'), 'utf8'));

  const run = async (assumeUnchanged = false) => {
    const older = await open('older.csv');
    const comparison = await compareWith(older.blocks, assumeUnchanged);
    const { text, leftOut } = await writeList(await open('newer.csv'), { comparison });
    const keys = text
      .trimEnd()
      .split('\n')
      .slice(1)
      .map((line) => line.split(',')[1]);
    return { keys, leftOut, ...comparison.report() };
  };

  it('are compared by ETag, size and time: what differs in anything is moved', async () => {
    const { keys, leftOut, ...report } = await run();
    expect(keys.sort()).toEqual(Object.keys(expected.moved).sort());
    expect(leftOut).toEqual({ UNCHANGED: expected.notMoved.length });
    expect(report).toEqual({
      new: 1,
      changed: { etag: 3, size: 0, modified: 0 },
      unknown: 1,
      unchanged: 2,
      gone: expected.gone.length,
    });
  });

  it('C08: what the older list says nothing about is moved, or left on request, and counted apart', async () => {
    const { keys, leftOut, unknown } = await run(true);
    expect(keys).not.toContain('unknown.txt');
    expect({ leftOut, unknown }).toEqual({
      leftOut: { UNCHANGED: 2, UNKNOWN_CHANGE: 1 },
      unknown: 1,
    });
  });
});

it('C01: same size and time with another ETag is a change', async () => {
  expect((await judge(base, { ...base, etag: 'b' })).changed.etag).toBe(1);
});

it('another size is a change, with or without ETags', async () => {
  expect((await judge(base, { ...base, sizeBytes: '10' })).changed.size).toBe(1);
  const { etag: _, ...untagged } = base;
  expect((await judge(untagged, { ...untagged, sizeBytes: '8' })).changed.size).toBe(1);
});

it('C06: times are compared in whole seconds where one side has no fraction', async () => {
  const seconds = { ...base, modified: '2026-11-20T08:00:00Z' };
  expect((await judge(base, seconds)).leftOut).toBe('UNCHANGED');
  expect((await judge(seconds, base)).leftOut).toBe('UNCHANGED');
  const later = { ...base, modified: '2026-11-20T08:00:00.108Z' };
  expect((await judge(base, later)).changed.modified).toBe(1);
  const nanoseconds = { ...base, modified: '2026-11-20T08:00:00.107000000Z' };
  expect((await judge(base, nanoseconds)).leftOut).toBe('UNCHANGED');
});

it('C07: a new ETag alone counts as a change, by the ETag', async () => {
  const { changed, leftOut } = await judge(base, {
    ...base,
    etag: 'b-2',
    modified: '2026-11-21T08:00:00Z',
  });
  expect({ changed, leftOut }).toEqual({
    changed: { etag: 1, size: 0, modified: 0 },
    leftOut: undefined,
  });
});

it('C09: a time that went back is a change', async () => {
  const back = { ...base, modified: '2019-01-01T00:00:00Z' };
  expect((await judge(base, back)).changed.modified).toBe(1);
});

it.each([
  ['the ETag', { etag: 'a' }, 'UNCHANGED'],
  ['an MD5 for an ETag', { md5: 'a' }, 'UNCHANGED'],
  ['size and time', { sizeBytes: '9', modified: base.modified }, 'UNCHANGED'],
  ['the size alone', { sizeBytes: '9' }, undefined],
  ['the time alone', { modified: base.modified }, undefined],
  ['nothing', {}, undefined],
] as const)(
  'C08: %s, where no more is known on one side, gives %4$s',
  async (_what, fields, leftOut) => {
    for (const found of [await judge(fields, base), await judge(base, fields)]) {
      expect(found.leftOut).toBe(leftOut);
      expect(found.unknown).toBe(leftOut === undefined ? 1 : 0);
    }
  },
);

it('an object that is listed but not sent is not gone', async () => {
  const older = ['archived', 'filtered', 'deleted', 'gone'].map((key) => ({ key, etag: 'a' }));
  const comparison = await compareWith(once(older));
  await writeList(
    {
      format: '',
      columns: [],
      hasUrls: false,
      blocks: once([
        { key: 'archived', storageClass: 'GLACIER' },
        { key: 'filtered' },
        { key: 'deleted', leftOut: 'DELETE_MARKER' },
      ]),
    },
    { comparison, filter: createFilter({ exclude: ['filtered'] }) },
  );
  expect(comparison.report().gone).toBe(2);
});

it('finds each of 70,000 keys, and no other', async () => {
  const keys = Array.from({ length: 70_000 }, (_, at) => `photos/${at % 97}/${at}.jpg`);
  const comparison = await compareWith(once(keys.map((key) => ({ key, etag: key }))));
  const leftOut = keys.filter((key) => comparison.judge(key, { key, etag: key }) === 'UNCHANGED');
  expect(leftOut).toHaveLength(keys.length);
  expect(comparison.judge('photos/0/70001.jpg', { key: '', etag: '' })).toBeUndefined();
  expect(comparison.report()).toMatchObject({ new: 1, unchanged: 70_000, gone: 0 });
});
