/** Every provider call of the service, from its triggers to closed runs and reports, with canaries. */
import { mkdirSync, readdirSync, readFileSync, statSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { expect, it } from 'vitest';
import { startProgram, until } from '../fixtures/processes.ts';
import { temporaryFolder } from '../fixtures/stores.ts';

const TOKEN = 'a-token-of-this-test-only';
const CANARIES = [
  'canary-src-access-key',
  'canary-src-secret-key',
  'canary-dst-access-key',
  'canary-dst-secret-key',
  'canary-dst-token',
  'canary-cdn-key',
  'canary-env-secret',
];

interface RunView {
  readonly runId: string;
  readonly operation: string;
  readonly trigger: string;
  readonly state: string;
  readonly counts: Readonly<Record<string, number>>;
}

it('G6: starts, follows and closes what every trigger asks for; no key is ever seen', async () => {
  const folder = temporaryFolder();
  const credentials = join(folder, 'sets.json');
  mkdirSync(join(folder, 'data'));
  writeFileSync(
    credentials,
    JSON.stringify({
      canary: {
        srcAk: CANARIES[0],
        srcSk: CANARIES[1],
        dstAk: CANARIES[2],
        dstSk: CANARIES[3],
        dstSecurityToken: CANARIES[4],
        sourceCdnAuthenticationKey: CANARIES[5],
      },
    }),
  );
  const service = startProgram(
    'local/main.ts',
    [],
    {
      WAYBILL_DATA: join(folder, 'data'),
      WAYBILL_API_TOKENS: TOKEN,
      WAYBILL_CREDENTIALS_FILE: credentials,
      WAYBILL_SWEEP_SECONDS: '1',
      WAYBILL_SETTLE_SECONDS: '0',
      OMS_SRC_SK: CANARIES[6],
      LOG_LEVEL: 'debug',
      PORT: '0',
    },
    folder,
  );
  const [, url = ''] = await service.says(/listens on (http:\S+)/);
  const headers = { authorization: `Bearer ${TOKEN}`, 'content-type': 'application/json' };
  const call = async (route: string, body: unknown) => {
    const [method = '', path = ''] = route.split(' ');
    const answer = await fetch(`${url}${path}`, { method, headers, body: JSON.stringify(body) });
    return { status: answer.status, ...((await answer.json()) as { runId?: string }) };
  };

  // One by one: OMS v2 with a named set, v1 with the default one, a list, a refused and a bad list.
  const [v2, v1] = [
    await call('POST /oms/v2/tasks/4042/start', { credentials: 'canary' }),
    await call('POST /oms/v1/tasks/16/start', {}),
  ];
  expect([v2.status, v1.status]).toEqual([202, 202]);
  const list = { credentials: 'canary', tasks: [{ taskId: '4043' }, { taskId: '4047' }] };
  expect(await call('PUT /objects/oms/cn-north-4/list.json', list)).toMatchObject({ status: 201 });
  expect(
    await call('PUT /objects/oms/cn-north-4/bad.json', { tasks: [{ dstSk: CANARIES[3] }] }),
  ).toMatchObject({ status: 201 });

  const runs = await until(async () => {
    const answer = await fetch(`${url}/runs`, { headers });
    const found = ((await answer.json()) as { runs: RunView[] }).runs;
    const isOver = found.every(({ state }) => state === 'completed' || state === 'failed');
    return found.length === 4 && isOver ? found : undefined;
  });
  const told = runs.map(({ operation, trigger, state, counts }) => [
    operation,
    trigger,
    state,
    counts['succeeded'],
    counts['failed'],
  ]);
  expect(told.sort()).toEqual([
    ['oms-v1-start-task', 'http', 'completed', 1, 0],
    ['oms-v2-start-task', 'http', 'completed', 1, 0],
    ['oms-v2-start-task', 'upload', 'completed', 1, 1],
    ['oms-v2-start-task', 'upload', 'failed', 0, 0],
  ]);
  const uploaded = runs.find(({ trigger, state }) => trigger === 'upload' && state === 'completed');
  const failed = await (
    await fetch(`${url}/runs/${uploaded?.runId}/failed.csv`, { headers })
  ).text();
  expect(failed).toContain('TASK_IN_GROUP');

  expect(await service.kill('SIGTERM')).toBe(0);
  const written = filesOf(join(folder, 'data')).map((path) => readFileSync(path, 'latin1'));
  expect(written.length).toBeGreaterThan(5);
  for (const canary of CANARIES) {
    // What a person uploaded stays where they put it; nothing else may hold it.
    const own = (text: string) => text.includes('"dstSk"');
    expect(written.filter((text) => text.includes(canary) && !own(text))).toEqual([]);
    expect(service.output()).not.toContain(canary);
  }
});

const filesOf = (folder: string): readonly string[] =>
  readdirSync(folder, { recursive: true })
    .map((name) => join(folder, String(name)))
    .filter((path) => statSync(path).isFile());
