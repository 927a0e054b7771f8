/** When a file that others write into the folder is taken: never in the middle of its copy. */
import {
  appendFileSync,
  existsSync,
  mkdirSync,
  readFileSync,
  renameSync,
  rmSync,
  writeFileSync,
} from 'node:fs';
import { dirname, join } from 'node:path';
import { describe, expect, it, onTestFinished } from 'vitest';
import { startInbox } from '../../../local/inbox.ts';
import { isSettled } from '../../../local/settled.ts';
import { createLog } from '../../../shared/lib/log.ts';
import { parseUploads } from '../../../shared/runtime/events.ts';
import type { Objects } from '../../../shared/stores/objects.ts';
import { openStores } from '../../fixtures/stores.ts';
import { createVirtualTime, type VirtualTime } from '../../fixtures/virtual-time.ts';

const SECOND = 1_000;
const MINUTE = 60 * SECOND;
const KEY = 'cos-fetch/ap-shanghai/b-1250000000/m.csv';

describe('a file is whole once it is silent for', () => {
  it.each([
    ['10 s', {}, 10 * SECOND],
    ['as long as it was growing, and 10 s', { changedAt: 30 * SECOND }, 40 * SECOND],
    ['a second for each 10 MB, and 10 s', { sizeBytes: 200_000_000 }, 30 * SECOND],
    ['a minute, when it ends within a line', { isOpen: true }, MINUTE],
    [
      'longer, when it grew and ends within a line',
      { isOpen: true, changedAt: 5 * SECOND },
      90 * SECOND,
    ],
    ['10 minutes at most', { isOpen: true, changedAt: 60 * MINUTE, sizeBytes: 1e12 }, 10 * MINUTE],
  ])('%s', (_name, change, neededMs) => {
    const file = {
      etag: 'e',
      sizeBytes: 0,
      isOpen: false,
      firstSeenAt: 0,
      changedAt: 0,
      ...change,
    };
    expect(isSettled(file, file.changedAt + neededMs - 1)).toBe(false);
    expect(isSettled(file, file.changedAt + neededMs)).toBe(true);
  });
});

/** Files are real, so time waits for them. */
const inTime = (objects: Objects, time: VirtualTime): Objects => ({
  ...objects,
  head: (key) => time.during(objects.head(key)),
  async *read(key, options) {
    yield* await time.during(Array.fromAsync(objects.read(key, options)));
  },
  async *list(prefix) {
    yield* await time.during(Array.fromAsync(objects.list(prefix)));
  },
});

async function setup() {
  const { objects } = openStores();
  const time = createVirtualTime();
  const taken: string[] = [];
  const lines: string[] = [];
  const path = join(objects.bucket, KEY);
  mkdirSync(dirname(path), { recursive: true });
  const start = async () => {
    const inbox = await startInbox({
      objects: inTime(objects, time),
      folder: objects.bucket,
      log: createLog({ write: (line) => lines.push(line) }),
      uploads: [
        [
          'cos-fetch/',
          async (event) => {
            for (const key of parseUploads(event).keys) {
              taken.push(readFileSync(join(objects.bucket, key), 'utf8'));
            }
          },
        ],
      ],
      now: time.now,
      wait: time.wait,
    });
    onTestFinished(() => inbox.stop());
    return inbox;
  };
  return { objects, time, taken, path, start, lines };
}

describe('the inbox', () => {
  const HALF =
    'url,key\nhttp://src.example.com/1,dir/one.txt\nhttp://src.example.com/2,dir/long-na';
  const REST = 'me.txt\nhttp://src.example.com/3,dir/three.txt\n';

  it.each([3, 9, 30, 59])(
    'G2: takes a file once and whole, whose copy stalls for %d s within a line',
    async (seconds) => {
      const { time, taken, path, start } = await setup();
      await start();
      writeFileSync(path, HALF);
      await time.run(seconds * SECOND);
      appendFileSync(path, REST);
      expect(taken).toEqual([]);
      await time.run(60 * MINUTE);
      expect(taken).toEqual([HALF + REST]);
    },
  );

  it('G2: takes a file once and whole, whose copy the start of the service interrupts', async () => {
    const { time, taken, path, start } = await setup();
    writeFileSync(path, HALF);
    await start();
    await time.run(3 * SECOND);
    appendFileSync(path, REST);
    await time.run(60 * MINUTE);
    expect(taken).toEqual([HALF + REST]);
  });

  it('G2: takes a file that grows by a line every three seconds once, when it has ended', async () => {
    const { time, taken, path, start } = await setup();
    await start();
    // Over several scans of everything.
    for (let line = 1; line <= 60; line += 1) {
      appendFileSync(path, `http://src.example.com/${line},dir/${line}.txt\n`);
      await time.run(3 * SECOND);
      expect(taken).toEqual([]);
    }
    await time.run(60 * MINUTE);
    expect(taken).toEqual([readFileSync(path, 'utf8')]);
  });

  it('takes a whole file soon, also one that a scan finds or that was there at the start', async () => {
    const { time, taken, path, start } = await setup();
    writeFileSync(path, HALF + REST);
    await start();
    await time.run(9 * SECOND);
    expect(taken).toEqual([]);
    await time.run(2 * SECOND);
    expect(taken).toEqual([HALF + REST]);
    writeFileSync(path, REST);
    await time.run(2 * MINUTE);
    expect(taken).toEqual([HALF + REST, REST]);
  });

  it('takes a file without a last line feed after a minute, and says that it waits', async () => {
    const { time, taken, path, start, lines } = await setup();
    writeFileSync(path, HALF);
    await start();
    await time.run(59 * SECOND);
    expect(taken).toEqual([]);
    expect(lines.map((line) => JSON.parse(line))).toMatchObject([
      { level: 'info', event: 'inbox.open-end', key: KEY },
    ]);
    await time.run(2 * SECOND);
    expect(taken).toEqual([HALF]);
  });

  it.each([
    ['m.csv', '', 60],
    ['m.jsonl', '{"url":"http://src.example.com/1","key":"one"}', 60],
    ['m.jsonl', '{"url":"http://src.example.com/1","key":"one"}\r\n', 10],
    ['m.json', '[{"taskId":1}]', 10],
    ['m.json', '[{"taskId":', 60],
    ['m.csv.gz', 'packed', 10],
  ])('knows the end of %s: %j is taken after %d s', async (name, text, seconds) => {
    const { time, taken, path, start } = await setup();
    writeFileSync(join(dirname(path), name), text);
    await start();
    await time.run((seconds - 1) * SECOND);
    expect(taken).toEqual([]);
    await time.run(2 * SECOND);
    expect(taken).toEqual([text]);
  });

  it('takes what was written whole at once, whatever its end', async () => {
    const { objects, taken, start, time } = await setup();
    const inbox = await start();
    await objects.put(KEY, HALF);
    await inbox.notice(KEY);
    expect(taken).toEqual([HALF]);
    await time.run(60 * MINUTE);
    expect(taken).toEqual([HALF]);
  });

  it('forgets a file that goes away while it waits', async () => {
    const { time, taken, path, start, lines } = await setup();
    writeFileSync(path, HALF + REST);
    await start();
    await time.run(5 * SECOND);
    renameSync(path, `${path}.bak`);
    await time.run(4 * SECOND);
    rmSync(`${path}.bak`);
    await time.run(10 * MINUTE);
    expect(taken).toEqual([]);
    expect(lines).toEqual([]);
  });
});

it('takes an object of a bucket at once, and watches no folder for it', async () => {
  const { objects, folder } = openStores();
  const bucket = join(folder, 'bucket');
  await objects.put(KEY, 'url,key');
  const taken = await new Promise<string[]>((resolve, reject) => {
    startInbox({
      objects: { ...objects, bucket },
      log: createLog({ write: () => {} }),
      uploads: [['cos-fetch/', async (event) => resolve([...parseUploads(event).keys])]],
    }).then((inbox) => onTestFinished(() => inbox.stop()), reject);
  });
  expect(taken).toEqual([KEY]);
  expect(existsSync(bucket)).toBe(false);
});
