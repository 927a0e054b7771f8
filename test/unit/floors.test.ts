/** The floors of the house (CONTRIBUTING, "Rooms"), read from import lines: who may import whom. */
import { readdirSync, readFileSync } from 'node:fs';
import { dirname, join, normalize, relative } from 'node:path';
import { fileURLToPath } from 'node:url';
import { describe, expect, it } from 'vitest';

const ROOT = fileURLToPath(new URL('../..', import.meta.url));

/** A room of `shared/` imports rooms of lower floors, and itself. */
const FLOOR: Readonly<Record<string, number>> = {
  lib: 1,
  signing: 2,
  ledger: 2,
  stores: 3,
  runtime: 3,
  manifest: 4,
  limits: 4,
  providers: 5,
  reporting: 5,
  plans: 5,
  audit: 6,
  runs: 6,
  migrations: 7,
  api: 8,
  wiring: 9,
};

/** What each folder may import of ours, as beginnings of paths. `type:` allows types alone. */
const MAY_IMPORT: Readonly<Record<string, readonly string[]>> = {
  functions: ['shared/'],
  shared: ['shared/'],
  simulator: [
    'simulator/',
    'shared/signing/',
    'shared/lib/encoding.ts',
    'shared/lib/api-request.ts',
  ],
  // The demo brings a source site of its own; the service builds the dashboard.
  'local/demo': ['local/', 'simulator/', 'shared/'],
  local: ['local/', 'functions/', 'shared/', 'simulator/main.ts', 'scripts/build-dashboard.ts'],
  cli: ['cli/', 'shared/', 'local/lock.ts', 'local/main.ts', 'local/settings.ts'],
  deploy: [
    'deploy/',
    'shared/runtime/deployment.ts',
    'shared/lib/metrics.ts',
    'shared/wiring/config/tables.ts',
    'shared/wiring/config/texts.ts',
  ],
  // It speaks HTTP; the linter runs in the browser too.
  dashboard: [
    'dashboard/',
    'shared/manifest/',
    'shared/api/oms-ids.ts',
    'shared/migrations/progress.ts',
    'shared/lib/csv.ts',
    'shared/lib/errors.ts',
    'shared/lib/http-date.ts',
    'shared/lib/url-secrets.ts',
    'type:shared/',
  ],
  scripts: [
    'scripts/',
    'cli/',
    'deploy/',
    'functions/',
    'local/dashboard.ts',
    'local/lock.ts',
    'shared/',
    'simulator/main.ts',
  ],
  bench: ['bench/', 'functions/', 'local/', 'shared/', 'simulator/', 'scripts/', 'test/fixtures/'],
  test: [''],
};

/** Outside libraries, and the only place that imports each. */
const LIBRARIES: readonly (readonly [name: RegExp, place: RegExp])[] = [
  [/^undici/, /^shared\/lib\/(http\.ts|undici\.d\.ts)$/],
  [/^@middy\//, /^shared\/runtime\/http\.ts$/],
  [/^aws4fetch$/, /^(shared\/lib\/(aws|s3)\/|simulator\/v4-auth\.ts$)/],
  [/^fast-xml-parser$/, /^simulator\/xml\.ts$/],
  [/^@valibot\/to-json-schema$/, /^(shared\/api\/openapi|scripts\/(cli-schemas|docs))\.ts$/],
  [/^saxes$/, /^shared\/lib\/xml\.ts$/],
  [/^node:sqlite$/, /^(shared\/stores\/sqlite\/|local\/lock\.ts$)/],
  [/^pg$/, /^shared\/stores\/postgres\//],
  [/^commander$/, /^cli\//],
  [/^croner$/, /^(local\/|shared\/migrations\/schedule\.ts$)/],
  [/^chokidar$/, /^local\//],
  [/^prom-client$/, /^local\/prometheus\.ts$/],
  [/^(preact|uplot)/, /^dashboard\//],
  [/^esbuild$/, /^scripts\//],
  [/^hyparquet$/, /^shared\/manifest\/sources\/parquet\.ts$/],
  [/^picomatch$/, /^shared\/manifest\/sources\/filters\.ts$/],
];

interface Import {
  readonly from: string;
  /** A path of ours, or a package or `node:` name. */
  readonly to: string;
  /** Gone once types are stripped. */
  readonly isType: boolean;
}

const textOf = (file: string): string =>
  readFileSync(join(ROOT, file), 'utf8').replaceAll(/\/\*[\s\S]*?\*\//g, '');

function importsOf(file: string): readonly Import[] {
  const specifiers = textOf(file).matchAll(
    /(?:^(?:import|export)( type)?\b[^;']*?\bfrom\s+|\bimport\s*\(\s*|^import\s+)'([^']+)'/gm,
  );
  return [...specifiers].map(([, type, specifier = '']) => ({
    from: file,
    to: specifier.startsWith('.') ? normalize(join(dirname(file), specifier)) : specifier,
    isType: type !== undefined,
  }));
}

const FOLDERS = [...new Set(Object.keys(MAY_IMPORT).map((path) => path.split('/')[0] ?? ''))];
const files = FOLDERS.flatMap((folder) =>
  readdirSync(join(ROOT, folder), { recursive: true, withFileTypes: true })
    .filter((entry) => entry.isFile() && /\.tsx?$/.test(entry.name))
    .map((entry) => relative(ROOT, join(entry.parentPath, entry.name)))
    .filter((path) => !path.includes('node_modules')),
);
const known = new Set(files);
const imports = files.flatMap(importsOf);
const sources = imports.filter(({ from }) => !from.startsWith('test/'));

const wrong = (among: readonly Import[], isWrong: (edge: Import) => boolean): readonly string[] =>
  among.filter(isWrong).map(({ from, to }) => `${from} -> ${to}`);
const isOurs = (path: string): boolean => FOLDERS.some((folder) => path.startsWith(`${folder}/`));
const roomOf = (path: string): string | undefined => /^shared\/([^/]+)\//.exec(path)?.[1];

it('reads import lines at all, and knows every file of ours that they name', () => {
  const edge = { from: 'shared/runs/cancel.ts', to: 'shared/ledger/ledger.ts', isType: true };
  expect(imports).toContainEqual(edge);
  expect(imports.length).toBeGreaterThan(2_000);
  const missing = ({ to }: Import): boolean => /\.tsx?$/.test(to) && isOurs(to) && !known.has(to);
  expect(wrong(imports, missing)).toEqual([]);
});

describe('shared/', () => {
  it('is rooms alone, each on a floor', () => {
    const places = files.filter((file) => file.startsWith('shared/')).map(roomOf);
    expect([...new Set(places)].sort()).toEqual(Object.keys(FLOOR).sort());
  });

  it('imports downwards', () => {
    const isUp = ({ from, to }: Import): boolean => {
      const [a, b] = [roomOf(from), roomOf(to)];
      if (a === undefined || b === undefined || a === b) return false;
      return (FLOOR[b] ?? 0) >= (FLOOR[a] ?? 0);
    };
    expect(wrong(sources, isUp)).toEqual([]);
  });

  it('names its adapters in the wiring alone', () => {
    const isAdapter = (path: string): boolean => /^shared\/stores\/[^/]+\/.*\.ts$/.test(path);
    const isConfig = (path: string): boolean => path.endsWith('/config.ts');
    const outside = ({ from, to, isType }: Import): boolean =>
      isAdapter(to) &&
      !(isType && isConfig(to)) &&
      !/^(shared\/(stores|wiring)|bench)\//.test(from);
    expect(wrong(sources, outside)).toEqual([]);
  });

  it('signs without a network, a clock or the environment', () => {
    const allowed =
      /^(shared\/signing\/.*|shared\/lib\/(encoding|errors|api-request)\.ts|node:crypto)$/;
    const signing = ({ from, to }: Import): boolean =>
      from.startsWith('shared/signing/') && !allowed.test(to);
    expect(wrong(sources, signing)).toEqual([]);
    const impure = files
      .filter((file) => file.startsWith('shared/signing/'))
      .filter((file) => /Date\.now|new Date\(\)|process\.env/.test(textOf(file)));
    expect(impure).toEqual([]);
  });
});

it.each(Object.keys(MAY_IMPORT))('%s/ imports of ours only what it may', (folder) => {
  const longer = Object.keys(MAY_IMPORT).filter((other) => other.startsWith(`${folder}/`));
  const isOf = (path: string): boolean =>
    path.startsWith(`${folder}/`) && !longer.some((other) => path.startsWith(`${other}/`));
  const mayNot = ({ from, to, isType }: Import): boolean =>
    isOf(from) &&
    isOurs(to) &&
    !(MAY_IMPORT[folder] ?? []).some((allowed) =>
      allowed.startsWith('type:')
        ? isType && to.startsWith(allowed.slice('type:'.length))
        : to.startsWith(allowed),
    );
  expect(wrong(imports, mayNot)).toEqual([]);
});

it.each(LIBRARIES)('%s is imported in one place', (name, place) => {
  const found = sources.filter(({ from, to }) => name.test(to) && !from.startsWith('bench/'));
  expect(found.length).toBeGreaterThan(0);
  expect(wrong(found, ({ from }) => !place.test(from))).toEqual([]);
});

const edges = new Map(files.map((file) => [file, [] as string[]]));
for (const { from, to } of imports) if (known.has(to)) edges.get(from)?.push(to);

it('no files import each other in a circle', () => {
  const circles: string[] = [];
  const state = new Map<string, 'open' | 'done'>();
  const visit = (file: string, path: readonly string[]): void => {
    if (state.get(file) === 'done') return;
    if (state.get(file) === 'open') {
      circles.push([...path.slice(path.indexOf(file)), file].join(' -> '));
      return;
    }
    state.set(file, 'open');
    for (const next of edges.get(file) ?? []) visit(next, [...path, file]);
    state.set(file, 'done');
  };
  for (const file of files) visit(file, []);
  expect(circles).toEqual([]);
});

it('no chain of imports within shared/ is longer than 16 files', () => {
  const chains = new Map<string, readonly string[]>();
  const chainFrom = (file: string): readonly string[] => {
    const known = chains.get(file);
    if (known) return known;
    const next = (edges.get(file) ?? []).filter((to) => to.startsWith('shared/')).map(chainFrom);
    const longest = next.reduce((a, b) => (b.length > a.length ? b : a), []);
    const chain = [file, ...longest];
    chains.set(file, chain);
    return chain;
  };
  const tooLong = files
    .filter((file) => file.startsWith('shared/'))
    .map(chainFrom)
    .filter(({ length }) => length > 16);
  expect(tooLong.map((chain) => chain.join(' -> '))).toEqual([]);
});

it('no source file is longer than 300 lines, but texts and what is generated', () => {
  const sourceFiles = files.filter(
    (file) => !/^(test|docs\/examples|dashboard\/text)\//.test(file) && !file.endsWith('.d.ts'),
  );
  expect(sourceFiles.filter((file) => textOf(file).split('\n').length > 301)).toEqual([]);
});

it('only a wiring, and starting a program, read the environment', () => {
  const readers = files.filter((file) => /\bprocess\.env\b/.test(textOf(file)));
  const allowed = /^(shared\/runtime\/expose\.ts|(local|cli|bench|scripts|simulator|test)\/)/;
  expect(readers.filter((file) => !allowed.test(file))).toEqual([]);
});
