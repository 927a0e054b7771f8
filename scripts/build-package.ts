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

/** Tools of development that are bundled: for older Node, and into the dashboard, which is built apart. */
export const BUNDLED_TOOLS = ['node_modules/core-js', 'node_modules/preact', 'node_modules/uplot'];

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
  const { metafile } = await build({
    absWorkingDir: ROOT,
    metafile: true,
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
  const bundled = Object.keys(metafile.inputs).map((path) => PACKAGE_PATH.exec(path)?.[0] ?? '');
  writeFileSync(
    join(PACKAGE, 'sbom.json'),
    sbomOf(new Set([...bundled.filter(Boolean), ...BUNDLED_TOOLS])),
  );
}

const PACKAGE_PATH = /^node_modules\/(?:.+\/node_modules\/)?(?:@[^/]+\/)?[^/]+/;

/**
 * What the bundles hold of others, by version, licence and hash, as CycloneDX.
 * @param paths as `package-lock.json` has them
 */
function sbomOf(paths: ReadonlySet<string>): string {
  const args = ['sbom', '--sbom-format=cyclonedx', '--package-lock-only'];
  const sbom = JSON.parse(execFileSync('npm', args, { cwd: ROOT, encoding: 'utf8' })) as {
    readonly components: readonly { readonly 'bom-ref': string }[];
  };
  const { packages } = JSON.parse(readFileSync(join(ROOT, 'package-lock.json'), 'utf8')) as {
    readonly packages: Readonly<Record<string, { readonly version: string }>>;
  };
  const refs = [...paths].map(
    (path) => `${path.split('node_modules/').at(-1)}@${packages[path]?.version}`,
  );
  const components = sbom.components.filter((one) => refs.includes(one['bom-ref']));
  const unknown = refs.filter((ref) => !components.some((one) => one['bom-ref'] === ref));
  if (unknown.length > 0) throw new Error(`sbom.json would lack ${unknown.join(', ')}`);
  return `${JSON.stringify({ ...sbom, components, dependencies: [] }, null, 2)}\n`;
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
    files: ['bin', 'lib', 'types', 'dashboard', 'docs', 'prices.json', 'sbom.json', 'CHANGELOG.md'],
  };
}

if (import.meta.main) await buildPackage();
