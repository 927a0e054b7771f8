import {
  appendFileSync,
  mkdtempSync,
  readdirSync,
  renameSync,
  rmSync,
  symlinkSync,
  utimesSync,
  writeFileSync,
} from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, describe, expect, it } from 'vitest';
import { createFolderObjects } from '../../shared/stores/folder/objects.ts';
import { temporaryFolder } from '../fixtures/stores.ts';
import { objectsContract } from './objects.ts';

const folders: string[] = [];
afterEach(() => {
  for (const folder of folders.splice(0)) rmSync(folder, { recursive: true });
});

objectsContract('folder', async () => {
  const folder = mkdtempSync(join(tmpdir(), 'waybill-objects-'));
  folders.push(folder);
  return createFolderObjects(folder);
});

it.each([
  ['whole', Number.POSITIVE_INFINITY],
  ['in part', 1],
])('G10: notices a file that changes while it is read, %s', async (_name, parts) => {
  const folder = temporaryFolder();
  const objects = createFolderObjects(folder);
  const { etag } = await objects.put('k', Buffer.alloc(2_000_000, 'x'));
  const reading = async () => {
    let seen = 0;
    for await (const _part of objects.read('k', { ifMatch: etag })) {
      if (seen === 0) appendFileSync(join(folder, 'k'), 'more');
      seen += 1;
      if (seen === parts) break;
    }
  };
  await expect(reading()).rejects.toMatchObject({ code: 'MANIFEST_CHANGED' });
});

describe('G10: takes for another version', () => {
  const AT = new Date('2026-11-20T02:00:00.000Z');
  const SAME_MS = (AT.getTime() + 0.5) / 1_000;
  it.each<[string, (path: string) => void]>([
    [
      'another file of the same time and size',
      (path) => {
        writeFileSync(`${path}.new`, 'bbbb');
        utimesSync(`${path}.new`, AT, AT);
        renameSync(`${path}.new`, path);
      },
    ],
    [
      'the same file at the same time with more in it',
      (path) => {
        appendFileSync(path, 'b');
        utimesSync(path, AT, AT);
      },
    ],
    [
      'the same file of the same size, written within the same millisecond',
      (path) => {
        writeFileSync(path, 'bbbb');
        utimesSync(path, SAME_MS, SAME_MS);
      },
    ],
  ])('%s', async (_name, replace) => {
    const folder = temporaryFolder();
    const objects = createFolderObjects(folder);
    const path = join(folder, 'k');
    await objects.put('k', 'aaaa');
    utimesSync(path, AT, AT);
    const before = await objects.head('k');
    replace(path);
    const after = await objects.head('k');
    expect(after?.lastModifiedAt).toEqual(before?.lastModifiedAt);
    expect(after?.etag).not.toBe(before?.etag);
  });
});

const badKey = { code: 'BODY_INVALID', errors: [{ path: 'key' }] };

it('refuses names and paths that are too long for a file', async () => {
  const objects = createFolderObjects(temporaryFolder());
  const longest = '视'.repeat(85);
  expect(await objects.put(`a/${longest}`, 'x')).toMatchObject({ sizeBytes: 1 });
  await expect(objects.put(`a/${longest}y`, 'x')).rejects.toMatchObject({
    ...badKey,
    message: expect.stringContaining('at most 255 bytes'),
  });
  const deep = Array.from({ length: 40 }, () => 'x'.repeat(200)).join('/');
  await expect(objects.put(deep, 'x')).rejects.toMatchObject(badKey);
  expect(await objects.head(deep)).toBeUndefined();
  expect(await objects.head(`a/${longest}y`)).toBeUndefined();
});

it('refuses a key below another object, or above one, and keeps that one', async () => {
  const objects = createFolderObjects(temporaryFolder());
  const kept = await objects.put('a/b', 'kept');
  await expect(objects.put('a/b/c', 'x')).rejects.toMatchObject(badKey);
  await expect(objects.put('a', 'x')).rejects.toMatchObject(badKey);
  expect(await Array.fromAsync(objects.list(''))).toEqual([kept]);
});

it('lists the others beside files whose names are no keys', async () => {
  const folder = temporaryFolder();
  const objects = createFolderObjects(folder);
  const kept = await objects.put('a', 'x');
  writeFileSync(join(folder, 'line\nfeed'), 'x');
  writeFileSync(Buffer.concat([Buffer.from(`${folder}/`), Buffer.from([0xff, 0xfe])]), 'x');
  symlinkSync(join(folder, 'nowhere'), join(folder, 'broken-link'));
  expect(await Array.fromAsync(objects.list(''))).toEqual([kept]);
});

it('passes on an error of the content as it is, and leaves nothing of the object behind', async () => {
  const folder = temporaryFolder();
  const failure = Object.assign(new Error('aborted'), { code: 'ECONNRESET', errno: -104 });
  const broken = async function* () {
    yield 'x';
    throw failure;
  };
  await expect(createFolderObjects(folder).put('a', broken())).rejects.toBe(failure);
  expect(readdirSync(folder)).toEqual([]);
});

it('G10: a write answers its own version, whatever others write and remove there meanwhile', async () => {
  const folder = temporaryFolder();
  const write = async (content: string) => {
    const objects = createFolderObjects(folder);
    for (let n = 0; n < 300; n += 1) {
      expect(await objects.put('in/a', content)).toMatchObject({ sizeBytes: content.length });
      await objects.remove('in/a');
    }
  };
  await Promise.all(['of one', 'of the other'].map(write));
});
