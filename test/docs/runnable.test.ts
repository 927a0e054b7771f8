/**
 * Runs the blocks marked `sh runnable` of README and docs as a reader would: all of a page in order,
 * in one bash that stops at the first error, in a fresh copy of the checkout, on free ports, and with
 * nothing of this machine's environment. Run it alone with `npx vitest run -c vitest.docs.config.ts`.
 */
import { type ChildProcess, spawn } from 'node:child_process';
import { once } from 'node:events';
import {
  copyFileSync,
  lstatSync,
  mkdirSync,
  mkdtempSync,
  readdirSync,
  readFileSync,
  rmSync,
  symlinkSync,
} from 'node:fs';
import { createServer } from 'node:net';
import { tmpdir } from 'node:os';
import { delimiter, dirname, join } from 'node:path';
import { text } from 'node:stream/consumers';
import { expect, it } from 'vitest';
import { blocksOf, pages, ROOT, readPage } from '../fixtures/pages-of-docs.ts';

const PAGE_MS = 120_000;

const runnable = pages()
  .map((page) => ({
    page,
    blocks: blocksOf(readPage(page)).filter(({ info }) => info === 'sh runnable'),
  }))
  .filter(({ blocks }) => blocks.length > 0);

/** The files of the project as they stand now, new ones too. */
async function copyCheckout(to: string): Promise<void> {
  const list = spawn('git', ['ls-files', '-coz', '--exclude-standard'], {
    cwd: ROOT,
    stdio: ['ignore', 'pipe', 'inherit'],
  });
  const paths = (await text(list.stdout)).split('\0').filter((path) => path !== '');
  for (const path of paths) {
    if (!lstatSync(join(ROOT, path), { throwIfNoEntry: false })?.isFile()) continue;
    mkdirSync(join(to, dirname(path)), { recursive: true });
    copyFileSync(join(ROOT, path), join(to, path));
  }
  symlinkSync(join(ROOT, 'node_modules'), join(to, 'node_modules'));
}

/**
 * Below the ports that systems give away by themselves: between asking for a free one there and using
 * it, the simulator of another page may have been given the same.
 */
let lastPort = 20_000 + (process.pid % 500) * 20;

async function unusedPort(): Promise<number> {
  for (;;) {
    lastPort += 1;
    const port = lastPort;
    const server = createServer().listen(port, '127.0.0.1');
    const isFree = await once(server, 'listening').then(
      () => true,
      () => false,
    );
    server.close();
    if (isFree) return port;
  }
}

async function environment(folder: string): Promise<Record<string, string>> {
  const [port, sourcePort] = [await unusedPort(), await unusedPort()];
  return {
    PATH: [dirname(process.execPath), process.env['PATH']].join(delimiter),
    HOME: folder,
    PORT: String(port),
    SOURCE_PORT: String(sourcePort),
    WAYBILL_DATA: join(folder, 'data'),
    // Nothing is installed on the way.
    npm_config_offline: 'true',
    npm_config_update_notifier: 'false',
    NO_COLOR: '1',
  };
}

/** Ends whatever a page has started; `kill -9` is safe for the service. */
function end({ pid }: ChildProcess): void {
  try {
    if (pid !== undefined) process.kill(-pid, 'SIGKILL');
  } catch {
    // Nothing of it is left.
  }
}

/** What its programs wrote into files, for the message. */
const logs = (checkout: string): string =>
  readdirSync(checkout)
    .filter((name) => name.endsWith('.log'))
    .map((name) => `${name}:\n${readFileSync(join(checkout, name), 'utf8').slice(-4_000)}`)
    .join('\n');

it('finds pages to run', () => {
  expect(runnable.map(({ page }) => page)).toContain('docs/quickstarts/cos-offline-fetch.md');
});

for (const { page, blocks } of runnable) {
  it.concurrent(`${page} runs as it stands`, { timeout: PAGE_MS }, async (test) => {
    const folder = mkdtempSync(join(tmpdir(), 'waybill-docs-'));
    const checkout = join(folder, 'waybill');
    test.onTestFinished(() => rmSync(folder, { recursive: true, force: true, maxRetries: 5 }));
    await copyCheckout(checkout);

    // Each block names its line, so that an error tells where it was.
    const script = blocks.map(({ line, text: code }) => `echo "== ${page}:${line}"\n${code}`);
    const bash = spawn('bash', ['-e', '-u', '-o', 'pipefail', '-c', script.join('\n')], {
      cwd: checkout,
      env: await environment(folder),
      stdio: ['ignore', 'pipe', 'pipe'],
      detached: true,
    });
    test.onTestFinished(() => end(bash));
    let output = '';
    for (const stream of [bash.stdout, bash.stderr]) {
      stream.on('data', (chunk: Buffer) => {
        output += chunk.toString();
      });
    }
    const late = setTimeout(() => bash.kill('SIGKILL'), PAGE_MS - 20_000);
    const [code] = await once(bash, 'exit');
    clearTimeout(late);
    test.expect(code, `${output}\n${logs(checkout)}`).toBe(0);
  });
}
