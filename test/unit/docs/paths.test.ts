/** Files and tests that pages and comments name exist. */
import { existsSync, readdirSync } from 'node:fs';
import { join } from 'node:path';
import { expect, it } from 'vitest';
import { pages, ROOT, readPage } from '../../fixtures/pages-of-docs.ts';

const FOLDERS = [
  ...['bench', 'cli', 'dashboard', 'deploy', 'events', 'functions'],
  ...['local', 'scripts', 'shared', 'simulator', 'test'],
];
const OF_TESTS = ['unit', 'contract', 'integration', 'package'];

/** Such as `shared/runs/plan.ts`, `shared/runs/` and, of a test, `integration/crash`. */
const PATH = new RegExp(
  `(?<![\\w./@<~$-])(?:docs|${[...FOLDERS, ...OF_TESTS].join('|')})/[\\w./-]*[\\w/](?![\\w<*{…])`,
  'g',
);

const pathsOf = (text: string): readonly string[] => text.match(PATH) ?? [];

/** Pages shorten `test/unit/shared/ledger/merge.test.ts` to `ledger/merge`. */
const PLACES = ['', 'test/', 'test/unit/', 'test/unit/shared/'];

const filesOf = (path: string): readonly string[] =>
  PLACES.flatMap((place) => ['', '.test.ts', '.ts'].map((end) => `${place}${path}${end}`)).filter(
    (file) => existsSync(join(ROOT, file)),
  );

const missing = (text: string): readonly string[] =>
  pathsOf(text).filter((path) => filesOf(path).length === 0);

it.each(pages())('files and tests that %s names exist', (page) => {
  expect(missing(readPage(page))).toEqual([]);
});

it('files that comments name exist', () => {
  const files = FOLDERS.flatMap((folder) =>
    readdirSync(join(ROOT, folder), { recursive: true, encoding: 'utf8' })
      .filter((path) => /\.tsx?$/.test(path) && !path.includes('node_modules'))
      .map((path) => `${folder}/${path}`),
  );
  const wrong = files.flatMap((file) => {
    const comments = readPage(file).match(/\/\*\*[\s\S]*?\*\/|(?<=^|\s)\/\/ .*/g) ?? [];
    return missing(comments.join('\n')).map((path) => `${file}: ${path}`);
  });
  expect(wrong).toEqual([]);
});

it('docs/architecture.md names the files it walks through', () => {
  expect(new Set(pathsOf(readPage('docs/architecture.md'))).size).toBeGreaterThan(60);
});

it('CONTRIBUTING has every room of shared/', () => {
  const [rooms = ''] = readPage('CONTRIBUTING.md').split('\n## The other folders\n');
  const listed = new Set(pathsOf(rooms));
  const found = readdirSync(join(ROOT, 'shared')).map((room) => `shared/${room}/`);
  expect(found.filter((room) => !listed.has(room))).toEqual([]);
});

/** Promises of the README, each with the tests that its row names. */
const promises = [...readPage('README.md').matchAll(/^\| (G\d+) \|.*\| (.+) \|$/gm)].flatMap(
  ([, promise = '', cell = '']) =>
    [...cell.matchAll(/`([^`]+)`/g)].map(([, test = '']) => [promise, test] as const),
);

it.each(promises)('%s is kept by a test of %s that is titled so', (promise, test) => {
  const title = new RegExp(`['\`](?:[^'\`\\n]*, )?${promise}(?:, G\\d+)*: `);
  const titled = filesOf(test).filter((file) => title.test(readPage(file)));
  expect(titled).not.toEqual([]);
});

it('finds what is gone', () => {
  expect(missing('`shared/oms/gone.ts`, `shared/runs/`, shared/lib/errors.ts.')).toEqual([
    'shared/oms/gone.ts',
  ]);
  expect(missing('see integration/crash and integration/gone')).toEqual(['integration/gone']);
});
