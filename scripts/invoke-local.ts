/**
 * What `serverless invoke local` works with: a scratch folder with the uploads that the sample events
 * name, and the simulators. Only `--env WAYBILL_DATA=<folder>` lets it use the stores and the keys that
 * the environment names.
 */
import { mkdirSync, mkdtempSync, readFileSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { dirname, join, resolve } from 'node:path';
import { fileURLToPath } from 'node:url';
import { lockFiles } from '../local/lock.ts';
import { storesConfig } from '../shared/wiring/config/functions.ts';
import { sqliteFiles } from '../shared/wiring/sqlite-files.ts';
import { startSimulator } from '../simulator/main.ts';

type Env = Record<string, string | undefined>;

export interface Prepared {
  /** One line for people: where the call works. */
  readonly place: string;
  close(): Promise<void>;
}

/** The token in the sample events. */
const TOKEN = 'an-example-token';
const OURS = /^(?:WAYBILL|TENCENTCLOUD|HUAWEICLOUD|OMS)_/;

/**
 * Sets the process's environment so that the functions use these.
 * @param env of the process
 * @param given by `--env`
 */
export async function prepareInvokeLocal(env: Env, given: Env): Promise<Prepared> {
  const folder = given['WAYBILL_DATA'];
  return folder === undefined ? scratch(env, given) : chosen(env, given, resolve(folder));
}

function chosen(env: Env, given: Env, folder: string): Prepared {
  Object.assign(env, { ...stores(folder), ...env, ...given });
  // A service that runs there keeps its leases in the same ledger.
  const lock = lockFiles(sqliteFiles(storesConfig(env)));
  return {
    place: 'the stores and keys that the environment names',
    close: async () => lock.release(),
  };
}

async function scratch(env: Env, given: Env): Promise<Prepared> {
  const folder = mkdtempSync(join(tmpdir(), 'waybill-'));
  for (const [key, text] of uploads()) {
    const path = join(folder, 'objects', key);
    mkdirSync(dirname(path), { recursive: true });
    writeFileSync(path, text);
  }
  for (const name of Object.keys(env)) if (OURS.test(name)) delete env[name];
  const simulator = await startSimulator({ huawei: true, samples: true });
  Object.assign(env, {
    ...stores(folder),
    ...simulator.env(),
    WAYBILL_API_TOKENS: TOKEN,
    WAYBILL_CALLBACK_KEYS: 'k1:0123456789abcdef',
    WAYBILL_PUBLIC_URL: 'http://127.0.0.1:8787',
    ...given,
  });
  return { place: `${folder} and the built-in simulators`, close: () => simulator.close() };
}

const stores = (folder: string): Env => ({
  WAYBILL_LEDGER: `sqlite:${join(folder, 'waybill.db')}`,
  WAYBILL_QUEUE: `sqlite:${join(folder, 'waybill.db')}`,
  WAYBILL_OBJECTS: `folder:${join(folder, 'objects')}`,
});

/** The objects that the sample events of uploads name. */
function uploads(): readonly (readonly [key: string, text: string])[] {
  const bodyOf = (name: string) => JSON.parse(JSON.parse(sample(`${name}.json`)).body);
  return [
    [
      'cos-fetch/ap-shanghai/examplebucket-1250000000/2026-11-20/my videos.csv',
      sample('manifest.csv'),
    ],
    [
      'oms-lists/cn-north-4/destination-bucket/media.csv',
      'url,key\nhttps://example.com/a.jpg,a.jpg\n',
    ],
    ['cos-batch/ap-chengdu/copy.json', JSON.stringify(bodyOf('cos-batch-job'))],
    [
      'oms/cn-north-4/tasks.json',
      JSON.stringify({ tasks: [{ taskId: '4042' }, { taskId: '16', version: 'v1' }] }),
    ],
  ];
}

const sample = (file: string): string =>
  readFileSync(fileURLToPath(new URL(`../events/${file}`, import.meta.url)), 'utf8');
