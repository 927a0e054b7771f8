/** Thousands of requests, made from the OpenAPI document, at a live service with its simulators. */
import { execFile } from 'node:child_process';
import { fileURLToPath } from 'node:url';
import { promisify } from 'node:util';
import { expect, it } from 'vitest';
import { prepareTool, programOf } from '../../scripts/python-tools.ts';
import { openApi } from '../../shared/api/openapi.ts';
import { manifestOf, startLive, TOKEN } from '../fixtures/live.ts';
import { putObject } from '../fixtures/providers.ts';
import { temporaryFolder } from '../fixtures/stores.ts';

const HERE = fileURLToPath(new URL('.', import.meta.url));
const SEED = '1';
const EXAMPLES = '30';

const run = promisify(execFile);

it('the service takes what its document allows, refuses the rest, and answers as described', async () => {
  prepareTool('schemathesis');
  const live = await startLive({
    env: {
      WAYBILL_BATCH_RPS: '1000',
      WAYBILL_COS_FETCH_RPS: '1000',
      WAYBILL_OMS_RPS: '1000',
    },
  });
  await putObject(live.simulator, 'sourcebucket-1250000000/manifests/copy.csv', 'a\n');
  await live.start('a.csv', manifestOf(live.site, 5, [`${live.site.missingUrl},a,`]));

  const { stdout } = await run(
    programOf('schemathesis'),
    [
      `--config-file=${HERE}schemathesis.toml`,
      'run',
      `${live.url}/openapi.json`,
      `--header=Authorization: Bearer ${TOKEN}`,
      `--max-examples=${EXAMPLES}`,
      `--seed=${SEED}`,
      '--continue-on-failure',
      '--no-color',
    ],
    // It keeps what it finds in its working directory.
    {
      cwd: temporaryFolder(),
      env: { ...process.env, PYTHONPATH: HERE, SCHEMATHESIS_HOOKS: 'hooks' },
      maxBuffer: 1e8,
    },
  ).catch(({ stdout: told, message }: { stdout: string; message: string }) => {
    throw new Error(`${told || message}\n${live.output().slice(-20_000)}`);
  });

  // The one that it reads the document with is not asked again.
  const { '/openapi.json': _read, ...paths } = openApi().paths;
  const operations = Object.values(paths).flatMap((methods) => Object.keys(methods));
  expect(stdout).toContain(`Tested: ${operations.length}`);
  for (const phase of ['Examples', 'Coverage', 'Fuzzing', 'Stateful']) {
    expect(stdout).toContain(`✅ ${phase}`);
  }
  const [, generated, passed] = /(\d+) generated, (\d+) passed/.exec(stdout) ?? [];
  expect(passed).toBe(generated);
  expect(Number(passed)).toBeGreaterThan(1_500);
});
