/** Every relative link of the pages leads to a file, and every anchor to a heading. */
import { existsSync } from 'node:fs';
import { dirname, join, normalize } from 'node:path';
import { expect, it } from 'vitest';
import { anchorsOf, pages, proseOf, ROOT, readPage } from '../../fixtures/pages-of-docs.ts';

interface Link {
  readonly line: number;
  readonly to: string;
}

/** Links and pictures, also those that a picture holds; code is left out. */
function linksOf(page: string): readonly Link[] {
  const prose = proseOf(page).replace(/`[^`\n]*`/g, (code) => ' '.repeat(code.length));
  return [...prose.matchAll(/\]\(\s*<?([^)\s>]+)>?(?:\s+"[^"]*")?\s*\)/g)].map(
    ({ 1: to = '', index }) => ({ to, line: prose.slice(0, index).split('\n').length }),
  );
}

/** What is wrong with a link, or undefined. */
function fault(page: string, to: string): string | undefined {
  if (/^(?:[a-z]+:|\/\/)/i.test(to)) return undefined;
  const [file = '', anchor] = decodeURIComponent(to).split('#');
  const path = file === '' ? page : normalize(join(dirname(page), file));
  if (path.startsWith('..') || !existsSync(join(ROOT, path))) return `there is no ${path}`;
  if (anchor === undefined || !path.endsWith('.md')) return undefined;
  return anchorsOf(readPage(path)).has(anchor) ? undefined : `${path} has no heading #${anchor}`;
}

it.each(pages())('the links of %s lead somewhere', (page) => {
  const broken = linksOf(readPage(page)).flatMap(({ to, line }) => {
    const found = fault(page, to);
    return found === undefined ? [] : [`${page}:${line}: ${to}: ${found}`];
  });
  expect(broken).toEqual([]);
});

it('every page of docs is in the table of contents', () => {
  const contents = linksOf(readPage('docs/README.md')).map(({ to }) => `docs/${to.split('#')[0]}`);
  const all = pages().filter((page) => /^docs\/(?!README|examples\/)/.test(page));
  expect(all.filter((page) => !contents.includes(page))).toEqual([]);
});

it('finds what is broken', () => {
  expect(linksOf('a [b](c.md#d) `[x](y)`\n```\n[n](o)\n```\n![e](f.png "g")')).toEqual([
    { to: 'c.md#d', line: 1 },
    { to: 'f.png', line: 5 },
  ]);
  expect(fault('docs/tasks.md', 'nowhere.md')).toBe('there is no docs/nowhere.md');
  expect(fault('docs/tasks.md', '#nothing')).toBe('docs/tasks.md has no heading #nothing');
  expect(fault('docs/tasks.md', '../README.md')).toBeUndefined();
  expect([...anchorsOf('# `a-b` / C (d)\n## X\n## X\n```\n# no\n```')]).toEqual([
    'a-b--c-d',
    'x',
    'x-1',
  ]);
});
