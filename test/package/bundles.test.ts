/** Runs each function from its zip, as Lambda would: nothing of the checkout is within its reach. */
import { execFile } from 'node:child_process';
import { mkdirSync, readdirSync, readFileSync, writeFileSync } from 'node:fs';
import { dirname, join } from 'node:path';
import { promisify } from 'node:util';
import { unzipSync } from 'fflate';
import { afterAll, beforeAll, expect, it } from 'vitest';
import { functionNames } from '../../scripts/bundle.ts';
import { prepareTool } from '../../scripts/python-tools.ts';
import { openApi } from '../../shared/api/openapi.ts';
import { createStores } from '../fixtures/aws-stores.ts';
import { type AwsEmulator, startMinistack } from '../fixtures/emulators.ts';
import { loadJson } from '../fixtures/load.ts';
import {
  expectAnswer,
  type Providers,
  SAMPLE_ANSWERS,
  startProviders,
} from '../fixtures/providers.ts';
import { temporaryFolder } from '../fixtures/stores.ts';

const run = promisify(execFile);
const zips = new URL('../../.serverless/', import.meta.url);

let providers: Providers;
let ministack: AwsEmulator;
beforeAll(async () => {
  prepareTool('ministack');
  [providers, ministack] = await Promise.all([startProviders(), startMinistack()]);
});
afterAll(async () => {
  await Promise.all([providers.simulator.close(), ministack.stop()]);
});

/** Unpacks a function's zip and calls its handler in a process of its own. */
async function invoke(
  name: string,
  env: Readonly<Record<string, string>>,
  event: unknown = loadJson(`events/${name}.json`),
) {
  const folder = temporaryFolder();
  const files = unzipSync(readFileSync(new URL(`${name}.zip`, zips)));
  for (const [path, bytes] of Object.entries(files)) {
    mkdirSync(dirname(join(folder, path)), { recursive: true });
    writeFileSync(join(folder, path), bytes);
  }
  const script = `
    require('./.build/functions/${name}.js').handler(${JSON.stringify(event)}).then(
      (answer) => process.stdout.write('\\nANSWER ' + JSON.stringify(answer)),
      (error) => process.stdout.write('\\nERROR ' + error.message));`;
  const { stdout } = await run(process.execPath, ['-e', script], { cwd: folder, env });
  return { files: Object.keys(files), stdout };
}

it('every function has a sample event and a zip of its own', () => {
  expect(Object.keys(SAMPLE_ANSWERS).sort()).toEqual(functionNames());
  const found = readdirSync(zips).filter((file) => file.endsWith('.zip'));
  expect(found.sort()).toEqual(functionNames().map((name) => `${name}.zip`));
});

it.each(functionNames())('%s answers its sample event from the zip', async (name) => {
  const { files, stdout } = await invoke(name, {
    ...providers.env,
    ...(await createStores(ministack)),
  });
  const page = files.filter((path) => path.startsWith('.build/dashboard/'));
  // The page and the OpenAPI document lie beside `runs`, and beside no other.
  expect(files.filter((path) => !page.includes(path)).sort()).toEqual([
    ...(name === 'runs' ? ['.build/functions/openapi.mjs'] : []),
    `.build/functions/${name}.js`,
  ]);
  expect(page.includes('.build/dashboard/index.html.br')).toBe(name === 'runs');
  const answer = /ANSWER (.*)$/.exec(stdout)?.[1];
  expectAnswer(JSON.parse(answer ?? JSON.stringify(stdout)), SAMPLE_ANSWERS[name] ?? {});
});

it('runs has the whole OpenAPI document in its zip', async () => {
  const stores = await createStores(ministack);
  const { stdout } = await invoke(
    'runs',
    { ...stores, WAYBILL_API_TOKENS: 'a-token-of-the-tests' },
    { routeKey: 'GET /openapi.json', requestContext: { http: { method: 'GET' } } },
  );
  const { body } = JSON.parse(/ANSWER (.*)$/.exec(stdout)?.[1] ?? JSON.stringify(stdout));
  expect(JSON.parse(body)).toEqual(JSON.parse(JSON.stringify(openApi())));
});

it('a function without its configuration names every variable that is missing', async () => {
  const { stdout } = await invoke('cos-offline-fetch', {});
  for (const variable of [
    'TENCENTCLOUD_SECRET_ID',
    'TENCENTCLOUD_SECRET_KEY',
    'WAYBILL_CALLBACK_KEYS',
    'WAYBILL_PUBLIC_URL',
  ]) {
    expect(stdout).toContain(variable);
  }
});
