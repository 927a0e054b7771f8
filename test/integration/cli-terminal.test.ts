/** On a terminal of 80 columns: nothing is wider, colours, and questions to a person. */
import { spawn, spawnSync } from 'node:child_process';
import { once } from 'node:events';
import { mkdirSync, writeFileSync } from 'node:fs';
import { createServer } from 'node:http';
import type { AddressInfo } from 'node:net';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { stripVTControlCharacters } from 'node:util';
import { describe, expect, it, onTestFinished } from 'vitest';
import { widthOf } from '../../cli/io/text.ts';
import { PROCESS_ENV } from '../fixtures/processes.ts';
import { runView } from '../fixtures/runs.ts';
import { temporaryFolder } from '../fixtures/stores.ts';

const PROGRAM = fileURLToPath(new URL('../../cli/waybill.ts', import.meta.url));
const hasScript = spawnSync('script', ['--version']).status === 0;

const LONG = `${'照片夏天的海边'.repeat(9)}/${'very-long-folder-name'.repeat(5)}/视频.mp4`;
const CAUSE = { provider: 'tencent', code: `NotFound${'X'.repeat(90)}`, class: 'source' };
const MESSAGE = '来源回答说找不到这个文件'.repeat(12);
const RUN = 'b3f1d0c2a4e5968778695a4b';
const run = runView({
  state: 'active',
  counts: { lines: 9_999_999, failed: 1_234_567, quarantined: 1_000_000, submitted: 1 },
  source: { key: `cos-fetch/ap-shanghai/b-1250000000/${LONG}.csv` },
});
const transfer = {
  transferId: `${RUN}.9999.123456`,
  runId: RUN,
  operation: 'cos-offline-fetch',
  state: 'failed',
  attempt: 3,
  key: LONG,
  url: `http://origin.example/${encodeURIComponent(LONG)}`,
  cause: { ...CAUSE, message: MESSAGE, requestId: 'NjA1'.repeat(16) },
  updatedAt: '2026-11-20T10:00:01.000Z',
  history: ['submitting', 'refused'].map((event) => ({
    at: '2026-11-20T10:00:01.000Z',
    attempt: 3,
    event,
    state: 'failed',
    code: CAUSE.code,
    requestId: 'NjA1'.repeat(16),
  })),
};
const ANSWERS: Readonly<Record<string, unknown>> = {
  '/runs': { runs: [run, runView({ state: 'failed' })], nextCursor: 'c'.repeat(40) },
  [`/runs/${RUN}`]: run,
  [`/runs/${RUN}/transfers`]: { transfers: [transfer], nextCursor: null },
  [`/runs/${RUN}/transfers/${transfer.transferId}`]: transfer,
  [`/runs/${RUN}/summary.json`]: {
    failures: [{ ...CAUSE, message: MESSAGE, count: 1_234_567 }],
    coverage: {
      bytes: 1e12,
      bytesTotal: 1e12,
      percent: 100,
      shards: 10_000,
      header: 1,
      blank: 0,
      transfers: 9_999_999,
    },
    warnings: { KEY_REPEATED: 12 },
  },
};

/** A service with these answers, for this token only; `calls` are the requests that had it. */
async function startService(token = 'canary-token') {
  const calls: string[] = [];
  const server = createServer((request, response) => {
    const { pathname } = new URL(request.url ?? '', 'http://x');
    const isKnown = request.headers.authorization === `Bearer ${token}`;
    if (isKnown) calls.push(`${request.method} ${pathname}`);
    const answer =
      request.method === 'POST'
        ? { runId: RUN, ordered: 1, pending: 0, unread: 0 }
        : ANSWERS[pathname];
    const status = isKnown ? (answer === undefined ? 404 : 200) : 401;
    response.writeHead(status, { 'content-type': 'application/json' });
    response.end(JSON.stringify(status === 200 ? answer : { title: 'No', status }));
  }).listen(0, '127.0.0.1');
  await once(server, 'listening');
  onTestFinished(() => {
    server.closeAllConnections();
    server.close();
  });
  return { calls, url: `http://127.0.0.1:${(server.address() as AddressInfo).port}` };
}

/** Runs the command on a terminal of 80 columns; answers what stands there in the end. */
async function onTerminal(
  args: readonly string[],
  env: Readonly<Record<string, string>> = {},
  typing: readonly (readonly [question: RegExp, typed: string])[] = [],
) {
  const words = [process.execPath, PROGRAM, ...args].map((word) => `'${word}'`).join(' ');
  const folder = temporaryFolder();
  const child = spawn('script', ['-qec', `stty cols 80 rows 24; ${words}`, '/dev/null'], {
    cwd: folder,
    env: { ...PROCESS_ENV, TERM: 'xterm', LC_ALL: 'C.UTF-8', ...env },
    stdio: ['pipe', 'pipe', 'inherit'],
  });
  onTestFinished(() => void child.kill('SIGKILL'));
  const waiting = [...typing];
  let raw = '';
  child.stdout.setEncoding('utf8').on('data', (chunk: string) => {
    raw += chunk;
    const [next] = waiting;
    if (next?.[0].test(raw)) child.stdin.write(waiting.shift()?.[1] ?? '');
  });
  const [code] = await once(child, 'close');
  return { code, raw, lines: stripVTControlCharacters(raw).split(/\r*\n/) };
}

describe.skipIf(!hasScript)('80 columns', () => {
  it.each([
    ['', 0],
    ['migrate', 0],
    ['migrations', 0],
    ['start', 0],
    ['catch-up', 0],
    ['pause', 0],
    ['resume', 0],
    ['manifest', 0],
    ['lint', 0],
    ['check', 0],
    ['plan', 0],
    ['submit', 0],
    ['runs', 0],
    ['show', 0],
    ['transfers', 0],
    ['transfer', 0],
    ['report', 0],
    ['verify', 0],
    ['retry', 0],
    ['cancel', 0],
    ['redrive', 0],
    ['sign', 0],
    ['serve', 0],
  ])('hold the help of %s', async (command, code) => {
    const answer = await onTerminal([...(command ? [command] : []), '--help']);
    expect(answer.code).toBe(code);
    expect(answer.lines.length).toBeGreaterThan(5);
    expect(answer.lines.filter((line) => widthOf(line) > 80)).toEqual([]);
  });

  it.each([
    [['runs'], 0, RUN.slice(0, 8)],
    [['show', RUN], 0, '视频.mp4'],
    [['transfers', RUN], 0, '视频.mp4'],
    [['transfer', transfer.transferId], 1, 'AT (UTC)'],
    [['report', RUN], 0, 'shards'],
    [['show', RUN, '--check'], 1, 'NO-GO'],
    [['retry', RUN], 0, 'ordered again'],
  ])('hold %j with long keys and Chinese text', async (args, code, words) => {
    const { url } = await startService();
    const env = { WAYBILL_URL: url, WAYBILL_TOKEN: 'canary-token' };
    const answer = await onTerminal(args, env);
    expect(answer.lines.filter((line) => widthOf(line) > 80)).toEqual([]);
    expect(answer.lines.join('\n')).toContain(words);
    expect(answer.code).toBe(code === 0 && args[0] === 'show' ? 1 : code);
  });

  it.each([
    [['lint'], 1],
    [['plan', '--to', 'ap-shanghai/examplebucket-1250000000'], 1],
  ])('hold %j', async ([command = '', ...more], code) => {
    const folder = join(temporaryFolder(), '一个名字很长的文件夹'.repeat(6));
    mkdirSync(folder);
    const path = join(folder, '清单.csv');
    writeFileSync(
      path,
      `url,key\nhttps://o.example/1,${LONG}\nhttp://o.example/2,/${LONG}\nhttp://o.example/3,/${LONG}\n`,
    );
    const answer = await onTerminal([command, path, ...more]);
    expect(answer.lines.filter((line) => widthOf(line) > 80)).toEqual([]);
    expect(answer.lines.join('')).toContain('URL_HTTPS');
    expect(answer.code).toBe(code);
  });
});

describe.skipIf(!hasScript)('on a terminal', () => {
  const RED = '\u001b[31m';

  it.each([
    ['colours', {}, true],
    ['none with NO_COLOR', { NO_COLOR: '1' }, false],
    ['none on a dumb one', { TERM: 'dumb' }, false],
  ])('there are %s', async (_name, env, coloured) => {
    const { url } = await startService();
    const given = { WAYBILL_URL: url, WAYBILL_TOKEN: 'canary-token', ...env };
    const { raw } = await onTerminal(['show', RUN, '--check'], given);
    expect(raw.includes(RED)).toBe(coloured);
  });

  it('asks for the token without showing it, and takes what is corrected', async () => {
    const { url, calls } = await startService();
    const typed = 'wrong\u0015canary-tokenx\u007f\r';
    const answer = await onTerminal(['runs', '--url', url], { WAYBILL_DATA: '/none' }, [
      [/requires a token/, typed],
    ]);
    expect(answer.lines[0]).toBe(`${url} requires a token (not shown): `);
    expect(answer.raw).not.toContain('canary');
    expect(calls).toEqual(['GET /runs']);
    expect(answer.code).toBe(0);
  });

  it.each([
    ['Ctrl-C', '\u0003', 130],
    ['nothing', '\r', 4],
    ['the end of input', '\u0004', 4],
  ])('ends on %s in place of a token', async (_name, typed, code) => {
    const { url, calls } = await startService();
    const answer = await onTerminal(['runs', '--url', url], { WAYBILL_DATA: '/none' }, [
      [/requires a token/, typed],
    ]);
    expect(answer.code).toBe(code);
    expect(calls).toEqual([]);
  });

  it.each([
    ['y', 0, ['GET', 'POST']],
    ['yes', 0, ['GET', 'POST']],
    ['n', 1, ['GET']],
    ['', 1, ['GET']],
    ['yesterday', 1, ['GET']],
  ])('asks before it cancels: %j', async (typed, code, methods) => {
    const { url, calls } = await startService();
    const answer = await onTerminal(
      ['cancel', RUN],
      { WAYBILL_URL: url, WAYBILL_TOKEN: 'canary-token' },
      [[/\[y\/N\]/, `${typed}\r`]],
    );
    expect(calls.map((call) => call.split(' ')[0])).toEqual(methods);
    expect(answer.code).toBe(code);
    expect(answer.lines.filter((line) => widthOf(line) > 80)).toEqual([]);
  });
});

it('asks nothing where standard error is no terminal', async () => {
  const { url, calls } = await startService();
  const child = spawn(process.execPath, [PROGRAM, 'runs', '--url', url], {
    env: { ...PROCESS_ENV, WAYBILL_DATA: '/none' },
    stdio: ['pipe', 'pipe', 'pipe'],
  });
  let said = '';
  child.stderr.on('data', (chunk) => {
    said += chunk;
  });
  const [code] = await once(child, 'close');
  expect(code).toBe(4);
  expect(said).toMatch(/^waybill: \S+ requires a token\. Set WAYBILL_TOKEN/);
  expect(calls).toEqual([]);
});
