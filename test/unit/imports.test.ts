/** Keeps the direction of imports (CONTRIBUTING, "Who may import whom"), read from the import lines. */
import { readdirSync, readFileSync } from 'node:fs';
import { dirname, join, normalize, relative } from 'node:path';
import { fileURLToPath } from 'node:url';
import { expect, it } from 'vitest';

const ROOT = fileURLToPath(new URL('../..', import.meta.url));
const FOLDERS = [
  'deploy',
  'functions',
  'shared',
  'local',
  'simulator',
  'cli',
  'bench',
  'scripts',
  'dashboard',
];

interface Import {
  readonly from: string;
  /** A path of ours, or a package or `node:` name. */
  readonly to: string;
  /** Gone once types are stripped. */
  readonly isType: boolean;
}

function importsOf(file: string): readonly Import[] {
  const text = readFileSync(join(ROOT, file), 'utf8').replaceAll(/\/\*[\s\S]*?\*\//g, '');
  const specifiers = text.matchAll(
    /(?:(^import type\b[^;]*?)?\bfrom\s+|\bimport\s*\(\s*|^import\s+)'([^']+)'/gm,
  );
  return [...specifiers].map(([, type, specifier = '']) => ({
    from: file,
    to: specifier.startsWith('.') ? normalize(join(dirname(file), specifier)) : specifier,
    isType: type !== undefined,
  }));
}

const files = FOLDERS.flatMap((folder) =>
  readdirSync(join(ROOT, folder), { recursive: true, withFileTypes: true })
    .filter((entry) => entry.isFile() && /\.tsx?$/.test(entry.name))
    .map((entry) => relative(ROOT, join(entry.parentPath, entry.name)))
    .filter((path) => !path.includes('node_modules')),
);
const imports = files.flatMap(importsOf);
const offenders = (wrong: (edge: Import) => boolean): readonly string[] =>
  imports.filter(wrong).map(({ from, to }) => `${from} -> ${to}`);
const within = (path: string, ...folders: readonly string[]) =>
  folders.some((folder) => path.startsWith(`${folder}/`));
const isOurs = (path: string) => within(path, ...FOLDERS, 'test');

it('reads import lines at all', () => {
  expect(imports.length).toBeGreaterThan(100);
  const sweep = { from: 'functions/sweep.ts', to: 'shared/config.ts', isType: false };
  expect(imports).toContainEqual(sweep);
  const types = { from: 'dashboard/api/types.ts', to: 'shared/errors.ts', isType: true };
  expect(imports).toContainEqual(types);
});

it.each([
  ['functions/', ['shared']],
  ['shared/', ['shared']],
  ['simulator/', ['simulator', 'shared']],
  ['local/', ['local', 'functions', 'shared', 'simulator', 'scripts']],
  ['cli/', ['cli', 'functions', 'shared', 'local']],
  ['deploy/', ['deploy', 'shared']],
] as const)('%s imports of ours only %s', (folder, allowed) => {
  expect(
    offenders(({ from, to }) => from.startsWith(folder) && isOurs(to) && !within(to, ...allowed)),
  ).toEqual([]);
});

it('the dashboard speaks HTTP: it takes types alone, and the linter, which runs in the browser', () => {
  const shared = (to: string) =>
    within(to, 'dashboard', 'shared/manifest') || to === 'shared/errors.ts' || !isOurs(to);
  expect(
    offenders(({ from, to, isType }) => within(from, 'dashboard') && !isType && !shared(to)),
  ).toEqual([]);
});

it('the service builds the dashboard, and uses no other script', () => {
  expect(
    offenders(
      ({ from, to }) =>
        within(from, 'local') && within(to, 'scripts') && to !== 'scripts/build-dashboard.ts',
    ),
  ).toEqual([]);
});

it('no function imports another one', () => {
  expect(offenders(({ from, to }) => within(from, 'functions') && within(to, 'functions'))).toEqual(
    [],
  );
});

it('the simulator shares only signing and encoding with what it judges', () => {
  const allowed = (path: string) =>
    within(path, 'simulator', 'shared/signing') || path === 'shared/encoding.ts' || !isOurs(path);
  expect(offenders(({ from, to }) => within(from, 'simulator') && !allowed(to))).toEqual([]);
});

it('the service starts the simulators, and the command line the service, through their main', () => {
  expect(
    offenders(
      ({ from, to }) =>
        (within(from, 'local') &&
          within(to, 'simulator') &&
          to !== 'simulator/main.ts' &&
          // The demo brings a source site of its own.
          !(within(from, 'local/demo') || from === 'local/demo.ts')) ||
        (within(from, 'cli') && within(to, 'local') && to !== 'local/main.ts'),
    ),
  ).toEqual([]);
});

it('signing knows no network, no clock and no environment', () => {
  const allowed = (path: string) =>
    within(path, 'shared/signing') ||
    ['shared/encoding.ts', 'shared/errors.ts', 'node:crypto', 'node:buffer'].includes(path);
  expect(offenders(({ from, to }) => within(from, 'shared/signing') && !allowed(to))).toEqual([]);
  const impure = files
    .filter((file) => within(file, 'shared/signing'))
    .filter((file) =>
      /Date\.now|new Date\(\)|process\.env/.test(readFileSync(join(ROOT, file), 'utf8')),
    );
  expect(impure).toEqual([]);
});

it.each([
  ['undici', ['shared/http.ts', 'shared/undici.d.ts']],
  ['undici/lib/dispatcher/agent.js', ['shared/http.ts']],
  ['@middy/core', ['shared/middleware.ts']],
  ['fast-xml-parser', ['shared/xml.ts']],
] as const)('in shared/ only one file imports %s', (name, owners) => {
  const found = imports.filter(({ from, to }) => within(from, 'shared') && to === name);
  expect([...new Set(found.map(({ from }) => from))]).toEqual(owners);
});

it('adapters are named in the wiring only', () => {
  const adapters = /^shared\/(ledger|queue|objects)\/(sqlite|folder|dynamodb|sqs|s3)\.ts$/;
  expect(
    offenders(({ from, to }) => adapters.test(to) && !within(from, 'shared/wiring', 'bench')),
  ).toEqual([]);
});

it('only exposing a function and starting a program read the environment', () => {
  const readers = files.filter((file) =>
    /\bprocess\.env\b/.test(
      readFileSync(join(ROOT, file), 'utf8').replaceAll(/\/\*[\s\S]*?\*\//g, ''),
    ),
  );
  const allowed = (file: string) =>
    file === 'shared/middleware.ts' ||
    within(file, 'local', 'cli', 'bench', 'scripts', 'simulator');
  expect(readers.filter((file) => !allowed(file))).toEqual([]);
});

it('nothing imports tests or benchmarks', () => {
  expect(
    offenders(({ from, to }) => within(to, 'test', 'bench') && !within(from, 'bench')),
  ).toEqual([]);
});
