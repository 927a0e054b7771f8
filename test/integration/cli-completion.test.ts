/** The scripts of `waybill completion`, loaded into the shells that are there. */
import { spawn, spawnSync } from 'node:child_process';
import { once } from 'node:events';
import { mkdirSync, symlinkSync, writeFileSync } from 'node:fs';
import { createServer } from 'node:http';
import type { AddressInfo } from 'node:net';
import { delimiter, dirname, join } from 'node:path';
import { text } from 'node:stream/consumers';
import { fileURLToPath } from 'node:url';
import { beforeAll, describe, expect, it, onTestFinished } from 'vitest';
import { createProgram } from '../../cli/program.ts';
import { runView } from '../fixtures/runs.ts';
import { temporaryFolder } from '../fixtures/stores.ts';

const BIN = fileURLToPath(new URL('../../cli/waybill.js', import.meta.url));
const has = (shell: string): boolean => spawnSync(shell, ['-c', 'true']).status === 0;
const script = (shell: string): string =>
  spawnSync(process.execPath, [BIN, 'completion', shell], { encoding: 'utf8' }).stdout;

const RUNS = ['b3f1d0c2a4e5968778695a4b', 'c3f1d0c2a4e5968778695a4b'];

async function startService(): Promise<string> {
  const runs = RUNS.map((runId) => ({ ...runView(), runId }));
  const server = createServer((_request, response) => {
    response.end(JSON.stringify({ runs, nextCursor: null }));
  }).listen(0, '127.0.0.1');
  await once(server, 'listening');
  onTestFinished(() => {
    server.closeAllConnections();
    server.close();
  });
  return `http://127.0.0.1:${(server.address() as AddressInfo).port}`;
}

describe.skipIf(!has('bash'))('bash', () => {
  let loaded: string;
  beforeAll(() => {
    loaded = script('bash');
  });

  /** What it offers for the last of the words. */
  async function complete(words: readonly string[], url = 'http://127.0.0.1:9') {
    const folder = temporaryFolder();
    for (const name of ['bin', 'reports']) mkdirSync(join(folder, name));
    symlinkSync(BIN, join(folder, 'bin', 'waybill'));
    writeFileSync(join(folder, 'my videos.csv'), '');
    const path = [join(folder, 'bin'), dirname(process.execPath), process.env['PATH']];
    const asked = `
      ${loaded}
      [ "$(complete -p waybill)" = 'complete -F _waybill waybill' ] || exit 9
      COMP_WORDS=("$@") COMP_CWORD=$(($# - 1))
      _waybill
      printf '%s\\n' "\${COMPREPLY[@]}"`;
    const shell = spawn('bash', ['--norc', '-c', asked, 'bash', 'waybill', ...words], {
      cwd: folder,
      env: { PATH: path.join(delimiter), WAYBILL_URL: url, WAYBILL_TOKEN: 'token' },
      stdio: ['ignore', 'pipe', 'inherit'],
    });
    const [output, [code]] = await Promise.all([text(shell.stdout), once(shell, 'close')]);
    expect(code).toBe(0);
    return output.split('\n').filter(Boolean);
  }

  it.each([
    [['re'], ['report', 'readiness', 'retry', 'redrive']],
    [['--v'], ['--version']],
    [
      ['retry', '--'],
      ['--url', '--json', '--class', '--watch', '--help'],
    ],
    [
      ['retry', '--class', 't'],
      ['transient', 'throttled'],
    ],
    [['retry', '--class', 'source', 'thr'], ['throttled']],
    [
      ['runs', '--state', 'c'],
      ['completed', 'cancelled'],
    ],
    [
      ['sign', '--provider', ''],
      ['tencent', 'huawei'],
    ],
    [
      ['completion', ''],
      ['bash', 'zsh', 'fish'],
    ],
    [['runs', '--limit', ''], []],
    [['lint', 'm'], ['my videos.csv']],
    [['verify', 'a.jsonl', 'm'], ['my videos.csv']],
    [['plan', '--sizes', 'my'], ['my videos.csv']],
    [['report', '--out', 'r'], ['reports']],
    // No service answers: nothing is offered, and nothing is said.
    [['show', ''], []],
  ])('completes waybill %j', async (words, offered) => {
    expect(await complete(words)).toEqual(offered);
  });

  it('completes ids of runs', async () => {
    const url = await startService();
    expect(await complete(['show', ''], url)).toEqual(RUNS);
    expect(await complete(['retry', '--watch', 'b'], url)).toEqual([RUNS[0]]);
  });

  it('offers every command of the program', async () => {
    const { stdin, stdout, stderr } = process;
    const program = createProgram({ env: {}, stdin, stdout, stderr, exitsWith: () => {} });
    const names = program.commands.map((command) => command.name());
    expect(await complete([''])).toEqual([...names, '--help', '--version']);
  });
});

it.skipIf(!has('zsh'))('zsh reads its script', () => {
  const { status, stderr } = spawnSync('zsh', ['-fn'], { input: script('zsh'), encoding: 'utf8' });
  expect([status, stderr]).toEqual([0, '']);
});

it.skipIf(!has('fish'))('fish completes', () => {
  const asked = `${script('fish')}\ncomplete -C 'waybill retry --class t'`;
  const { stdout } = spawnSync('fish', ['-N', '-c', asked], { encoding: 'utf8' });
  expect(stdout.split('\n').filter(Boolean).sort()).toEqual(['throttled', 'transient']);
});

it.each(['zsh', 'fish'])('the script of %s tells commands, choices and paths', (shell) => {
  const said = script(shell);
  for (const word of [
    'readiness',
    'class',
    'transient throttled',
    'runs --json',
    'tencent huawei',
  ]) {
    expect(said).toContain(word);
  }
});
