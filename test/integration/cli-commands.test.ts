/** The commands on one run after another, against a live service; every JSON fits its schema. */
import { spawnSync } from 'node:child_process';
import { readdirSync, readFileSync, writeFileSync } from 'node:fs';
import { dirname, join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { Ajv2020 } from 'ajv/dist/2020.js';
import { expect, it, onTestFinished } from 'vitest';
import { schemaFiles } from '../../scripts/cli-schemas.ts';
import { startSimulator } from '../../simulator/main.ts';
import { startSourceSite } from '../../simulator/source-site.ts';
import { startProgram, until } from '../fixtures/processes.ts';
import { runView } from '../fixtures/runs.ts';
import { temporaryFolder } from '../fixtures/stores.ts';

const TO = 'ap-shanghai/examplebucket-1250000000';

const BIN = fileURLToPath(new URL('../../cli/waybill.js', import.meta.url));
const call = { method: 'get', path: '/', headers: { Host: 'h' } };
const REQUESTS = {
  tencent: { ...call, secretId: 'a', secretKey: 'b', keyTime: '1;2' },
  huawei: { ...call, ak: 'a', sk: 'b', xSdkDate: '20260101T000000Z' },
};

const ajv = new Ajv2020({ formats: { 'date-time': /^\d{4}-\d\d-\d\dT[\d:.]+Z$/ } });
const judges = new Map(
  [...schemaFiles()].map(([name, text]) => [name, ajv.compile(JSON.parse(text))]),
);

function fits(command: string, document: unknown): boolean {
  const judge = judges.get(`${command}.json`);
  if (!judge) throw new Error(`there is no schema for ${command}`);
  return judge(document) as boolean;
}

/** The documents that a command printed, one per line, each judged by the schema of the command. */
function documents(command: string, output: string): readonly Record<string, unknown>[] {
  const lines = output.split('\n').filter((line) => line.startsWith('{'));
  return lines.map((line) => {
    const document = JSON.parse(line);
    expect(fits(command, document), `${command} --json: ${line}`).toBe(true);
    return document;
  });
}

async function setup(more: Readonly<Record<string, string>> = {}) {
  const folder = temporaryFolder();
  const [site, simulator] = await Promise.all([startSourceSite({ files: 6 }), startSimulator()]);
  onTestFinished(async () => {
    await Promise.all([site.close(), simulator.close()]);
  });
  const service = startProgram('local/main.ts', [], {
    ...simulator.env(),
    PORT: '0',
    LOG_LEVEL: 'error',
    WAYBILL_DATA: join(folder, 'data'),
    WAYBILL_SWEEP_SECONDS: '1',
    ...more,
  });
  const [, url = ''] = await service.says(/listens on (\S+)/);
  const env = { WAYBILL_URL: url, WAYBILL_DATA: join(folder, 'data') };
  const good = site.files.map(({ url: source, path, md5 }) => `${source},"${path}",${md5}`);
  const manifest = (name: string, ...lines: readonly string[]): string => {
    const path = join(folder, name);
    writeFileSync(path, `url,key,md5\n${lines.join('\n')}\n`);
    return path;
  };
  const call = async (...args: readonly string[]) => {
    const program = startProgram('cli/waybill.ts', args, env);
    const code = await program.ended;
    const output = program.output();
    const [command = ''] = args;
    const json = args.includes('--json') && code !== 2 ? documents(command, output) : [];
    return { code, output, json };
  };
  return { call, env, folder, good, manifest, missing: `${site.missingUrl},missing,` };
}

it('tells all about a run with a failure: report, verdict, transfers, one transfer', async () => {
  const { call, folder, good, manifest, missing } = await setup();
  const path = manifest('m.csv', ...good, missing, 'https://o.example/,quarantined,');
  const [started] = (await call('submit', path, '--to', TO, '--json')).json;
  const runId = String(started?.['runId']);
  expect((await call('show', runId, '--watch', '--json')).json.at(-1)).toMatchObject({
    state: 'completed',
  });

  const told = await call('report', runId);
  expect(told.code).toBe(0);
  expect(told.output).toMatch(/transfers +7\n/);
  expect(told.output).toContain('1 x NotFound (source)');
  const [summary] = (await call('report', runId, '--json')).json;
  expect(summary).toMatchObject({ runId, coverage: { transfers: 7 }, failures: [{ count: 1 }] });

  const out = join(folder, 'reports', 'first');
  const [written] = (await call('report', runId, '--out', out, '--json')).json;
  const files = readdirSync(out).sort();
  expect(new Set(written?.['files'] as string[])).toEqual(new Set(files));
  expect(files).toEqual(expect.arrayContaining(['failed.csv', 'rejected.csv', 'summary.json']));
  expect(readFileSync(join(out, 'failed.csv'), 'utf8')).toContain('missing');
  expect(JSON.parse(readFileSync(join(out, 'summary.json'), 'utf8'))).toEqual(summary);
  expect(await call('verify', join(out, 'summary.json'), '--json')).toMatchObject({
    code: 0,
    json: [{ runId, verified: true, reports: [{ name: 'failed.csv' }, { name: 'rejected.csv' }] }],
  });
  writeFileSync(join(out, 'failed.csv'), '');
  const changed = await call('verify', join(out, 'summary.json'));
  expect(changed).toMatchObject({
    code: 1,
    output: expect.stringMatching(/different +\S+failed\.csv/),
  });
  const again = await call('report', runId, '--out', out);
  expect(again.code).toBe(2);
  expect(again.output).toContain('holds summary.json, failed.csv, rejected.csv');
  expect((await call('report', runId, '--out', out, '--force')).code).toBe(0);
  writeFileSync(join(folder, 'file'), '');
  const barred = await call('report', runId, '--out', join(folder, 'file', 'sub'));
  expect(barred).toMatchObject({ code: 2, output: expect.stringContaining("can't be written") });

  const ready = await call('show', runId, '--check');
  expect(ready.code).toBe(1);
  expect(ready.output).toMatch(/verdict +NO-GO/);
  expect((await call('show', runId, '--check', '--json')).json).toMatchObject([
    { verdict: 'NO-GO', reasons: [{ code: 'TRANSFERS_FAILED' }, { code: 'LINES_QUARANTINED' }] },
  ]);

  const failed = await call('transfers', runId, '--state', 'failed', '--cause', 'source', '--json');
  expect(failed).toMatchObject({ code: 0, json: [{ transfers: [{ key: 'missing' }] }] });
  const none = await call('transfers', runId, '--state', 'cancelled,planned');
  expect(none).toMatchObject({ code: 0, output: 'no such transfers\n' });
  const paged = await call('transfers', runId, '--limit', '2');
  expect(paged.output).toMatch(/more: --cursor \S+\n$/);

  const [page] = failed.json as unknown as readonly { transfers: { transferId: string }[] }[];
  const transferId = page?.transfers[0]?.transferId ?? '';
  const one = await call('transfer', transferId);
  expect(one.code).toBe(1);
  expect(one.output).toMatch(/AT \(UTC\) +EVENT +STATE +TRY +DETAILS\n/);
  expect(one.output).toMatch(/NotFound \(source\): /);
  expect((await call('transfer', transferId, '--json')).json).toMatchObject([{ transferId }]);
  expect((await call('transfer', `${runId}.0.1`)).code).toBe(0);
  expect((await call('transfer', `${runId}.0.999`)).code).toBe(4);
});

it('repeats, cancels and goes on with a run, and says GO in the end', async () => {
  const { call, good, manifest, missing } = await setup({ WAYBILL_COS_FETCH_RPS: '1' });
  const bad = manifest('bad.csv', missing);
  const [failing] = (await call('submit', bad, '--to', TO, '--watch', '--json')).json;
  const failed = String(failing?.['runId']);
  expect((await call('retry', failed, '--class', 'transient')).code).toBe(4);
  const retried = await call('retry', failed, '--class', 'source', '--watch', '--json');
  expect(retried.code).toBe(1);
  expect(retried.json[0]).toEqual({ runId: failed, ordered: 1, pending: 0, unread: 0 });
  expect(retried.json.at(-1)).toMatchObject({ state: 'completed', counts: { failed: 1 } });

  const [started] = (await call('submit', manifest('g.csv', ...good), '--to', TO, '--json')).json;
  const runId = String(started?.['runId']);
  const open = await call('runs', '--state', 'planning', 'active', '--json');
  expect(open.json).toMatchObject([{ runs: [{ runId }] }]);

  expect((await call('pause', runId, '--json')).json).toEqual([{ runId }]);
  const paused = (await call('show', runId, '--check', '--json')).json[0];
  expect(paused).toMatchObject({ state: 'paused', verdict: 'NO-GO' });
  expect(await call('pause', runId.slice(0, 12))).toMatchObject({
    code: 0,
    output: `run ${runId} is paused\nresume it with: npx waybill resume ${runId}\n`,
  });
  expect(await call('pause', failed)).toMatchObject({
    code: 4,
    output: expect.stringContaining('already completed'),
  });

  const unasked = await call('cancel', runId);
  expect(unasked).toMatchObject({ code: 2, output: expect.stringContaining('expected --yes') });
  expect((await call('resume', runId, '--json')).json).toEqual([{ runId }]);
  const cancelled = await call('cancel', runId, '--yes', '--json');
  expect(cancelled).toMatchObject({ code: 0, json: [{ runId }] });
  const jobs = ['--operation', 'cos-batch-job'];
  expect((await call('runs', ...jobs)).output).toBe('no such runs\n');
  const reasons = (await call('show', runId, '--check', '--json')).json[0]?.['reasons'];
  expect(reasons).toContainEqual({ code: 'RUN_CANCELLED', message: 'the run was cancelled' });
  const on = await until(async () => {
    const answer = await call('retry', runId, '--watch');
    return answer.code === 3 ? undefined : answer;
  });
  expect(on.output).toMatch(/state +completed/);
  expect(on.code).toBe(0);
  const ready = await call('show', runId, '--check');
  expect(ready).toMatchObject({ code: 0, output: expect.stringMatching(/verdict +GO\n/) });
});

it('shows, changes and restores the pace', async () => {
  const { call } = await setup({ WAYBILL_PACE: 'UTC 90/s' });
  const configured = { pace: 'UTC 90/s', configured: 'UTC 90/s', perSecond: 90, until: null };
  expect((await call('pace', '--json')).json).toMatchObject([configured]);
  const changed = await call('pace', 'Asia/Shanghai 0/s');
  expect(changed.output).toMatch(/^pace +Asia\/Shanghai 0\/s\nnow +0\/s\nconfigured +UTC 90\/s\n/);
  expect(changed.code).toBe(0);
  expect(await call('pace', '22:00-06:00 400/s')).toMatchObject({
    code: 2,
    output: expect.stringContaining('expected the rate of all other hours at the end'),
  });
  expect((await call('pace', 'UTC 5/s', '--reset')).code).toBe(2);
  expect((await call('pace', '--reset', '--json')).json).toMatchObject([configured]);
});

it('takes the beginning of an id wherever it takes a run', async () => {
  const { call, folder, good, manifest } = await setup();
  const path = manifest('m.csv', ...good);
  const [started] = (await call('submit', path, '--to', TO, '--watch', '--json')).json;
  const runId = String(started?.['runId']);
  const short = runId.slice(0, 5);
  for (const args of [
    ['show', short, '--json'],
    ['report', short, '--json'],
    ['report', short, '--out', join(folder, 'out'), '--json'],
    ['show', short, '--check', '--json'],
  ]) {
    expect(await call(...args), args[0]).toMatchObject({ code: 0, json: [{ runId }] });
  }
  const listed = await call('transfers', short, '--json');
  expect(listed).toMatchObject({ code: 0, json: [{ transfers: [{ runId }, {}, {}, {}, {}, {}] }] });
  const one = await call('transfer', `${short}.0.1`, '--json');
  expect(one).toMatchObject({ code: 0, json: [{ transferId: `${runId}.0.1` }] });
  // Refused, but of the run that was meant.
  expect((await call('retry', short)).output).toContain('nothing');
  const cancelled = await call('cancel', short, '--yes');
  expect(cancelled.code).toBe(4);
  expect(cancelled.output).not.toContain('no such run');
  const unknown = await call('show', short === 'fffff' ? '00000' : 'fffff');
  expect(unknown).toMatchObject({ code: 4, output: expect.stringContaining('no run id starts') });
});

it('prints JSON that fits its schema where no run is asked for', async () => {
  const { env, good, manifest } = await setup();
  const path = manifest('m.csv', ...good, 'https://o.example/1,k,', 'o.example/2,k2,');
  const key = ['--key', `cos-fetch/${TO}/m.csv`];
  const reports = [{ name: 'failed.csv', sizeBytes: 0, sha256: '0'.repeat(64) }];
  const summary = join(dirname(path), 'summary.json');
  writeFileSync(summary, JSON.stringify({ runId: 'r', closedAt: null, reports }));
  for (const [args, found] of [
    [['manifest', path, '--json', '-o', `${path}.csv`], { counts: { listed: 8, written: 8 } }],
    [
      ['manifest', summary, '--json', '-o', `${path}.csv`],
      { error: { code: 'LIST_UNKNOWN_FORMAT' } },
    ],
    [['lint', path, '--json', ...key], { counts: { quarantined: 1 } }],
    [['lint', `${path}x`, '--json'], { error: { code: 'MANIFEST_INVALID' } }],
    [['plan', path, '--to', TO, '--json'], { counts: { good: 7, quarantined: 1 } }],
    [['plan', `${path}x`, '--to', TO, '--json'], { error: { code: 'MANIFEST_INVALID' } }],
    [['verify', summary, '--json'], { verified: false, reports: [{ result: 'missing' }] }],
    [['redrive', '--json'], { moved: 0, left: 0 }],
    [['redrive', '--dry-run', '--json'], { moved: 0, left: 0 }],
  ] as const) {
    const program = startProgram('cli/waybill.ts', args, env);
    await program.ended;
    const document = JSON.parse(program.output());
    expect(document).toMatchObject(found);
    expect(fits(args[0], document), args.join(' ')).toBe(true);
  }
  for (const provider of ['tencent', 'huawei'] as const) {
    const { stdout } = spawnSync(process.execPath, [BIN, 'sign', '--provider', provider], {
      input: JSON.stringify(REQUESTS[provider]),
      encoding: 'utf8',
    });
    expect(documents('sign', stdout)).toHaveLength(1);
  }
});

it('has schemas that refuse what is not so', () => {
  expect(fits('show', { ...runView(), verdict: 'MAYBE' })).toBe(false);
  expect(fits('retry', { runId: 'r', ordered: '1' })).toBe(false);
  expect(fits('runs', { runs: [{}], nextCursor: null })).toBe(false);
});
