/** Every sample event answers through the framework's own `invoke local`, with nothing in the environment. */
import { execFile } from 'node:child_process';
import { existsSync, readdirSync } from 'node:fs';
import { fileURLToPath } from 'node:url';
import { promisify } from 'node:util';
import { describe, expect, it } from 'vitest';
import { lockFiles } from '../../local/lock.ts';
import { functionNames } from '../../scripts/bundle.ts';
import { expectAnswer, SAMPLE_ANSWERS } from '../fixtures/providers.ts';
import { temporaryFolder } from '../fixtures/stores.ts';

const run = promisify(execFile);
const ROOT = fileURLToPath(new URL('../..', import.meta.url));

const ONE_RUN = { runIds: [expect.stringMatching(/^[0-9a-f]{24}$/)] };
/** Where an event is another one than its function's first sample, or its upload is there. */
const OTHERS: Readonly<Record<string, readonly [name: string, answer: object]>> = {
  'cos-batch-job-upload': ['cos-batch-job', ONE_RUN],
  fetches: ['runs', { statusCode: 202, body: /"runId":"[0-9a-f]{24}"/ }],
  'list-source-upload': ['list-source', { runIds: [] }],
  'oms-v1-start-task-upload': ['oms-v1-start-task', ONE_RUN],
  'oms-v2-create-task-upload': ['oms-v2-create-task', ONE_RUN],
  'oms-v2-start-task-upload': ['oms-v2-start-task', ONE_RUN],
  'plan-manifest': ['plan-manifest', ONE_RUN],
  'plan-manifest-eventbridge': ['plan-manifest', ONE_RUN],
  'record-callback-url': ['record-callback', SAMPLE_ANSWERS['record-callback'] ?? {}],
};

const samples = readdirSync(new URL('../../events', import.meta.url))
  .filter((file) => file.endsWith('.json'))
  .map((file) => file.slice(0, -'.json'.length));
const functionOf = (event: string): string => OTHERS[event]?.[0] ?? event;

const invoke = (
  event: string,
  env: Readonly<Record<string, string>> = {},
  more: readonly string[] = [],
) =>
  run(
    'npx',
    [
      'serverless',
      'invoke',
      'local',
      '-f',
      functionOf(event),
      '-p',
      `events/${event}.json`,
      ...more,
    ],
    {
      cwd: ROOT,
      env: { PATH: process.env['PATH'], HOME: temporaryFolder(), ...env },
    },
  );

const answerIn = (stdout: string): unknown =>
  JSON.parse(/^\{\n[\s\S]*^\}$/m.exec(stdout)?.[0] ?? stdout);

describe('npx serverless invoke local', () => {
  it('has a sample event for every function', () => {
    expect([...new Set(samples.map(functionOf))].sort()).toEqual(functionNames());
  });

  it.each(samples)('answers events/%s.json with nothing in the environment', async (event) => {
    const { stdout, stderr } = await invoke(event);
    expect(stderr).toMatch(/^Works with \S+waybill-\S+ and the built-in simulators\.$/m);
    expectAnswer(answerIn(stdout), OTHERS[event]?.[1] ?? SAMPLE_ANSWERS[event] ?? {});
  });

  describe('beside a service', () => {
    const shell = (folder: string) => ({
      WAYBILL_LEDGER: `sqlite:${folder}/waybill.db`,
      WAYBILL_QUEUE: `sqlite:${folder}/waybill.db`,
      WAYBILL_OBJECTS: `folder:${folder}/objects`,
      TENCENTCLOUD_SECRET_ID: 'not-the-simulators',
      TENCENTCLOUD_SECRET_KEY: 'key',
    });

    it("leaves the shell's stores and keys alone", async () => {
      const folder = temporaryFolder();
      const { stdout } = await invoke('fetches', shell(folder));
      expect(answerIn(stdout)).toMatchObject({ statusCode: 202 });
      expect(readdirSync(folder)).toEqual([]);
    });

    it('uses them with --env WAYBILL_DATA, unless a service holds the ledger', async () => {
      const folder = temporaryFolder();
      const env = shell(folder);
      const told = [
        '--env',
        `WAYBILL_DATA=${folder}`,
        '--env',
        'WAYBILL_API_TOKENS=an-example-token',
      ];
      const { stdout, stderr } = await invoke('runs', env, told);
      expect(stderr).toContain('Works with the stores and keys that the environment names.');
      expect(answerIn(stdout)).toMatchObject({ statusCode: 200 });
      expect(existsSync(`${folder}/waybill.db`)).toBe(true);

      const lock = lockFiles([{ name: 'WAYBILL_LEDGER', path: `${folder}/waybill.db` }]);
      try {
        await expect(invoke('runs', env, told)).rejects.toMatchObject({
          stdout: expect.stringContaining('in use by another service'),
        });
      } finally {
        lock.release();
      }
    });
  });
});
