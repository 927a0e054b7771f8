/** G6: what links, pipes and folders in the store's folder lead to, and who may read what is written. */
import { execFileSync, spawn } from 'node:child_process';
import { once } from 'node:events';
import {
  linkSync,
  lstatSync,
  mkdirSync,
  readdirSync,
  readFileSync,
  statSync,
  symlinkSync,
  writeFileSync,
} from 'node:fs';
import { createServer } from 'node:net';
import { dirname, join } from 'node:path';
import { describe, expect, it, onTestFinished } from 'vitest';
import { createFolderObjects } from '../../shared/stores/folder/objects.ts';
import type { Objects } from '../../shared/stores/objects.ts';
import { temporaryFolder } from '../fixtures/stores.ts';

const SECRET = 'canary-secret';

function setup() {
  const folder = temporaryFolder();
  const root = join(folder, 'objects');
  const outside = join(folder, 'outside');
  mkdirSync(join(outside, 'deep'), { recursive: true });
  mkdirSync(root);
  for (const name of ['secrets.csv', 'deep/secrets.csv'])
    writeFileSync(join(outside, name), SECRET);
  const link = (target: string, key: string) => {
    mkdirSync(dirname(join(root, key)), { recursive: true });
    symlinkSync(target, join(root, key));
  };
  return { folder, root, outside, link, objects: createFolderObjects(root) };
}

const text = async (objects: Objects, key: string) =>
  Buffer.concat(await Array.fromAsync(objects.read(key))).toString();
const keys = async (objects: Objects, prefix = '') =>
  (await Array.fromAsync(objects.list(prefix))).map(({ key }) => key);
const noObject = { code: 'NOT_FOUND' };

describe('G6: a symbolic link', () => {
  const LINKS: readonly [name: string, at: string, to: string, key: string][] = [
    ['to a file outside', 'in/m.csv', 'outside/secrets.csv', 'in/m.csv'],
    ['to a folder outside', 'in/there', 'outside', 'in/there/secrets.csv'],
    ['to a folder outside, further up', 'in/there', 'outside', 'in/there/deep/secrets.csv'],
    ['at the first part of a key', 'in', 'outside', 'in/deep/secrets.csv'],
    ['to a file of the store', 'in/m.csv', 'objects/kept/secrets.csv', 'in/m.csv'],
    ['to a folder of the store', 'in/there', 'objects/kept', 'in/there/secrets.csv'],
    ['to a folder that holds it', 'in/loop', 'objects', 'in/loop/kept/secrets.csv'],
  ];

  it.each(LINKS)(
    '%s is no object: not seen, read, listed or removed',
    async (_name, at, to, key) => {
      const { folder, link, objects } = setup();
      await objects.put('kept/secrets.csv', SECRET);
      link(join(folder, to), at);
      expect(await objects.head(key)).toBeUndefined();
      await expect(text(objects, key)).rejects.toMatchObject(noObject);
      expect(await keys(objects)).toEqual(['kept/secrets.csv']);
      expect(await keys(objects, `${dirname(key)}/`)).toEqual([]);
      await objects.remove(key);
      await objects.remove(at);
      expect(lstatSync(join(folder, 'objects', at)).isSymbolicLink()).toBe(true);
      expect(readFileSync(join(folder, 'outside/secrets.csv'), 'utf8')).toBe(SECRET);
      expect(readFileSync(join(folder, 'outside/deep/secrets.csv'), 'utf8')).toBe(SECRET);
      expect(await text(objects, 'kept/secrets.csv')).toBe(SECRET);
    },
  );

  it.each(['in/new.csv', 'in/secrets.csv', 'in/deep/new.csv', 'in/new/new.csv'])(
    'in the path of a key refuses what is put there: %s',
    async (key) => {
      const { outside, link, objects } = setup();
      link(outside, 'in');
      await expect(objects.put(key, 'mine')).rejects.toMatchObject({
        code: 'BODY_INVALID',
        errors: [{ path: 'key', message: expect.stringContaining('symbolic link') }],
      });
      expect(readdirSync(outside, { recursive: true }).sort()).toEqual([
        'deep',
        'deep/secrets.csv',
        'secrets.csv',
      ]);
      expect(readFileSync(join(outside, 'secrets.csv'), 'utf8')).toBe(SECRET);
    },
  );

  it('in place of an object is replaced by what is put there, its target stays', async () => {
    const { outside, link, objects } = setup();
    link(join(outside, 'secrets.csv'), 'in/m.csv');
    await objects.put('in/m.csv', 'mine');
    expect(await text(objects, 'in/m.csv')).toBe('mine');
    expect(readFileSync(join(outside, 'secrets.csv'), 'utf8')).toBe(SECRET);
  });

  it('may be the root itself, or lie above it', async () => {
    const { folder, root } = setup();
    symlinkSync(root, join(folder, 'objects-link'));
    symlinkSync(folder, join(folder, 'data-link'));
    for (const path of ['objects-link', 'data-link/objects', 'data-link/new']) {
      const objects = createFolderObjects(join(folder, path));
      const info = await objects.put('in/m.csv', path);
      expect(await text(objects, 'in/m.csv')).toBe(path);
      expect(await Array.fromAsync(objects.list(''))).toEqual([info]);
      await objects.remove('in/m.csv');
      expect(await objects.head('in/m.csv')).toBeUndefined();
    }
  });
});

// Elsewhere a name is checked just before it is used, and not held.
describe.runIf(process.platform === 'linux')('G6: folders and links that change places', () => {
  /** Another process makes `in/x` a folder, a link outside, and a folder again, without a pause. */
  async function flip(root: string, outside: string) {
    mkdirSync(join(root, 'in'));
    const code = `
      const { mkdirSync, rmSync, symlinkSync } = require('node:fs');
      process.chdir(${JSON.stringify(join(root, 'in'))});
      console.log('ready');
      for (;;) {
        for (const make of [() => symlinkSync(${JSON.stringify(outside)}, 'x'), () => mkdirSync('x')]) {
          // The store makes folders meanwhile.
          try { rmSync('x', { recursive: true, force: true }); make(); } catch {}
        }
      }`;
    const flipping = spawn(process.execPath, ['-e', code], { stdio: ['ignore', 'pipe', 'ignore'] });
    onTestFinished(() => void flipping.kill('SIGKILL'));
    await once(flipping.stdout, 'data');
  }

  it('lead nowhere, while objects are read, listed, written and removed', async () => {
    const { root, outside, objects } = setup();
    await flip(root, outside);
    const before = readdirSync(outside, { recursive: true }).sort();
    const seen = new Set<string>();
    for (let time = 0; time < 300; time += 1) {
      const read = await text(objects, 'in/x/secrets.csv').catch(({ code }) => code);
      if (read !== 'NOT_FOUND') seen.add(read);
      await objects.put('in/x/mine', 'mine').catch(({ code }) => code);
      await objects.remove('in/x/secrets.csv').catch(({ code }) => code);
      for (const key of await keys(objects, 'in/').catch(() => [])) seen.add(key);
    }
    seen.delete('in/x/mine');
    expect([...seen]).toEqual([]);
    expect(readdirSync(outside, { recursive: true }).sort()).toEqual(before);
  });
});

describe('G6: what is no regular file', () => {
  it.runIf(process.platform !== 'win32')('is no object, and keeps nobody waiting', async () => {
    const { root, objects } = setup();
    execFileSync('mkfifo', [join(root, 'pipe.csv')]);
    const socket = createServer().listen(join(root, 'socket.csv'));
    await once(socket, 'listening');
    onTestFinished(() => void socket.close());
    mkdirSync(join(root, 'folder.csv'));
    for (const key of ['pipe.csv', 'socket.csv', 'folder.csv']) {
      expect(await objects.head(key)).toBeUndefined();
      await expect(text(objects, key)).rejects.toMatchObject(noObject);
      await objects.remove(key);
    }
    expect(await keys(objects)).toEqual([]);
    expect(readdirSync(root).sort()).toEqual(['folder.csv', 'pipe.csv', 'socket.csv']);
  });

  it('a hard link is an object like any other: no name of a file is the first', async () => {
    const { root, outside, objects } = setup();
    linkSync(join(outside, 'secrets.csv'), join(root, 'm.csv'));
    expect(await text(objects, 'm.csv')).toBe(SECRET);
  });
});

describe.runIf(process.platform !== 'win32')('G6: what the store writes', () => {
  const modeOf = (path: string) => statSync(path).mode & 0o777;

  it('is closed to all but owner and group, and to the group too where the umask says so', async () => {
    const { folder } = setup();
    const before = process.umask(0o022);
    onTestFinished(() => void process.umask(before));
    await createFolderObjects(join(folder, 'new/objects')).put('reports/r1/failed.csv', 'x');
    for (const path of ['new', 'new/objects', 'new/objects/reports', 'new/objects/reports/r1']) {
      expect([path, modeOf(join(folder, path)).toString(8)]).toEqual([path, '750']);
    }
    expect(modeOf(join(folder, 'new/objects/reports/r1/failed.csv')).toString(8)).toBe('640');
    process.umask(0o077);
    await createFolderObjects(join(folder, 'tight')).put('a/b', 'x');
    expect(modeOf(join(folder, 'tight/a')).toString(8)).toBe('700');
    expect(modeOf(join(folder, 'tight/a/b')).toString(8)).toBe('600');
  });

  it('takes the place of a file that others could read', async () => {
    const { root, objects } = setup();
    writeFileSync(join(root, 'report.csv'), 'x', { mode: 0o666 });
    await objects.put('report.csv', 'y');
    expect(modeOf(join(root, 'report.csv')) & 0o007).toBe(0);
  });
});
