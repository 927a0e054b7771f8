import { appendFileSync, mkdtempSync, rmSync, utimesSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, expect, it } from 'vitest';
import { createFolderObjects } from '../../shared/objects/folder.ts';
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

it('takes a file of the same size that was written within the same second for another version', async () => {
  const folder = temporaryFolder();
  const objects = createFolderObjects(folder);
  const before = await objects.put('k', 'aaaa');
  writeFileSync(join(folder, 'k'), 'bbbb');
  utimesSync(join(folder, 'k'), new Date(), new Date(before.lastModifiedAt.getTime() + 1));
  expect((await objects.head('k'))?.etag).not.toBe(before.etag);
});
