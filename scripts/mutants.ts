/**
 * Tries mutants (`npm run test:mutants`, by StrykerJS): changes one operator or call at a time in the files that
 * decide what is lost and what is true, and runs the tests that reach it. A mutant that no test notices
 * must be explained in `test/mutants/explained.json`, by its file, its line and what stands there instead.
 */
import { spawnSync } from 'node:child_process';
import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { tryBreaks } from './broken-builds.ts';

const ROOT = fileURLToPath(new URL('..', import.meta.url));
const MUTANTS = join(ROOT, 'test/mutants');
const REPORT = join(ROOT, '.build/mutants/report.json');

interface Place {
  readonly line: number;
  readonly column: number;
}

interface Mutant {
  readonly status: 'Killed' | 'Timeout' | 'Survived' | 'NoCoverage' | 'RuntimeError' | 'Ignored';
  readonly replacement: string;
  readonly location: { readonly start: Place; readonly end: Place };
}

interface Explained {
  readonly file: string;
  /** The line as it stands, without its indent. */
  readonly line: string;
  readonly becomes: string;
  readonly why: string;
}

type Survivor = Omit<Explained, 'why'>;

const same = (a: Survivor, b: Survivor): boolean =>
  a.file === b.file && a.line === b.line && a.becomes === b.becomes;

function survivorOf(file: string, source: string, { location, replacement }: Mutant): Survivor {
  const lines = source.split('\n');
  const { start, end } = location;
  const first = lines[start.line - 1] ?? '';
  const last = lines[end.line - 1] ?? '';
  const becomes = first.slice(0, start.column - 1) + replacement + last.slice(end.column - 1);
  return { file, line: first.trim(), becomes: becomes.trim() };
}

function run(command: string, args: readonly string[]): void {
  const { status } = spawnSync(command, args, { cwd: ROOT, stdio: 'inherit' });
  if (status !== 0) process.exit(status ?? 1);
}

if (process.argv[2] === 'guarantees') tryBreaks(process.argv.slice(3));

run('npm', ['ci', '--prefix', MUTANTS, '--legacy-peer-deps', '--no-audit', '--no-fund']);
run(process.execPath, [
  join(MUTANTS, 'node_modules/@stryker-mutator/core/bin/stryker.js'),
  'run',
  join(MUTANTS, 'stryker.config.json'),
  ...process.argv.slice(2),
]);

const report = JSON.parse(readFileSync(REPORT, 'utf8')) as {
  readonly files: Readonly<Record<string, { source: string; mutants: readonly Mutant[] }>>;
};
const explained = JSON.parse(
  readFileSync(join(MUTANTS, 'explained.json'), 'utf8'),
) as readonly Explained[];
const all = Object.values(report.files).flatMap(({ mutants }) => mutants);
const tried = all.filter(({ status }) => status !== 'Ignored');
const survivors = Object.entries(report.files).flatMap(([file, { source, mutants }]) =>
  mutants
    .filter(({ status }) => status === 'Survived' || status === 'NoCoverage')
    .map((mutant) => survivorOf(file, source, mutant)),
);
const unexplained = survivors.filter((one) => !explained.some((other) => same(one, other)));
const stale = explained.filter(
  ({ file, ...rest }) => file in report.files && !survivors.some((s) => same(s, { file, ...rest })),
);
for (const { file, line, becomes } of unexplained) {
  console.log(`survives: ${file}\n  - ${line}\n  + ${becomes}`);
}
for (const { file, line, becomes } of stale) {
  console.log(`explained, and doesn't survive: ${file}\n  - ${line}\n  + ${becomes}`);
}
console.log(
  `${tried.length} mutants, ${tried.length - survivors.length} noticed, ${survivors.length - unexplained.length} explained, ${unexplained.length} survive`,
);
process.exit(unexplained.length + stale.length > 0 ? 1 : 0);
