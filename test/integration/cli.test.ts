/** The command as a process against a live service: output, files, exit codes. */
import { spawn, spawnSync } from 'node:child_process';
import { once } from 'node:events';
import { existsSync, readdirSync, readFileSync, writeFileSync } from 'node:fs';
import { delimiter, dirname, join } from 'node:path';
import { text } from 'node:stream/consumers';
import { fileURLToPath } from 'node:url';
import { gzipSync } from 'node:zlib';
import { beforeEach, describe, expect, it, onTestFinished } from 'vitest';
import { lockFolder } from '../../local/lock.ts';
import { startSimulator } from '../../simulator/main.ts';
import { startSourceSite } from '../../simulator/source-site.ts';
import { freePort, type Program, startProgram } from '../fixtures/processes.ts';
import { temporaryFolder } from '../fixtures/stores.ts';

const TO = 'ap-shanghai/examplebucket-1250000000';

const PROGRAM = fileURLToPath(new URL('../../cli/waybill.ts', import.meta.url));

const WITH_HEADER = '14 lines, 13 transfers, 0 quarantined, 0 blank, 1 header, 0';

/** Outside of the checkout, as a shell finds it: an older one where the machine has that. */
const OTHER_NODE =
  (process.env['PATH'] ?? '')
    .split(delimiter)
    .filter((folder) => !folder.includes('node_modules') && folder !== dirname(process.execPath))
    .map((folder) => join(folder, 'node'))
    .find((path) => existsSync(path)) ?? process.execPath;

/** Runs `waybill` and waits for it; both streams and the exit code. */
async function waybill(
  args: readonly string[],
  env: Readonly<Record<string, string>> = {},
  cwd?: string,
) {
  const program = startProgram('cli/waybill.ts', args, env, cwd);
  const code = await program.ended;
  return { code, output: program.output() };
}

describe('with a service', () => {
  let folder: string;
  let service: Program;
  let env: Record<string, string>;
  let manifest: string;

  beforeEach(async () => {
    folder = temporaryFolder();
    const [site, simulator] = await Promise.all([startSourceSite({ files: 12 }), startSimulator()]);
    service = startProgram('local/main.ts', [], {
      ...simulator.env(),
      PORT: '0',
      LOG_LEVEL: 'error',
      WAYBILL_DATA: join(folder, 'data'),
      WAYBILL_SWEEP_SECONDS: '1',
    });
    onTestFinished(async () => {
      await Promise.all([site.close(), simulator.close()]);
    });
    const [, url = ''] = await service.says(/listens on (\S+)/);
    // No token: the command finds the one that the service made for itself.
    env = { WAYBILL_URL: url, WAYBILL_DATA: join(folder, 'data') };
    manifest = join(folder, 'm.csv');
    const lines = site.files.map(({ url: source, path, md5 }) => `${source},"${path}",${md5}`);
    writeFileSync(manifest, `url,key,md5\n${lines.join('\n')}\n${site.missingUrl},missing,\n`);
  });

  it('submits, follows, lists and shows a run', async () => {
    const submitted = await waybill(['submit', manifest, '--to', TO, '--watch'], env);
    expect(submitted.code).toBe(1);
    expect(submitted.output).toMatch(
      /run ([0-9a-f]{24}) of\n {2}cos-fetch\/ap-shanghai\/examplebucket-1250000000\/[\d-]{10}\/[0-9a-f]{12}-m\.csv/,
    );
    expect(submitted.output).toMatch(/state +completed/);
    expect(submitted.output).toMatch(/succeeded +12/);
    expect(submitted.output).toMatch(/1 x NotFound \(source\)/);
    // Findings are one line each, as editors read them; they begin with the path of the file.
    const lines = submitted.output.split('\n').filter((line) => !line.startsWith(manifest));
    for (const line of lines) expect(line.length).toBeLessThanOrEqual(80);
    const [, runId = ''] = /run ([0-9a-f]{24})/.exec(submitted.output) ?? [];

    const listed = await waybill(['runs'], env);
    expect(listed).toMatchObject({ code: 0, output: expect.stringContaining(runId.slice(0, 8)) });
    const shown = await waybill(['show', runId, '--json'], env);
    expect(shown.code).toBe(1);
    expect(JSON.parse(shown.output)).toMatchObject({
      runId,
      state: 'completed',
      counts: { lines: 13, succeeded: 12, failed: 1 },
    });
    const all = await waybill(['runs', '--json'], env);
    expect(JSON.parse(all.output)).toMatchObject({ runs: [{ runId }] });

    const jsonOf = (output: string) =>
      JSON.parse(output.split('\n').find((line) => line.startsWith('{')) ?? '');
    const repeated = await waybill(['submit', manifest, '--to', TO, '--json'], env);
    expect(repeated.code).toBe(0);
    expect(jsonOf(repeated.output)).toMatchObject({ runId, existing: true });
    const followed = await waybill(['submit', manifest, '--to', TO, '--watch'], env);
    expect(followed.output).toContain(`this file was sent before, as run ${runId} of`);
    expect(followed.code).toBe(1);
    expect(JSON.parse((await waybill(['runs', '--json'], env)).output).runs).toHaveLength(1);

    const again = await waybill(['submit', manifest, '--to', TO, '--again', '--json'], env);
    expect(again.code).toBe(0);
    expect(jsonOf(again.output)).toMatchObject({
      runId: expect.stringMatching(/^[0-9a-f]{24}$/),
      key: expect.stringMatching(/\/[0-9a-f]{12}\.[0-9a-z]+-m\.csv$/),
      existing: false,
    });
    expect(JSON.parse((await waybill(['runs', '--json'], env)).output).runs).toHaveLength(2);
    const newest = await waybill(['submit', manifest, '--to', TO, '--json'], env);
    expect(jsonOf(newest.output).runId).toBe(jsonOf(again.output).runId);
  });

  it('goes on with --cursor where a list ended', async () => {
    for (const name of ['a.csv', 'b.csv']) {
      const args = ['submit', manifest, '--to', TO, '--name', name, '--again'];
      const { code } = await waybill(args, env);
      expect(code).toBe(0);
    }
    const first = JSON.parse((await waybill(['runs', '--limit', '1', '--json'], env)).output);
    const cursor = ['--cursor', first.nextCursor];
    const second = JSON.parse((await waybill(['runs', ...cursor, '--json'], env)).output);
    const keys = [first, second].map(({ runs }) => runs[0].source.key.split('-').at(-1));
    expect(keys.sort()).toEqual(['a.csv', 'b.csv']);
    expect(second.nextCursor).toBeNull();
  });

  it.each([
    ['plain', (text: string) => text, 'stdin.csv', WITH_HEADER],
    ['packed', (text: string) => gzipSync(text), 'stdin.csv.gz', WITH_HEADER],
    [
      'JSON Lines',
      (text: string) =>
        text
          .trim()
          .split('\n')
          .slice(1)
          .map((line) => JSON.stringify({ url: line.split(',')[0], key: line.split(',')[1] }))
          .join('\n'),
      'stdin.jsonl',
      '13 lines, 13 transfers, 0 quarantined, 0 blank, 0',
    ],
  ] as const)('takes a manifest from standard input: %s', async (_name, make, name, found) => {
    const input = make(readFileSync(manifest, 'utf8'));
    const pipe = (...args: readonly string[]) =>
      spawnSync(process.execPath, [PROGRAM, ...args], {
        input,
        encoding: 'utf8',
        env: { PATH: process.env['PATH'], ...env, TMPDIR: folder },
      });
    const linted = pipe('lint', '-');
    expect(linted.stdout).toBe(`-: ${found} warnings.\n`);
    expect(pipe('plan', '-', '--to', TO)).toMatchObject({ status: 0 });
    const submitted = pipe('submit', '-', '--to', TO);
    expect(submitted).toMatchObject({ status: 0 });
    expect(submitted.stdout).toMatch(new RegExp(`\\/[0-9a-f]{12}-${name}\\n`));
    expect(readdirSync(folder).filter((each) => each.startsWith('waybill-'))).toEqual([]);
  });

  it('refuses a manifest of which nothing would be sent', async () => {
    writeFileSync(manifest, 'url,key\nhttps://o.example/,k\n');
    const refused = await waybill(['submit', manifest, '--to', TO], env);
    expect(refused).toMatchObject({
      code: 2,
      output: expect.stringContaining('nothing would be sent: 1 line quarantined, none left.'),
    });
    expect((await waybill(['runs'], env)).output).toContain('no runs yet');
  });

  it('sends nothing of a manifest with a bad line when it is strict', async () => {
    writeFileSync(manifest, 'url,key\nhttps://o.example/,k\n');
    const strict = await waybill(['submit', manifest, '--to', TO, '--strict'], env);
    expect(strict.code).toBe(1);
    expect(strict.output).toContain('URL_HTTPS');
    expect(strict.output).toContain('nothing was sent');
    expect((await waybill(['runs'], env)).output).toContain('no runs yet');
  });

  it.each([
    ['an unknown run', ['show', 'nobody'], {}, 4, 'There is no such run.'],
    [
      'a wrong token',
      ['runs'],
      { WAYBILL_TOKEN: 'a-wrong-token-000' },
      4,
      'does not accept the token in WAYBILL_TOKEN',
    ],
    ['a wrong bucket', ['submit', 'm.csv', '--to', 'ap-shanghai/nobucket'], {}, 2, 'APPID'],
    [
      'a wrong target',
      ['submit', 'm.csv', '--to', 'shanghai'],
      {},
      2,
      '--to: expected <region>/<bucket-appid>',
    ],
    ['a file that is not there', ['submit', 'none.csv', '--to', TO], {}, 2, 'none.csv'],
  ])('%s', async (_name, args, more, code, words) => {
    const given = args.map((arg) => (arg.endsWith('.csv') ? join(folder, arg) : arg));
    const answer = await waybill(given, { ...env, ...more });
    expect(answer.output).toContain(words);
    expect(answer.code).toBe(code);
  });
});

describe('without a service', () => {
  it('says what can not be reached, and how to start it', async () => {
    const url = `http://127.0.0.1:${await freePort()}`;
    const answer = await waybill(['runs', '--url', url]);
    expect(answer.code).toBe(3);
    expect(answer.output).toContain(`no answer from ${url}`);
    expect(answer.output).toContain('npx waybill serve');
  });

  it.each([
    [['--help'], 0, 'Exit codes:'],
    [['submit', '--help'], 0, '--strict'],
    [['sign', '--help'], 0, 'keyTime'],
    [[], 2, 'Usage: waybill'],
    [['nonsense'], 2, "unknown command 'nonsense'"],
    [['submit', 'm.csv'], 2, "required option '--to <region/bucket>'"],
    [['runs', '--limit', 'all'], 2, 'Expected a whole number from 1 to 100'],
    [['runs', '--limit', '101'], 2, 'Expected a whole number from 1 to 100'],
    [['sign', '--provider', 'tencent', '--json', '--explain'], 2, "option '--json' cannot be used"],
    [['serve', '--help'], 0, 'docs/configuration.md'],
    [['--version'], 0, '0.'],
    [['sign', '--provider', 'aws'], 2, 'Allowed choices are tencent, huawei'],
    [['runs', '--url', 'nowhere'], 2, '--url: expected an address'],
  ])('waybill %j', async (args, code, words) => {
    const answer = await waybill(args);
    expect(answer.output).toContain(words);
    expect(answer.code).toBe(code);
    const lines = code === 0 ? answer.output.split('\n') : [];
    for (const line of lines) expect(line.length).toBeLessThanOrEqual(80);
  });

  it('lists every fault of a wrong configuration at once', async () => {
    const env = {
      WAYBILL_DATA: temporaryFolder(),
      PORT: '0',
      TENCENTCLOUD_SECRET_ID: 'AKIDexample',
      WAYBILL_COS_FETCH_RPS: 'fast',
      WAYBILL_VERIFY: 'sometimes',
      WAYBILL_LEDGER: 'dynamodb:table',
      WAYBILL_LOST_AFTER_SECONDS: '0',
    };
    const answer = await waybill(['serve'], env);
    expect(answer.code).toBe(2);
    for (const name of [
      'TENCENTCLOUD_SECRET_KEY',
      'WAYBILL_COS_FETCH_RPS',
      'WAYBILL_VERIFY',
      'WAYBILL_LOST_AFTER_SECONDS',
    ]) {
      expect(answer.output).toContain(`${name}: `);
    }
  });

  it('ends quietly when its reader has seen enough', async () => {
    const program = fileURLToPath(new URL('../../cli/waybill.ts', import.meta.url));
    const child = spawn(process.execPath, [program, '--help'], {
      stdio: ['ignore', 'pipe', 'pipe'],
    });
    child.stdout.destroy();
    const [stderr, [code]] = await Promise.all([text(child.stderr), once(child, 'close')]);
    expect([stderr, code]).toEqual(['', 0]);
  });
});

describe.each([
  ['Node 24', process.execPath],
  ['the Node on the path', OTHER_NODE],
])('its bin on %s', (_name, node) => {
  const bin = fileURLToPath(new URL('../../cli/waybill.js', import.meta.url));

  it('signs through a pipe', () => {
    const vector = {
      secretId: 'a',
      secretKey: 'b',
      method: 'get',
      path: '/',
      headers: { Host: 'h' },
      keyTime: '1;2',
    };
    const { stdout, status } = spawnSync(node, [bin, 'sign', '--provider', 'tencent'], {
      input: JSON.stringify(vector),
      encoding: 'utf8',
    });
    expect(status).toBe(0);
    expect(JSON.parse(stdout)).toMatchObject({
      headerList: 'host',
      httpString: 'get\n/\n\nhost=h\n',
    });
  });

  it('gives the exit code on', () => {
    expect(spawnSync(node, [bin, 'nonsense']).status).toBe(2);
  });

  it.each(['SIGTERM', 'SIGINT'] as const)('ends its service in order on %s', async (signal) => {
    const folder = temporaryFolder();
    const child = spawn(node, [bin, 'serve'], {
      env: { PATH: process.env['PATH'], PORT: '0', WAYBILL_DATA: folder },
      cwd: folder,
      stdio: ['ignore', 'pipe', 'pipe'],
      // A group of its own, so that whatever is left of it can be ended with the test.
      detached: true,
    });
    onTestFinished(() => {
      if (child.exitCode === null) process.kill(-(child.pid ?? 0), 'SIGKILL');
    });
    const output = text(child.stdout);
    await once(child.stdout, 'data');
    child.kill(signal);
    expect(await once(child, 'close')).toEqual([0, null]);
    expect(await output).toContain('"event":"service.stopped"');
    // Free again: nothing of it lives on.
    lockFolder(folder).release();
  });
});
