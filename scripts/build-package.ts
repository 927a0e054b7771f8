/**
 * Builds the npm package into `.build/package`: the command and the modules that others may import,
 * bundled with their dependencies, their types, the dashboard and the docs. `npm pack
 * .build/package` packs it.
 */
import { execFileSync } from 'node:child_process';
import { cpSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { build, type Plugin } from 'esbuild';
import { buildDashboard, DASHBOARD } from './build-dashboard.ts';

const ROOT = fileURLToPath(new URL('..', import.meta.url));
export const PACKAGE = join(ROOT, '.build', 'package');

/** The first with SQLite that needs no flag. */
export const OLDEST_NODE = '22.13.0';

const MODULES = {
  signing: 'scripts/package/signing.ts',
  manifest: 'scripts/package/manifest.ts',
  simulator: 'simulator/main.ts',
};

const packagedDashboard: Plugin = {
  name: 'packaged-dashboard',
  setup({ onResolve }) {
    const path = join(ROOT, 'scripts/package/dashboard.ts');
    onResolve({ filter: /^\.\/dashboard\.ts$/ }, ({ importer }) =>
      importer.endsWith('/local/main.ts') ? { path } : undefined,
    );
  },
};

export async function buildPackage(): Promise<void> {
  rmSync(PACKAGE, { recursive: true, force: true });
  await build({
    absWorkingDir: ROOT,
    entryPoints: { waybill: 'cli/waybill.ts', ...MODULES },
    outdir: join(PACKAGE, 'lib'),
    bundle: true,
    splitting: true,
    format: 'esm',
    platform: 'node',
    target: `node${OLDEST_NODE}`,
    // Node 22 has none.
    inject: ['core-js/actual/async-disposable-stack'],
    // What is bundled of older packages still requires parts of Node.
    banner: {
      js: "import { createRequire } from 'node:module';\nconst require = createRequire(import.meta.url);",
    },
    plugins: [packagedDashboard],
    logLevel: 'warning',
  });
  execFileSync(join(ROOT, 'node_modules/.bin/tsc'), ['-p', join(ROOT, 'scripts/package')], {
    stdio: 'inherit',
  });
  await buildDashboard();
  cpSync(DASHBOARD, join(PACKAGE, 'dashboard'), { recursive: true });
  cpSync(join(ROOT, 'scripts/package/waybill.js'), join(PACKAGE, 'bin/waybill.js'));
  for (const part of ['README.md', 'LICENSE', 'CHANGELOG.md', 'docs']) {
    cpSync(join(ROOT, part), join(PACKAGE, part), { recursive: true });
  }
  // For users to copy; the command has its own.
  cpSync(join(ROOT, 'shared/plans/prices.json'), join(PACKAGE, 'prices.json'));
  writeFileSync(join(PACKAGE, 'package.json'), `${JSON.stringify(manifest(), null, 2)}\n`);
}

function manifest(): object {
  const { name, version, description, license } = JSON.parse(
    readFileSync(join(ROOT, 'package.json'), 'utf8'),
  );
  const module = (name: string, source: string) => [
    `./${name}`,
    { types: `./types/${source.replace(/\.ts$/, '.d.ts')}`, default: `./lib/${name}.js` },
  ];
  return {
    name,
    version,
    description,
    license,
    type: 'module',
    engines: { node: `>=${OLDEST_NODE}` },
    bin: { waybill: 'bin/waybill.js' },
    exports: {
      ...Object.fromEntries(Object.entries(MODULES).map(([name, source]) => module(name, source))),
      './package.json': './package.json',
    },
    files: ['bin', 'lib', 'types', 'dashboard', 'docs', 'prices.json', 'CHANGELOG.md'],
  };
}

if (import.meta.main) await buildPackage();
