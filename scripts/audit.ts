/**
 * Asks npm's registry for known faults of the packages that are shipped: those the service needs, and
 * tools of development that are bundled. Ends with 1 for a high or critical one, and with 0, saying
 * so, where the registry doesn't answer.
 */
import { spawnSync } from 'node:child_process';
import { readFileSync } from 'node:fs';
import { fileURLToPath } from 'node:url';
import * as v from 'valibot';
import { BUNDLED_TOOLS } from './build-package.ts';

const ROOT = fileURLToPath(new URL('..', import.meta.url));

const report = v.object({
  vulnerabilities: v.record(
    v.string(),
    v.object({ severity: v.string(), range: v.string(), nodes: v.array(v.string()) }),
  ),
});

const failure = v.object({ message: v.string() });

const lockFile = v.object({
  packages: v.record(v.string(), v.object({ dev: v.optional(v.boolean()) })),
});

const GRAVE = ['high', 'critical'];

function main(): number {
  const { stdout } = spawnSync('npm', ['audit', '--json', '--package-lock-only'], {
    cwd: ROOT,
    encoding: 'utf8',
    maxBuffer: 64 * 1_048_576,
  });
  const said = parse(stdout);
  if (!v.is(report, said)) {
    const why = v.is(failure, said) ? said.message : 'npm said nothing';
    process.stdout.write(`Packages were NOT checked for known faults: ${why}\n`);
    return 0;
  }
  const { packages } = v.parse(
    lockFile,
    JSON.parse(readFileSync(new URL('../package-lock.json', import.meta.url), 'utf8')),
  );
  const isShipped = (path: string): boolean =>
    packages[path]?.dev !== true || BUNDLED_TOOLS.includes(path);
  const found = Object.entries(said.vulnerabilities).filter(([, { nodes }]) =>
    nodes.some(isShipped),
  );
  for (const [name, { severity, range }] of found) {
    process.stdout.write(`${severity}: ${name} ${range}\n`);
  }
  const grave = found.filter(([, { severity }]) => GRAVE.includes(severity));
  process.stdout.write(
    `Shipped packages with known faults: ${found.length}, of them high or critical: ${grave.length}.\n`,
  );
  return grave.length === 0 ? 0 : 1;
}

function parse(text: string): unknown {
  try {
    return JSON.parse(text);
  } catch {
    return undefined;
  }
}

process.exitCode = main();
