/**
 * Installs the vendors' own clients that `npm run test:vendors` runs against the simulator, in the versions
 * that `test/vendors/` pins: of Python into `.build/vendors/python`, of Node beside their program, and
 * builds the Go program. Does nothing for one that is installed already.
 */
import { spawnSync } from 'node:child_process';
import { existsSync, mkdirSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';

const SOURCES = fileURLToPath(new URL('../test/vendors', import.meta.url));
const BUILD = fileURLToPath(new URL('../.build/vendors', import.meta.url));

export const PYTHON = join(BUILD, 'python', 'bin', 'python3');
export const GO_PROGRAM = join(BUILD, 'go-client');

type Run = (command: string, args: readonly string[], hint: string) => void;

interface Vendor {
  /** Decide together whether anything is to be done. */
  readonly files: readonly string[];
  readonly made: string;
  readonly install: (run: Run) => void;
}

const VENDORS: Readonly<Record<string, Vendor>> = {
  python: {
    files: ['python/requirements.txt'],
    made: PYTHON,
    install(run) {
      const folder = join(BUILD, 'python');
      rmSync(folder, { recursive: true, force: true });
      run('python3', ['-m', 'venv', folder], 'Python 3.10 or later with its module venv is needed');
      const requirements = join(SOURCES, 'python/requirements.txt');
      const pip = ['-m', 'pip', 'install', '--quiet', '--disable-pip-version-check', '-r'];
      run(PYTHON, [...pip, requirements], 'pip could not install the clients');
    },
  },
  node: {
    files: ['node/package-lock.json'],
    made: join(SOURCES, 'node/node_modules'),
    install(run) {
      const ci = ['ci', '--prefix', join(SOURCES, 'node'), '--ignore-scripts'];
      run('npm', ci, 'npm could not install the client');
    },
  },
  go: {
    files: ['go/go.sum', 'go/main.go', 'go/batch.go'],
    made: GO_PROGRAM,
    install(run) {
      const source = join(SOURCES, 'go');
      const build = ['build', '-C', source, '-buildvcs=false', '-o', GO_PROGRAM, '.'];
      run('go', build, 'Go 1.21 or later is needed');
    },
  },
};

/** @throws Error that says what is missing */
function prepare(name: string, { files, made, install }: Vendor): void {
  const stamp = join(BUILD, `${name}.stamp`);
  const wanted = files.map((file) => readFileSync(join(SOURCES, file), 'utf8')).join('');
  if (existsSync(made) && existsSync(stamp) && readFileSync(stamp, 'utf8') === wanted) return;
  process.stdout.write(`installs the vendors' clients for ${name}\n`);
  install((command, args, hint) => {
    const { status, stderr, error } = spawnSync(command, args, { encoding: 'utf8' });
    if (status !== 0) throw new Error(`${name}: ${hint}. ${error?.message ?? stderr}`);
  });
  mkdirSync(BUILD, { recursive: true });
  writeFileSync(stamp, wanted);
}

if (import.meta.main) {
  for (const [name, vendor] of Object.entries(VENDORS)) prepare(name, vendor);
}
