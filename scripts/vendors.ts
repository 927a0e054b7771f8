/**
 * Installs the vendors' own clients that `npm run test:vendors` runs against the simulator, in the versions
 * that `test/vendors/` pins: of Python into `.build/vendors/python`, of Node beside their program, and
 * builds the Go program. Does nothing for one that is installed already.
 */
import { existsSync, mkdirSync, readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { installer, installPython, type Run } from './python-tools.ts';

const SOURCES = fileURLToPath(new URL('../test/vendors', import.meta.url));
const BUILD = fileURLToPath(new URL('../.build/vendors', import.meta.url));

export const PYTHON = join(BUILD, 'python', 'bin', 'python3');
export const GO_PROGRAM = join(BUILD, 'go-client');

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
      installPython(join(BUILD, 'python'), ['-r', join(SOURCES, 'python/requirements.txt')], run);
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
  install(installer(name));
  mkdirSync(BUILD, { recursive: true });
  writeFileSync(stamp, wanted);
}

if (import.meta.main) {
  for (const [name, vendor] of Object.entries(VENDORS)) prepare(name, vendor);
}
