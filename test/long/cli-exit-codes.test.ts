/** Every command's exit codes: 0 well, 1 failures, 2 usage, 3 unreachable, 4 refused. */
import { writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { beforeEach, describe, expect, it } from 'vitest';
import { createProgram } from '../../cli/program.ts';
import { type Reply, startPeer } from '../fixtures/http.ts';
import { freePort, startProgram } from '../fixtures/processes.ts';
import { runView } from '../fixtures/runs.ts';
import { temporaryFolder } from '../fixtures/stores.ts';

const TO = ['--to', 'ap-shanghai/examplebucket-1250000000'];
const RUN = runView().runId;
const MIGRATION = `m${RUN}`;

const BIN = fileURLToPath(new URL('../../cli/waybill.js', import.meta.url));

let good: string;
let bad: string;
/** Of a report that is missing. */
let summary: string;
let job: string;
beforeEach(() => {
  const folder = temporaryFolder();
  good = join(folder, 'good.csv');
  bad = join(folder, 'bad.csv');
  job = join(folder, 'job.json');
  writeFileSync(job, '{}');
  writeFileSync(good, 'http://a.example/1,k\n');
  writeFileSync(bad, 'ftp://a.example/1,k\n');
  summary = join(folder, 'summary.json');
  const reports = [{ name: 'failed.csv', sizeBytes: 0, sha256: '0'.repeat(64) }];
  writeFileSync(summary, JSON.stringify({ runId: 'r', closedAt: null, reports }));
});

async function exitCode(args: readonly string[], url = 'http://127.0.0.1:9') {
  const program = startProgram('cli/waybill.ts', args, { WAYBILL_URL: url, WAYBILL_TOKEN: 't' });
  return { code: await program.ended, output: program.output() };
}

/** By command: a call of it that asks the service. */
const asking = (): Readonly<Record<string, readonly string[]>> => ({
  migrate: ['migrate', 's3://media/', 'cos://ap-shanghai/examplebucket-1250000000/'],
  migrations: ['migrations'],
  start: ['start', MIGRATION],
  'catch-up': ['catch-up', MIGRATION],
  submit: ['submit', good, ...TO],
  batch: ['batch', job],
  oms: ['oms', 'start', '4042'],
  runs: ['runs'],
  show: ['show', RUN],
  audit: ['audit', RUN],
  pace: ['pace'],
  transfers: ['transfers', RUN],
  transfer: ['transfer', `${RUN}.0.1`],
  report: ['report', RUN],
  retry: ['retry', RUN],
  cancel: ['cancel', RUN, '--yes'],
  pause: ['pause', RUN],
  resume: ['resume', RUN],
  redrive: ['redrive'],
});
const ASKING = [
  'migrate',
  'migrations',
  'start',
  'catch-up',
  'submit',
  'batch',
  'oms',
  'runs',
  'show',
  'audit',
  'pace',
  'transfers',
  'transfer',
  'report',
  'retry',
  'cancel',
  'pause',
  'resume',
  'redrive',
];
const ALONE = [
  'check',
  'database',
  'manifest',
  'lint',
  'notify',
  'plan',
  'verify',
  'sign',
  'serve',
];

it('no command is left out', () => {
  const { stdin, stdout, stderr } = process;
  const program = createProgram({ env: {}, stdin, stdout, stderr, exitsWith: () => {} });
  const names = program.commands.map((command) => command.name());
  expect([...ASKING, ...ALONE].sort()).toEqual(names.sort());
  expect(Object.keys(asking())).toEqual(ASKING);
});

const problem = (status: number): Reply => ({
  status,
  body: JSON.stringify({ title: 'No.', status, detail: 'So it is.' }),
});

/** `waybill: <what>. <what to do>.`, and nothing else. */
const ONE_FORM = /^waybill: \S.*[.?!] [A-Z].*\.\n$/;

/** What `submit` says of its file comes first. */
const withoutFindings = (output: string): string => output.slice(output.indexOf('waybill: '));

describe.each(ASKING)('%s', (name) => {
  const ask = (url: string) => exitCode(asking()[name] ?? [], url);

  it('answers 3 without a service, 3 for its trouble, 4 for its refusals, 2 for bad input', async () => {
    const nobody = await ask(`http://127.0.0.1:${await freePort()}`);
    expect(nobody).toMatchObject({ code: 3, output: expect.stringContaining('no answer from') });
    expect(withoutFindings(nobody.output)).toMatch(ONE_FORM);
    const peer = await startPeer();
    for (const [status, code] of [
      [500, 3],
      [503, 3],
      [401, 4],
      [404, 4],
      [409, 4],
      [400, 2],
    ] as const) {
      peer.answer(problem(status));
      const answer = await ask(peer.origin);
      expect(answer, `status ${status}`).toMatchObject({ code });
      expect(withoutFindings(answer.output), `status ${status}`).toMatch(ONE_FORM);
    }
    peer.answer({ body: '<html>' });
    expect(await ask(peer.origin)).toMatchObject({ code: 3 });
  });
});

it.each([...ASKING, ...ALONE])('%s answers 2 for an option that it does not know', async (name) => {
  const start = name === 'oms' ? ['start'] : [];
  const { code, output } = await exitCode([name, ...start, '--nonsense']);
  expect(code).toBe(2);
  expect(output).toMatch(/unknown option '--nonsense'|missing required argument|required option/);
  expect(output).toMatch(ONE_FORM);
});

describe('1, where something failed or may not be done', () => {
  const answering = async (...bodies: readonly unknown[]) => {
    const peer = await startPeer();
    peer.answer(...bodies.map((body) => ({ body: JSON.stringify(body) })));
    return peer.origin;
  };
  const failed = runView({ state: 'failed' });
  const transfer = {
    transferId: `${RUN}.0.1`,
    runId: RUN,
    state: 'failed',
    attempt: 1,
    updatedAt: failed.createdAt,
    history: [],
  };

  it.each([
    ['manifest', () => ['manifest', bad, '--from', 'hashsum', '--source', 's3://b'], []],
    ['lint', () => ['lint', bad], []],
    ['plan', () => ['plan', bad, ...TO], []],
    ['verify', () => ['verify', summary], []],
    ['submit --strict', () => ['submit', bad, ...TO, '--strict'], []],
    ['show', () => ['show', RUN], [failed]],
    ['transfer', () => ['transfer', `${RUN}.0.1`], [transfer]],
    ['show --check', () => ['show', RUN, '--check'], [failed]],
    [
      'retry --watch',
      () => ['retry', RUN, '--watch'],
      [{ runId: RUN, ordered: 1, pending: 0, unread: 0 }, failed],
    ],
  ] as const)('%s', async (_name, args, bodies) => {
    expect(await exitCode(args(), await answering(...bodies))).toMatchObject({ code: 1 });
  });

  it('but not where a command only tells', async () => {
    const page = await answering({ runs: [failed], nextCursor: null });
    expect(await exitCode(['runs'], page)).toMatchObject({ code: 0 });
    const summary = await answering({ failures: [] }, failed);
    expect(await exitCode(['report', RUN], summary)).toMatchObject({ code: 0 });
    const retried = await answering({ runId: RUN, ordered: 1, pending: 0, unread: 0 });
    expect(await exitCode(['retry', RUN], retried)).toMatchObject({ code: 0 });
  });
});

it.each([
  [['transfer', 'nonsense'], 'nonsense is not a transfer id: expected <run>.<shard>.<line>.'],
  [['batch', 'none.json'], 'none.json: there is no such file.'],
  [['batch', BIN], 'expected JSON'],
  [['oms', 'start', '1', '--version', 'v3'], 'Allowed choices are v1, v2'],
  [['oms', 'start', 'g', '--group', '--version', 'v1'], 'v1 has no task groups'],
  [['retry', RUN, '--class', 'nonsense'], 'Expected some of transient, throttled'],
  [['runs', '--state', 'done'], 'Expected some of planning, active'],
  [['transfers', RUN, '--cause', 'source,x'], 'Expected some of transient'],
  [['transfers', RUN, '--limit', '1001'], 'Expected a whole number from 1 to 1000'],
  [['plan', 'm.csv', ...TO, '--rate', '0'], 'Expected a whole number from 1 to 1000000'],
  [['plan', 'm.csv', '--to', 'nowhere'], '--to: expected <region>/<bucket-appid>'],
  [['verify', 'none.jsonl'], 'none.jsonl'],
  [['cancel', RUN], 'expected --yes'],
])('2 for %j', async (args, words) => {
  const { code, output } = await exitCode(args);
  expect(output).toContain(words);
  expect(output).toMatch(ONE_FORM);
  expect(code).toBe(2);
});
