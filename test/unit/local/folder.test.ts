/** What belongs to a data folder: its secrets, its inbox. */
import { mkdirSync, readFileSync, renameSync, statSync, writeFileSync } from 'node:fs';
import { dirname, join } from 'node:path';
import { describe, expect, it, onTestFinished } from 'vitest';
import { startInbox } from '../../../local/inbox.ts';
import { openSecrets } from '../../../local/secrets.ts';
import { parseUploads } from '../../../shared/runtime/events.ts';
import { silentLog } from '../../fixtures/log.ts';
import { startProgram, until } from '../../fixtures/processes.ts';
import { openStores, temporaryFolder } from '../../fixtures/stores.ts';

describe('the secrets', () => {
  it('are made once, for their owner only', () => {
    const folder = temporaryFolder();
    const made = openSecrets(folder);
    expect(made.apiToken).toMatch(/^[\w-]{32}$/);
    expect(made.callbackKeys).toMatch(/^k1:[\w-]{43}$/);
    expect(openSecrets(folder)).toEqual(made);
    expect(statSync(join(folder, 'secrets.json')).mode & 0o777).toBe(0o600);
    expect(openSecrets(temporaryFolder())).not.toEqual(made);
  });

  it('are read from a file that an editor gave a byte order mark', () => {
    const folder = temporaryFolder();
    const made = openSecrets(folder);
    const path = join(folder, 'secrets.json');
    writeFileSync(path, `\ufeff${readFileSync(path, 'utf8')}`);
    expect(openSecrets(folder)).toEqual(made);
  });

  it('G6: a damaged file is named, its content is not shown', () => {
    const folder = temporaryFolder();
    writeFileSync(join(folder, 'secrets.json'), '{"apiToken":"canary');
    expect(() => openSecrets(folder)).toThrow(/secrets.json is damaged/);
    expect(() => openSecrets(folder)).not.toThrow(/canary/);
  });
});

describe('the inbox', () => {
  const KEY = 'cos-fetch/ap-shanghai/b-1250000000/a+b/m 1.csv';

  async function setup(fail: (key: string, time: number) => boolean = () => false) {
    const { objects } = openStores();
    const planned: string[] = [];
    const inbox = () =>
      startInbox({
        objects,
        log: silentLog,
        folder: objects.bucket,
        quietMs: 30,
        uploads: [
          [
            'cos-fetch/',
            async (event) => {
              for (const key of parseUploads(event).keys) {
                planned.push(key);
                if (fail(key, planned.length)) throw new Error('not now');
              }
            },
          ],
        ],
      }).then((started) => {
        onTestFinished(() => started.stop());
        return started;
      });
    const file = (key: string) => {
      const path = join(objects.bucket, key);
      mkdirSync(dirname(path), { recursive: true });
      return path;
    };
    const seen = (count: number) =>
      until(async () => (planned.length >= count ? planned : undefined), 10);
    return { objects, planned, inbox, file, seen };
  }

  it('plans what is there when it starts, and what comes later', async () => {
    const { inbox, file, seen } = await setup();
    writeFileSync(file(KEY), 'url,key\n');
    await inbox();
    await seen(1);
    const next = 'cos-fetch/ap-shanghai/b-1250000000/new/folder/视频.jsonl';
    writeFileSync(file(next), '{}\n');
    expect(await seen(2)).toEqual([KEY, next]);
  });

  it('plans a file that is moved in, and one that is written again', async () => {
    const { objects, inbox, file, seen } = await setup();
    await inbox();
    const outside = join(objects.bucket, '..', 'outside.csv');
    writeFileSync(outside, 'url,key\n');
    renameSync(outside, file(KEY));
    await seen(1);
    await objects.put(KEY, 'url,key\nhttp://o.example/,k\n');
    expect(await seen(2)).toEqual([KEY, KEY]);
  });

  it('G9: of two functions for one upload, the failure of the first does not keep the second', async () => {
    const { objects } = openStores();
    const taken: string[] = [];
    const inbox = await startInbox({
      objects,
      log: silentLog,
      folder: objects.bucket,
      uploads: [
        ['oms/', () => Promise.reject(new Error('not now'))],
        ['oms/', async (event) => void taken.push(...parseUploads(event).keys)],
      ],
    });
    onTestFinished(() => inbox.stop());
    await objects.put('oms/cn-north-4/list.json', '{}');
    await inbox.notice('oms/cn-north-4/list.json');
    expect(taken).toEqual(['oms/cn-north-4/list.json']);
  });

  it('G11: does not let a manifest wait for packed ones that take long', async () => {
    const { objects } = openStores();
    const planned: string[] = [];
    let unpack = (): void => {};
    const unpacked = new Promise<void>((end) => {
      unpack = end;
    });
    const upload = async (event: unknown): Promise<void> => {
      const [key = ''] = parseUploads(event).keys;
      if (key.endsWith('.gz')) await unpacked;
      planned.push(key);
    };
    const packed = ['1', '2', '3', '4', '5'].map((name) => `${KEY}-${name}.csv.gz`);
    for (const key of packed) await objects.put(key, key);
    const inbox = await startInbox({
      objects,
      log: silentLog,
      folder: objects.bucket,
      quietMs: 30,
      uploads: [['cos-fetch/', upload]],
    });
    onTestFinished(() => inbox.stop());
    await objects.put(KEY, 'url,key\n');
    await until(async () => (planned.length > 0 ? true : undefined), 10);
    expect(planned).toEqual([KEY]);
    await inbox.notice(packed[0] ?? '');
    unpack();
    await until(async () => (planned.length > 5 ? true : undefined), 10);
    expect(planned.slice(1).sort()).toEqual(packed);
  });

  it('does not plan the same version twice, nor what is no manifest', async () => {
    const { objects, inbox, seen, planned } = await setup();
    await objects.put(KEY, 'url,key\n');
    const started = await inbox();
    await seen(1);
    await started.notice(KEY);
    await objects.put('reports/r1/summary.json', '{}');
    await started.notice('reports/r1/summary.json');
    await started.notice('gone');
    expect(planned).toEqual([KEY]);
  });

  it('leaves hidden files alone, whenever they come', async () => {
    const { inbox, file, seen } = await setup();
    const hidden = ['cos-fetch/.DS_Store', 'cos-fetch/ap-shanghai/b-1250000000/.m.csv.swp'];
    for (const key of hidden) writeFileSync(file(key), 'x');
    writeFileSync(file(KEY), 'url,key\n');
    await inbox();
    await seen(1);
    const next = 'cos-fetch/ap-shanghai/b-1250000000/next.csv';
    writeFileSync(file('cos-fetch/ap-shanghai/b-1250000000/.later.csv'), 'x');
    writeFileSync(file(next), 'url,key\n');
    expect(await seen(2)).toEqual([KEY, next]);
  });

  it('plans the others beside one that fails', async () => {
    const bad = 'cos-fetch/ap-shanghai/b-1250000000/0.csv';
    const { inbox, file, seen } = await setup((key) => key === bad);
    writeFileSync(file(bad), 'x\n');
    writeFileSync(file(KEY), 'url,key\n');
    await inbox();
    expect(await seen(2)).toEqual([bad, KEY]);
  });

  it('names a folder that can not be made', async () => {
    const { objects, inbox } = await setup();
    writeFileSync(objects.bucket, 'a file');
    await expect(inbox()).rejects.toMatchObject({ faults: [{ path: 'WAYBILL_OBJECTS' }] });
  });

  it('tries again what failed', async () => {
    const { objects, inbox, planned } = await setup((_key, time) => time === 1);
    await objects.put(KEY, 'url,key\n');
    const started = await inbox();
    await started.notice(KEY);
    await started.notice(KEY);
    expect(planned).toEqual([KEY, KEY]);
  });
});

// Mounts of their own are a thing of Linux.
describe.runIf(process.platform === 'linux')('a data folder on a disk that is', () => {
  const start = async (options: string) => {
    const folder = temporaryFolder();
    const env = { PORT: '0', WAYBILL_DATA: folder, WAYBILL_API_TOKENS: TOKEN };
    const prelude = `mount -t tmpfs -o ${options} tmpfs ${folder}`;
    return startProgram('local/main.ts', [], env, undefined, prelude);
  };
  const TOKEN = 'a-token-for-this-test';

  it('read-only: the service does not start, and says why', async () => {
    const service = await start('ro');
    expect(await service.ended).toBe(2);
    expect(service.output()).toMatch(
      /WAYBILL_DATA: the folder .* can't be written: .*(EROFS|read-only)/,
    );
  });

  it('full: the upload is refused with the reason, nothing of it stays, the service goes on', async () => {
    const service = await start('size=6m');
    const [, url = ''] = await service.says(/listens on (\S+)/);
    const put = (key: string, bytes: number) =>
      fetch(`${url}/objects/${key}`, {
        method: 'PUT',
        body: Buffer.alloc(bytes),
        headers: { authorization: `Bearer ${TOKEN}` },
      });
    const refused = await put('big', 8_000_000);
    expect(refused.status).toBe(507);
    expect(await refused.json()).toMatchObject({
      detail: expect.stringContaining('the disk is full'),
    });
    expect((await put('small', 1_000_000)).status).toBe(201);
    expect((await fetch(`${url}/readyz`)).status).toBe(200);
    for (let bytes = 4_194_304; bytes >= 1; bytes /= 2) await put(`filler/${bytes}`, bytes);
    const ready = async () => (await fetch(`${url}/readyz`)).json();
    const isFull = async () => ((await ready()) as { code?: string }).code ?? undefined;
    expect(await until(isFull)).toBe('NOT_READY');
    expect(await ready()).toMatchObject({ detail: "Can't be written: ledger, queue, objects." });
    expect((await fetch(`${url}/healthz`)).status).toBe(200);
    expect(await service.kill('SIGTERM')).toBe(0);
  });
});
