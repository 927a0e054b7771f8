/** The builds that break a promise: each still can be made, and the page of guarantees tells of each. */
import { readFileSync } from 'node:fs';
import { expect, it } from 'vitest';
import { brokenText, readBreaks } from '../../../scripts/broken-builds.ts';
import { readPage } from '../../fixtures/pages-of-docs.ts';

const BREAKS = readBreaks();

it.each(BREAKS)('$promise: a build that $broken can be made', ({ file, before, after }) => {
  const text = readFileSync(file, 'utf8');
  expect(brokenText(text, { before, after })).not.toBe(text);
});

it('there is one for each promise', () => {
  const promises = new Set(BREAKS.map(({ promise }) => promise));
  expect([...promises]).toEqual(Array.from({ length: 13 }, (_, n) => `G${n + 1}`));
});

it('the page of guarantees has a row for each', () => {
  const table = readPage('docs/guarantees.md').split('|---|---|---|\n').at(-1) ?? '';
  const rows = BREAKS.map(({ promise, broken, tests }) => {
    const named = tests.map((test) => test.replace(/^(\S+): (.*)$/s, '`$1`: `$2`'));
    return `| ${promise} | ${broken} | ${named.join('<br>')} |`;
  });
  expect(table.trimEnd().split('\n')).toEqual(rows);
});
