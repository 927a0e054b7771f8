/** Sources and pages name only variables that are in the tables. */
import { readdirSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import { expect, it } from 'vitest';
import { NAMES, removedNames } from '../../../shared/wiring/config/names.ts';
import * as tables from '../../../shared/wiring/config/tables.ts';
import { pages, ROOT, readPage } from '../../fixtures/pages-of-docs.ts';

const NAME =
  /\b(?:WAYBILL|TENCENTCLOUD|HUAWEICLOUD|OMS_(?:SRC|DST|SOURCE))_[A-Z0-9_]*[A-Z0-9]\b(?![_*])/g;
/** Of the tests, told in CONTRIBUTING and README beside what they do. */
const OF_TESTS = /^WAYBILL_TEST_/;

const isRead = (name: string): boolean => NAMES.includes(name) || OF_TESTS.test(name);
const isKnown = (name: string): boolean => isRead(name) || removedNames({ [name]: '1' }).length > 0;

const sources = ['shared', 'functions', 'local', 'cli', 'deploy']
  .flatMap((folder) =>
    readdirSync(join(ROOT, folder), { recursive: true, encoding: 'utf8' }).map((path) =>
      join(folder, path),
    ),
  )
  .filter((path) => path.endsWith('.ts') && !/config\/(?:names|tables|texts)\.ts$/.test(path))
  .map((path) => readFileSync(join(ROOT, path), 'utf8'))
  .join('\n');

it('no source names a variable that is in no table', () => {
  const named = sources.match(NAME) ?? [];
  expect(named.length).toBeGreaterThan(100);
  expect(named.filter((name) => !isKnown(name))).toEqual([]);
});

it('no table is left that nothing reads', () => {
  const unread = Object.keys(tables).filter((name) => !new RegExp(`\\b${name}\\b`).test(sources));
  // The command line reads its own.
  expect(unread).toEqual(['CLI']);
});

it.each(pages())('%s names only variables that are read', (page) => {
  const saysRemoved = /^(?:CHANGELOG|docs\/upgrading)\.md$/.test(page);
  const named = readPage(page).match(NAME) ?? [];
  expect(named.filter((name) => !(saysRemoved ? isKnown(name) : isRead(name)))).toEqual([]);
});
