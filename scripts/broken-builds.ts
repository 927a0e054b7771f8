/**
 * Breaks one promise at a time in a copy of the project, and runs the tests that must notice: `npm run test:mutants --
 * guarantees [<promise>…]`. The breaks are in `test/mutants/breaks.json`; each test has to pass before.
 */
import { spawnSync } from 'node:child_process';
import {
  cpSync,
  existsSync,
  mkdirSync,
  readFileSync,
  rmSync,
  symlinkSync,
  writeFileSync,
} from 'node:fs';
import { dirname, join } from 'node:path';
import { fileURLToPath } from 'node:url';

const ROOT = fileURLToPath(new URL('..', import.meta.url));
const BUILD = join(ROOT, '.build/broken');

/** One place in the source, and what breaks a promise there. */
export interface Break {
  readonly promise: string;
  /** What the broken build does. */
  readonly broken: string;
  readonly file: string;
  /** Is in the file once. */
  readonly before: string;
  readonly after: string;
  /** That must fail, each as `<place below test>: <part of a title>`. */
  readonly tests: readonly string[];
}

export const readBreaks = (): readonly Break[] =>
  JSON.parse(readFileSync(join(ROOT, 'test/mutants/breaks.json'), 'utf8'));

/** @throws TypeError when the text is not there, or more than once */
export function brokenText(text: string, { before, after }: Pick<Break, 'before' | 'after'>) {
  const parts = text.split(before);
  if (parts.length !== 2) throw new TypeError(`found ${parts.length - 1} times: ${before}`);
  return parts.join(after);
}

/** Everything that git would keep, with the packages of the original. */
function copyProject(): void {
  rmSync(BUILD, { recursive: true, force: true });
  const listed = spawnSync('git', ['ls-files', '-z', '-co', '--exclude-standard'], {
    cwd: ROOT,
    encoding: 'utf8',
  });
  for (const path of listed.stdout.split('\0').filter((name) => name !== '')) {
    mkdirSync(dirname(join(BUILD, path)), { recursive: true });
    cpSync(join(ROOT, path), join(BUILD, path), { verbatimSymlinks: true });
  }
  symlinkSync(join(ROOT, 'node_modules'), join(BUILD, 'node_modules'));
}

/** What became of the test, which is found by its place and a part of its title, as it is written there. */
function run(test: string): 'passed' | 'failed' | 'without a result' {
  const [place = '', title = ''] = test.split(/: (.*)/s);
  const kind = ['long', 'proof'].find((name) => place.startsWith(`${name}/`));
  const report = join(BUILD, '.build/report.json');
  rmSync(report, { force: true });
  spawnSync(
    process.execPath,
    [
      join(ROOT, 'node_modules/vitest/vitest.mjs'),
      // Tests that several files run, such as a contract.
      ...['run', join('test', place.endsWith('.ts') ? dirname(place) : `${place}.test.ts`)],
      ...[
        '-t',
        title.replaceAll(/[.*+?^${}()|[\]\\]/g, '\\$&').replaceAll(/%[a-z]|\\\$\w+/g, '.*'),
      ],
      ...(kind ? ['-c', `vitest.${kind}.config.ts`] : []),
      ...['--reporter', 'json', '--outputFile', report],
    ],
    { cwd: BUILD, timeout: 300_000 },
  );
  if (!existsSync(report)) return 'without a result';
  const { testResults } = JSON.parse(readFileSync(report, 'utf8')) as {
    readonly testResults: readonly {
      readonly assertionResults: readonly { readonly status: string }[];
    }[];
  };
  const results = testResults.flatMap(({ assertionResults }) => assertionResults);
  const has = (wanted: string): boolean => results.some(({ status }) => status === wanted);
  if (has('failed')) return 'failed';
  return has('passed') ? 'passed' : 'without a result';
}

/** Tests that passed on the whole build. */
const passing = new Set<string>();

/** What is wrong with the test, or undefined where it passes by itself and fails with the break. */
function fault({ file, before, after }: Break, test: string): string | undefined {
  const whole = passing.has(test) ? 'passed' : run(test);
  if (whole !== 'passed') return `${whole} without the break`;
  passing.add(test);
  const path = join(BUILD, file);
  const text = readFileSync(path, 'utf8');
  writeFileSync(path, brokenText(text, { before, after }));
  try {
    const broken = run(test);
    return broken === 'failed' ? undefined : `${broken} with the break`;
  } finally {
    writeFileSync(path, text);
  }
}

export function tryBreaks(promises: readonly string[]): never {
  copyProject();
  const chosen = readBreaks().filter(
    ({ promise }) => promises.length === 0 || promises.includes(promise),
  );
  let [tests, faults] = [0, 0];
  for (const each of chosen) {
    for (const test of each.tests) {
      const found = fault(each, test);
      tests += 1;
      if (found !== undefined) faults += 1;
      console.log(`${found ?? 'noticed'}: ${each.promise} ${each.broken}\n  ${test}`);
    }
  }
  console.log(`${chosen.length} breaks, ${tests - faults} of ${tests} tests notice`);
  process.exit(faults > 0 ? 1 : 0);
}
