/** G6: a link in the watched folder starts nothing, whoever finds it. */
import { mkdirSync, renameSync, symlinkSync, writeFileSync } from 'node:fs';
import { dirname, join, posix } from 'node:path';
import { expect, it, onTestFinished } from 'vitest';
import { startInbox } from '../../../local/inbox.ts';
import { createLog } from '../../../shared/lib/log.ts';
import { parseUploads } from '../../../shared/runtime/events.ts';
import { until } from '../../fixtures/processes.ts';
import { openStores } from '../../fixtures/stores.ts';

const FOLDER = 'cos-fetch/ap-shanghai/b-1250000000';

async function setup() {
  const { objects, folder } = openStores();
  const taken: string[] = [];
  const lines: string[] = [];
  const file = (path: string, text?: string) => {
    mkdirSync(dirname(join(folder, path)), { recursive: true });
    if (text !== undefined) writeFileSync(join(folder, path), text);
    return join(folder, path);
  };
  const start = async () => {
    const inbox = await startInbox({
      objects,
      folder: objects.bucket,
      log: createLog({ write: (line) => lines.push(line) }),
      quietMs: 30,
      scanMs: 50,
      uploads: [['cos-fetch/', async (event) => void taken.push(...parseUploads(event).keys)]],
    });
    onTestFinished(() => inbox.stop());
  };
  const inbox = (name: string) => `objects/${FOLDER}/${name}`;
  return { folder, file, inbox, start, taken, lines };
}

it.each(['when it starts', 'while it watches'])(
  'G6: a link to a file or folder starts no run, found %s',
  async (when) => {
    const { folder, file, inbox, start, taken, lines } = await setup();
    file('outside/deep/secrets.csv', 'url,key\n');
    if (when === 'while it watches') await start();
    symlinkSync(file('outside/deep/secrets.csv'), file(inbox('file.csv')));
    symlinkSync(join(folder, 'outside'), file(inbox('there')));
    symlinkSync(join(folder, 'objects'), file(inbox('loop')));
    symlinkSync(join(folder, 'outside'), join(folder, 'objects/cos-fetch/region'));
    if (when === 'when it starts') await start();
    // What changes behind a link is nothing that changed here.
    file('outside/deep/more.csv', 'url,key\n');
    // Noticed, taken, and scanned after all of them.
    for (const name of ['z1.csv', 'z2.csv']) {
      file(inbox(name), 'url,key\n');
      await until(async () => (taken.includes(`${FOLDER}/${name}`) ? true : undefined), 5);
    }
    expect(taken).toEqual([`${FOLDER}/z1.csv`, `${FOLDER}/z2.csv`]);
    const links = lines.map((line) => JSON.parse(line)).sort((a, b) => (a.key < b.key ? -1 : 1));
    expect(links).toMatchObject(
      ['file.csv', 'loop', 'there', '../../region'].map((name) => ({
        level: 'warn',
        event: 'inbox.link-ignored',
        key: posix.join(FOLDER, name),
      })),
    );
  },
);

it('G6: a file that a link takes the place of while it waits starts no run', async () => {
  const { file, inbox, start, taken } = await setup();
  const path = file(inbox('a.csv'), 'url,key\n');
  await start();
  symlinkSync(file('outside/secrets.csv', 'url,key\n'), `${path}.link`);
  renameSync(`${path}.link`, path);
  file(inbox('z.csv'), 'url,key\n');
  await until(async () => (taken.length > 0 ? true : undefined), 5);
  expect(taken).toEqual([`${FOLDER}/z.csv`]);
});

it('says that a link is no watched folder', async () => {
  const { folder, file, start } = await setup();
  file('outside/deep/secrets.csv', 'url,key\n');
  file('objects/reports/x', '');
  symlinkSync(join(folder, 'outside'), join(folder, 'objects/cos-fetch'));
  await expect(start()).rejects.toMatchObject({
    faults: [
      { path: 'WAYBILL_OBJECTS', message: expect.stringMatching(/cos-fetch is a symbolic link/) },
    ],
  });
});
