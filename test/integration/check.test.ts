/** `waybill check` against the simulators: what it says of keys, targets, callback address and sources. */
import { spawnSync } from 'node:child_process';
import { writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import * as v from 'valibot';
import { beforeEach, expect, it, onTestFinished } from 'vitest';
import { checkShape } from '../../cli/check/line.ts';
import { DEFAULT_OMS_KEYS } from '../../simulator/huawei/simulator.ts';
import { type Simulator, startSimulator } from '../../simulator/main.ts';
import { listen } from '../../simulator/server.ts';
import { startSourceSite } from '../../simulator/source-site.ts';
import { runProgram } from '../fixtures/program.ts';
import { temporaryFolder } from '../fixtures/stores.ts';

const COS = 'cos://ap-shanghai/examplebucket-1250000000/photos/';
const OBS = 'obs://cn-north-4/backup/';
const { ak: accessKeyId, sk: secretAccessKey } = DEFAULT_OMS_KEYS.destination;

let folder: string;
let simulator: Simulator;
let env: Record<string, string>;

beforeEach(async () => {
  folder = temporaryFolder();
  simulator = await startSimulator({ huawei: true });
  onTestFinished(() => simulator.close());
  env = { ...simulator.env(), WAYBILL_DATA: folder };
});

const file = (name: string, content: unknown): string => {
  const path = join(folder, name);
  writeFileSync(path, JSON.stringify(content));
  return path;
};

/** Sources by name, read with the keys that the simulators know, or others. */
function configure(sources: Readonly<Record<string, object>>, keys: object = {}) {
  const named = Object.entries(sources).map(([name, more]) => [
    name,
    { kind: 'obs', bucket: name, region: 'cn-north-4', addressing: 'path', ...more },
  ]);
  env['WAYBILL_SOURCES_FILE'] = file('sources.json', Object.fromEntries(named));
  const reader = { accessKeyId, secretAccessKey, ...keys };
  env['WAYBILL_CREDENTIALS_FILE'] = file('sets.json', { reader });
}

async function check(...targets: readonly string[]) {
  const { code, out, failure } = await runProgram(env, 'check', ...targets, '--json');
  expect(failure).toBe('');
  const found = v.parse(checkShape, JSON.parse(out));
  expect(code).toBe(found.ok ? 0 : 1);
  expect(out).not.toContain('canary');
  const lines = found.checks.map(({ part, name, state, message }) => ({
    line: `${state} ${part} ${name}`,
    message,
  }));
  return { ...found, lines: lines.map(({ line }) => line), messages: lines };
}

const answersAt = async (status: number, body: string): Promise<string> => {
  const { url, close } = await listen(0, ({ rawPath }) =>
    rawPath === '/base/healthz' ? { status, body } : { status: 404 },
  );
  onTestFinished(close);
  return `${url}/base`;
};

it('says of each part that it is ok, and changes nothing', async () => {
  const { huawei } = simulator;
  configure({
    media: { endpoint: huawei?.obsUrl, credentials: 'reader' },
    empty: { endpoint: huawei?.obsUrl, credentials: 'reader' },
  });
  huawei?.obs.put('media', 'folder/', '');
  huawei?.obs.put('media', 'folder/a b.jpg', 'x');
  huawei?.obs.put('backup', 'a', 'x');
  const { ok, lines, messages } = await check(COS, OBS);
  const project = `${env['HUAWEICLOUD_SDK_REGION']}/${env['HUAWEICLOUD_SDK_PROJECT_ID']}`;
  expect(lines).toEqual([
    'ok configuration settings',
    'ok target cos://ap-shanghai/examplebucket-1250000000',
    'ok tencent offline fetch in ap-shanghai',
    'ok target obs://cn-north-4/backup',
    `ok huawei ${project}`,
    'warning callback WAYBILL_PUBLIC_URL',
    'ok source media',
    expect.stringMatching(/ source empty$/),
  ]);
  expect(messages[6]?.message).toBe('can be listed and read.');
  expect(ok).toBe(true);
  expect(simulator.stats()).toMatchObject({ submissions: 0, batchCreates: 0 });
});

it('names the key that is wrong, and asks with it once', async () => {
  env['TENCENTCLOUD_SECRET_KEY'] = 'canary';
  env['HUAWEICLOUD_SDK_SK'] = 'canary-of-huawei';
  env['WAYBILL_OMS_PROJECTS'] = 'cn-east-3/p2,cn-south-1/p3';
  const { lines, messages } = await check(COS, 'cos://ap-beijing/other-1250000000/');
  expect(lines).toEqual([
    'ok configuration settings',
    'fault target cos://ap-shanghai/examplebucket-1250000000',
    'fault target cos://ap-beijing/other-1250000000',
    expect.stringMatching(/^fault huawei /),
    'skipped huawei cn-east-3/p2',
    'skipped huawei cn-south-1/p3',
    'warning callback WAYBILL_PUBLIC_URL',
  ]);
  expect(messages[1]?.message).toMatch(/403 SignatureDoesNotMatch.*Check the secret key\.$/);
  expect(messages[3]?.message).toMatch(/APIGW\.0301/);
});

it('needs a target for the keys of Tencent, and keys for a target', async () => {
  expect((await check()).lines).toContain('skipped tencent keys');
  for (const name of Object.keys(env)) if (name.startsWith('TENCENT')) delete env[name];
  const { lines, messages } = await check(COS);
  expect(lines[1]).toBe('fault target cos://ap-shanghai/examplebucket-1250000000');
  expect(messages[1]?.message).toContain('no keys of Tencent');
});

it('says that the simulators stand in where no keys are set', async () => {
  env = { WAYBILL_DATA: folder };
  const { ok, lines } = await check();
  expect([ok, lines]).toEqual([true, ['ok configuration settings', 'warning configuration keys']]);
});

it('shows every fault of the configuration, and goes no further', async () => {
  Object.assign(env, { PORT: 'many', WAYBILL_COS_FETCH_RSP: '5' });
  const { lines } = await check(COS);
  expect(lines.sort()).toEqual([
    'fault configuration PORT',
    'fault configuration WAYBILL_COS_FETCH_RSP',
  ]);
});

it('reads .env of the folder it runs in, as the service does', () => {
  writeFileSync(join(folder, '.env'), 'TENCENTCLOUD_SECRET_ID=only-half\n');
  const cli = fileURLToPath(new URL('../../cli/waybill.ts', import.meta.url));
  const { PATH = '' } = process.env;
  const found = spawnSync(process.execPath, [cli, 'check'], { cwd: folder, env: { PATH } });
  expect(found.stdout.toString()).toMatch(/^fault +configuration +TENCENTCLOUD_SECRET_KEY: /m);
  expect(found.status).toBe(1);
});

it.each<[string, number, string, string, RegExp]>([
  [
    'as Waybill does, where nobody outside can call',
    200,
    '{"status":"ok"}',
    'fault',
    /can't reach 127\.0\.0\.1/,
  ],
  ['with a page of its own', 200, '<html>', 'fault', /answers 200, but not as Waybill does/],
  ['with an error', 502, '', 'fault', /answers 502, but not as Waybill does.*reverse proxy/],
])('judges a callback address that answers %s', async (_name, status, body, state, message) => {
  env['WAYBILL_PUBLIC_URL'] = await answersAt(status, body);
  const { checks } = await check(COS);
  expect(checks.find(({ part }) => part === 'callback')).toMatchObject({
    state,
    message: expect.stringMatching(message),
  });
});

it('says what to do where nothing answers at the callback address', async () => {
  env['WAYBILL_PUBLIC_URL'] = 'http://127.0.0.1:9';
  const { checks } = await check();
  expect(checks.find(({ part }) => part === 'callback')).toMatchObject({
    state: 'fault',
    message: expect.stringMatching(/Start the service, and open the way to it/),
  });
});

it('says why a source can not be listed or read', async () => {
  const keys = { accessKeyId: 'AKIDcanary', secretAccessKey: 'canary' };
  const bucket = { name: 'denied', region: 'cn-north-4', keys };
  const site = await startSourceSite({ files: 3, bucket: () => bucket });
  onTestFinished(() => site.close());
  const { huawei } = simulator;
  huawei?.obs.put('open', 'a', 'x');
  configure(
    {
      denied: { endpoint: site.url, credentials: 'reader' },
      behind: { endpoint: site.url, publicUrl: 'http://cdn.example' },
      open: { endpoint: huawei?.obsUrl, credentials: 'reader' },
    },
    { expiresAt: new Date(Date.now() + 60_000).toISOString() },
  );
  const { checks } = await check(COS);
  const of = (name: string) => checks.find((each) => each.name === name);
  expect(of('denied')).toMatchObject({
    state: 'fault',
    message: expect.stringContaining('denied'),
  });
  expect(of('behind')).toMatchObject({ state: 'warning' });
  expect(of('open')).toMatchObject({
    state: 'fault',
    message: expect.stringMatching(/^SOURCE_KEYS_END: .*Renew them/),
  });
});

it('is a table for a person', async () => {
  const { out, code } = await runProgram(env, 'check', COS);
  expect(code).toBe(0);
  expect(out).toMatch(/^ok +configuration +settings: are valid\.$/m);
  expect(out).toMatch(/^warning +callback +WAYBILL_PUBLIC_URL: is not set/m);
});

it('refuses an address of a source in place of a target', async () => {
  const { failure } = await runProgram(env, 'check', 's3://media/');
  expect(failure).toMatch(/^target: s3:\/\/media\/: expected cos:/);
});
