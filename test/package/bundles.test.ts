/** Runs each function from its zip, as Lambda would: nothing of the checkout is within its reach. */
import { execFile } from 'node:child_process';
import { mkdirSync, readdirSync, readFileSync, writeFileSync } from 'node:fs';
import { dirname, join } from 'node:path';
import { promisify } from 'node:util';
import { unzipSync } from 'fflate';
import { expect, it } from 'vitest';
import { functionNames } from '../../scripts/bundle.ts';
import { loadJson } from '../fixtures/load.ts';
import { temporaryFolder } from '../fixtures/stores.ts';

const run = promisify(execFile);
const zips = new URL('../../.serverless/', import.meta.url);

const ENVIRONMENT = {
  HUAWEICLOUD_SDK_AK: 'example-access-key',
  HUAWEICLOUD_SDK_SK: 'example-secret-key',
  LOG_LEVEL: 'error',
  TENCENTCLOUD_APP_ID: '1250000000',
  TENCENTCLOUD_SECRET_ID: 'AKIDexample',
  TENCENTCLOUD_SECRET_KEY: 'example-secret',
  TENCENTCLOUD_UIN: '100000000001',
  WAYBILL_API_TOKENS: 'an-example-token',
  WAYBILL_CALLBACK_KEYS: 'k1:0123456789abcdef',
  WAYBILL_PUBLIC_URL: 'https://waybill.example',
};

/** The sample event of each function, and what it comes to in an empty ledger. */
const ANSWERS: Readonly<Record<string, unknown>> = {
  'cos-offline-fetch': { batchItemFailures: [] },
  // Nobody answers at the provider's address.
  'cos-batch-job': { statusCode: 502, body: expect.stringContaining('TRANSPORT_FAILED') },
  'oms-v1-start-task': { statusCode: 502, body: expect.stringContaining('TRANSPORT_FAILED') },
  'oms-v2-start-task': { statusCode: 502, body: expect.stringContaining('TRANSPORT_FAILED') },
  'plan-manifest': { runIds: [] },
  'record-callback': { statusCode: 404, body: expect.stringContaining('CALLBACK_UNKNOWN') },
  'retry-failed-objects': { joined: false, planned: 0, left: 0 },
  runs: { statusCode: 200, body: '{"runs":[],"nextCursor":null}' },
  sweep: { runs: 0, asked: 0, found: 0, queued: 0, closed: 0 },
};

/** Unpacks a function's zip and calls its handler in a process of its own. */
async function invoke(name: string, env: Readonly<Record<string, string>>) {
  const folder = temporaryFolder();
  const files = unzipSync(readFileSync(new URL(`${name}.zip`, zips)));
  for (const [path, bytes] of Object.entries(files)) {
    mkdirSync(dirname(join(folder, path)), { recursive: true });
    writeFileSync(join(folder, path), bytes);
  }
  const event = JSON.stringify(loadJson(`events/${name}.json`));
  const script = `
    require('./.build/functions/${name}.cjs').handler(${event}).then(
      (answer) => process.stdout.write('\\nANSWER ' + JSON.stringify(answer)),
      (error) => process.stdout.write('\\nERROR ' + error.message));`;
  const { stdout } = await run(process.execPath, ['-e', script], { cwd: folder, env });
  return { files: Object.keys(files), stdout };
}

it('every function has a sample event and a zip of its own', () => {
  expect(Object.keys(ANSWERS).sort()).toEqual(functionNames());
  const found = readdirSync(zips).filter((file) => file.endsWith('.zip'));
  expect(found.sort()).toEqual(functionNames().map((name) => `${name}.zip`));
});

it.each(functionNames())('%s answers its sample event from the zip', async (name) => {
  const { files, stdout } = await invoke(name, ENVIRONMENT);
  expect(files).toEqual([`.build/functions/${name}.cjs`]);
  const answer = /ANSWER (.*)$/.exec(stdout)?.[1];
  expect(JSON.parse(answer ?? JSON.stringify(stdout))).toMatchObject(ANSWERS[name] as object);
});

it('a function without its configuration names every variable that is missing', async () => {
  const { stdout } = await invoke('cos-offline-fetch', {});
  for (const variable of Object.keys(ENVIRONMENT).filter((name) => !/LOG|API/.test(name))) {
    expect(stdout).toContain(variable);
  }
});

it('no bundle holds the simulator, the service, or tests', () => {
  const { outputs } = loadJson('.build/functions/metafile.json') as {
    outputs: Record<string, { inputs: Record<string, unknown> }>;
  };
  const inputs = Object.values(outputs).flatMap((output) => Object.keys(output.inputs ?? {}));
  expect(inputs.length).toBeGreaterThan(50);
  expect(inputs.filter((path) => /^(simulator|local|cli|test|bench)\//.test(path))).toEqual([]);
});
