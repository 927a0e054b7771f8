/**
 * Installs MiniStack, the AWS emulator that `npm run test:aws` runs against, in a Python virtual
 * environment below `.build/`. Does nothing if it is installed already.
 */
import { spawnSync } from 'node:child_process';
import { existsSync, rmSync } from 'node:fs';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';

export const VERSION = '1.5.33';
const FOLDER = fileURLToPath(new URL('../.build/ministack', import.meta.url));
export const MINISTACK = join(FOLDER, 'bin', 'ministack');

/** @throws Error that says what is missing */
export function prepareMinistack(write: (line: string) => void = () => {}): void {
  if (installed() === VERSION) return;
  write(`installs MiniStack ${VERSION} in ${FOLDER}\n`);
  rmSync(FOLDER, { recursive: true, force: true });
  run('python3', ['-m', 'venv', FOLDER], 'Python 3.10 or later with its module venv is needed');
  const pip = ['-m', 'pip', 'install', '--quiet', '--disable-pip-version-check'];
  run(
    join(FOLDER, 'bin', 'python3'),
    [...pip, `ministack==${VERSION}`],
    'pip could not install it',
  );
}

function installed(): string | undefined {
  if (!existsSync(MINISTACK)) return undefined;
  const ask = "from importlib.metadata import version; print(version('ministack'))";
  const { stdout } = spawnSync(join(FOLDER, 'bin', 'python3'), ['-c', ask], { encoding: 'utf8' });
  return stdout?.trim();
}

function run(command: string, args: readonly string[], hint: string): void {
  const { status, stderr, error } = spawnSync(command, args, { encoding: 'utf8' });
  if (status !== 0) throw new Error(`MiniStack: ${hint}. ${error?.message ?? stderr}`);
}

if (import.meta.main) prepareMinistack((line) => process.stdout.write(line));
