/** One service per data folder and SQLite file, and who may read them. */
import { chmodSync, existsSync, statSync, symlinkSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { describe, expect, it } from 'vitest';
import { lockFiles, lockFolder } from '../../../local/lock.ts';
import { startProgram, until } from '../../fixtures/processes.ts';
import { temporaryFolder } from '../../fixtures/stores.ts';

describe('the lock', () => {
  it('refuses a second holder, names the first, and is free after release', () => {
    const folder = temporaryFolder();
    const lock = lockFolder(folder);
    expect(() => lockFolder(folder)).toThrow(
      new RegExp(`${folder} is in use.*process ${process.pid}`),
    );
    lock.release();
    lockFolder(folder).release();
  });

  it('is free again once its holder was killed', async () => {
    const folder = temporaryFolder();
    const service = startProgram('local/main.ts', [], { PORT: '0', WAYBILL_DATA: folder });
    await service.says(/listens on/);
    expect(() => lockFolder(folder)).toThrow(/in use/);
    await service.kill('SIGKILL');
    lockFolder(folder).release();
  });

  it('names a folder that is a file', () => {
    const file = join(temporaryFolder(), 'file');
    writeFileSync(file, '');
    expect(() => lockFolder(file)).toThrow(/WAYBILL_DATA: the folder .* can't be written/);
  });
});

describe('the lock of an SQLite file', () => {
  const NAME = 'WAYBILL_LEDGER';

  it('is one, whatever links lead to the file, before there is a file too', () => {
    const folder = temporaryFolder();
    const path = join(folder, 'waybill.db');
    const [link, linked] = [join(folder, 'link.db'), join(folder, 'linked')];
    symlinkSync(path, link);
    symlinkSync(folder, linked);
    const lock = lockFiles([
      { name: NAME, path: link },
      { name: 'WAYBILL_QUEUE', path },
    ]);
    for (const other of [path, link, join(linked, 'waybill.db')]) {
      expect(() => lockFiles([{ name: 'WAYBILL_QUEUE', path: other }])).toThrow(
        new RegExp(`WAYBILL_QUEUE: the file ${other} is in use .*process ${process.pid}`),
      );
    }
    lock.release();
    lockFiles([{ name: NAME, path }]).release();
  });

  it('keeps nothing locked when a second file is in use', () => {
    const [a, b] = ['a.db', 'b.db'].map((name) => join(temporaryFolder(), name)) as [
      string,
      string,
    ];
    const held = lockFiles([{ name: NAME, path: b }]);
    const files = [a, b].map((path) => ({ name: NAME, path }));
    expect(() => lockFiles(files)).toThrow(/b\.db is in use/);
    held.release();
    lockFiles(files).release();
  });

  it('names a file that can not be made', () => {
    const file = join(temporaryFolder(), 'file');
    writeFileSync(file, '');
    const path = join(file, 'waybill.db');
    expect(() => lockFiles([{ name: NAME, path }])).toThrow(
      /WAYBILL_LEDGER: the file .*waybill.db can't be written/,
    );
  });

  it.each([
    ['WAYBILL_LEDGER', 'waybill.db'],
    ['WAYBILL_QUEUE', 'queue.db'],
  ])(
    'refuses a second service over the %s of the first, with another data folder',
    async (name, file) => {
      const [folder, other] = [temporaryFolder(), temporaryFolder()];
      const path = join(folder, file);
      const first = startProgram('local/main.ts', [], {
        PORT: '0',
        WAYBILL_DATA: folder,
        [name]: `sqlite:${path}`,
      });
      await first.says(/listens on/);
      symlinkSync(path, join(other, 'link.db'));
      const second = startProgram('local/main.ts', [], {
        PORT: '0',
        WAYBILL_DATA: other,
        [name]: `sqlite:${join(other, 'link.db')}`,
      });
      expect(await second.ended).toBe(2);
      expect(second.output()).toMatch(
        new RegExp(`${name}: the file .*link.db is in use .*process ${first.child.pid}\\)`),
      );
      await first.kill('SIGKILL');
    },
  );
});

describe('the modes of what the service keeps', () => {
  const modeOf = (path: string) => (statSync(path).mode & 0o777).toString(8);
  const files = ['waybill.db', 'waybill.db-wal', 'waybill.db-shm', 'waybill.db-lock'];
  const expected = { folder: '750', objects: '750', secrets: '600', files: files.map(() => '640') };
  const seen = (folder: string) => ({
    folder: modeOf(folder),
    objects: modeOf(join(folder, 'objects')),
    secrets: modeOf(join(folder, 'secrets.json')),
    files: files.map((name) => modeOf(join(folder, name))),
  });
  const start = async (folder: string) => {
    const service = startProgram('local/main.ts', [], { PORT: '0', WAYBILL_DATA: folder });
    await service.says(/listens on/);
    // The last folder that it makes.
    await until(async () => existsSync(join(folder, 'objects/oms')) || undefined, 20);
    return service;
  };

  it('G6: let nobody but owner and group read them', async () => {
    const folder = join(temporaryFolder(), 'data');
    await start(folder);
    expect(seen(folder)).toEqual(expected);
  });

  it('G6: are tightened when the service starts', async () => {
    const folder = join(temporaryFolder(), 'data');
    const first = await start(folder);
    await first.kill('SIGKILL');
    chmodSync(folder, 0o755);
    for (const name of files) chmodSync(join(folder, name), 0o644);
    await start(folder);
    expect(seen(folder)).toEqual(expected);
  });

  it("stay where they are tighter, and in a folder that is everybody's", () => {
    const folder = temporaryFolder();
    chmodSync(folder, 0o1777);
    lockFolder(folder).release();
    expect(statSync(folder).mode & 0o7777).toBe(0o1777);
    chmodSync(join(folder, 'lock.db'), 0o600);
    lockFolder(folder).release();
    expect(modeOf(join(folder, 'lock.db'))).toBe('600');
  });
});
