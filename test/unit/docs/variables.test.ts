/** Variables that the pages name are those that the program reads, and the other way round. */
import { readdirSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import { describe, expect, it } from 'vitest';
import { NAMES, removedNames } from '../../../shared/wiring/config/names.ts';
import { pages, ROOT, readPage } from '../../fixtures/pages-of-docs.ts';

const NAME =
  /\b(?:WAYBILL|TENCENTCLOUD|HUAWEICLOUD|OMS_(?:SRC|DST|SOURCE))_[A-Z0-9_]*[A-Z0-9]\b(?![_*])/g;
/** Of the tests, told in CONTRIBUTING and README beside what they do. */
const OF_TESTS = /^WAYBILL_TEST_/;

/** Stands in the source as the first part of names. */
const isPart = (name: string): boolean => name === 'WAYBILL_S3';

function readBy(folder: string): readonly string[] {
  return readdirSync(join(ROOT, folder), { recursive: true, encoding: 'utf8' })
    .filter((path) => path.endsWith('.ts') && !path.endsWith('config/names.ts'))
    .flatMap((path) => {
      const text = readFileSync(join(ROOT, folder, path), 'utf8');
      const code = text.replace(/^\s*(?:\/\/|\/?\*).*$/gm, '');
      return code.match(NAME) ?? [];
    });
}

const known = new Set(
  ['shared', 'functions', 'local', 'cli', 'deploy']
    .flatMap(readBy)
    .filter((name) => !OF_TESTS.test(name) && !isPart(name)),
);
/** The program puts these together from parts. */
for (const name of ['ACCESS_KEY_ID', 'SECRET_ACCESS_KEY', 'SESSION_TOKEN']) {
  known.add(`WAYBILL_S3_${name}`);
}
const configuration = readPage('docs/configuration.md');
const documented = new Set(configuration.match(NAME) ?? []);

describe('docs/configuration.md', () => {
  it('names every variable that is read', () => {
    expect(known.size).toBeGreaterThan(50);
    expect([...known].filter((name) => !documented.has(name)).sort()).toEqual([]);
  });
});

it('the names that are no fault are those that are read', () => {
  expect([...NAMES]).toEqual([...known].sort());
});

/** Named where it says that they are gone. */
const isRemoved = (page: string, name: string): boolean =>
  /^(?:CHANGELOG|docs\/upgrading)\.md$/.test(page) && removedNames({ [name]: '1' }).length > 0;

it.each(pages())('%s names only variables that are read', (page) => {
  const named = new Set((readPage(page).match(NAME) ?? []).filter((name) => !OF_TESTS.test(name)));
  expect([...named].filter((name) => !known.has(name) && !isRemoved(page, name))).toEqual([]);
});
