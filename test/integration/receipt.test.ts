/** Receipts are checked without our code, as docs/receipts.md shows it. */
import { spawnSync } from 'node:child_process';
import { writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { beforeAll, describe, expect, it } from 'vitest';
import { verify } from '../../cli/commands/verify.ts';
import { blocksOf, readPage } from '../fixtures/pages-of-docs.ts';
import { screen } from '../fixtures/runs.ts';
import { temporaryFolder } from '../fixtures/stores.ts';
import { done, linesOf, many, openRun } from '../unit/shared/reporting/receipt/receipts.ts';

const blocks = blocksOf(readPage('docs/receipts.md'));
const script = blocks.find(({ info }) => info === 'python')?.text ?? '';

async function setup(partTransfers: number) {
  const { bytesOf, write } = await openRun(many(3, 0, 4, 1, 6, 2));
  const { parts, root } = await done(write({ partTransfers }));
  const folder = temporaryFolder();
  const names = Array.from({ length: parts }, (_, at) => (at === 0 ? '' : `-${at + 1}`));
  const paths = names.map((name) => join(folder, `receipt${name}.jsonl`));
  const bytes = await Promise.all(paths.map((_, at) => bytesOf(at + 1)));
  for (const [at, path] of paths.entries()) writeFileSync(path, bytes[at] ?? '');
  return { bytes, folder, paths, root };
}

function python(paths: readonly string[]) {
  const { error, status, stdout, stderr } = spawnSync('python3', ['-c', script, ...paths], {
    encoding: 'utf8',
  });
  if (error) throw error;
  return { status, stdout, stderr };
}

describe('the script of the page', () => {
  beforeAll(() => expect(script).toContain('hashlib'));

  it.each([1_000, 7, 3, 1])('finds the same root, %i transfers in a part', async (size) => {
    const { paths, root } = await setup(size);
    expect(python(paths)).toEqual({ status: 0, stdout: `root ${root}\n`, stderr: '' });
    const [stdout, stderr] = [screen(), screen()];
    expect(await verify({ paths, root, json: false, stdout, stderr })).toBe(0);
  });

  it.each([
    ['an edit', 4, 'hash', (all: string[]) => all.with(3, all[3]?.replace('"at"', '"At"') ?? '')],
    ['a removed line', 3, 'hash', (all: string[]) => all.toSpliced(2, 1)],
    ['an end that is missing', 17, 'end', (all: string[]) => all.slice(0, -1)],
    ['a line feed that is missing', 18, 'hash', (all: string[]) => [all.join('').slice(0, -1)]],
  ])('names %s, at the line that waybill verify names', async (_name, line, what, change) => {
    const { bytes, paths } = await setup(1_000);
    const path = paths[0] ?? '';
    writeFileSync(path, change([...linesOf(bytes[0] ?? Buffer.alloc(0))]).join(''));
    expect(python(paths)).toEqual({
      status: 1,
      stdout: '',
      stderr: `${path}, line ${line}: wrong ${what}\n`,
    });
    const [stdout, stderr] = [screen(), screen()];
    expect(await verify({ paths, json: true, stdout, stderr })).toBe(1);
    // What is missing at the end is missing behind the last line.
    expect(JSON.parse(stdout.text()).fault.line).toBe(what === 'end' ? line + 1 : line);
  });

  it('notices parts in the wrong order', async () => {
    const { paths } = await setup(7);
    expect(python(paths.toReversed())).toMatchObject({ status: 1 });
  });
});

it('the commands of the page give the hash of a line', async () => {
  const { bytes, folder } = await setup(1_000);
  const code = blocks.find(({ info, text }) => info === 'sh' && text.includes('sha256sum'))?.text;
  const { status, stdout } = spawnSync('bash', ['-e', '-c', code ?? 'exit 9'], {
    cwd: folder,
    encoding: 'utf8',
  });
  const [, second = ''] = linesOf(bytes[0] ?? Buffer.alloc(0));
  expect({ status, stdout }).toEqual({ status: 0, stdout: `${JSON.parse(second).hash}  -\n` });
});
