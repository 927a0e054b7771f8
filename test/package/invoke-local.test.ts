/** Each function answers its sample event through the framework's own `invoke local`. */
import { execFile } from 'node:child_process';
import { fileURLToPath } from 'node:url';
import { promisify } from 'node:util';
import { afterAll, beforeAll, expect, it } from 'vitest';
import { functionNames } from '../../scripts/bundle.ts';
import { expectSample, type Providers, startProviders } from '../fixtures/providers.ts';
import { temporaryFolder } from '../fixtures/stores.ts';

const run = promisify(execFile);
const ROOT = fileURLToPath(new URL('../..', import.meta.url));

let providers: Providers;
beforeAll(async () => {
  providers = await startProviders();
});
afterAll(() => providers.simulator.close());

it.each(functionNames())('npx serverless invoke local -f %s', async (name) => {
  const folder = temporaryFolder();
  const env = {
    PATH: process.env['PATH'],
    HOME: folder,
    ...providers.env,
    WAYBILL_LEDGER: `sqlite:${folder}/waybill.db`,
    WAYBILL_QUEUE: `sqlite:${folder}/waybill.db`,
    WAYBILL_OBJECTS: `folder:${folder}/objects`,
  };
  const args = ['serverless', 'invoke', 'local', '-f', name, '-p', `events/${name}.json`];
  const { stdout } = await run('npx', args, { cwd: ROOT, env });
  const answer = /^\{\n[\s\S]*^\}$/m.exec(stdout)?.[0];
  expect(answer, stdout).toBeDefined();
  expectSample(name, JSON.parse(answer ?? ''));
});
