/** Tests that docs name exist under that name. */
import { readFileSync } from 'node:fs';
import { expect, it } from 'vitest';
import { readPage } from '../../fixtures/pages-of-docs.ts';

const NAMED =
  /`((?:aws|browser|contract|fuzz|integration|long|package|proof|unit|vendors)\/[\w/.-]+)`: `([^`]+)`/g;

it.each(['docs/security.md', 'docs/guarantees.md'])('%s names tests that exist', (page) => {
  const named = [...readPage(page).matchAll(NAMED)].map(([, file = '', title = '']) => ({
    file,
    title: title.trim(),
  }));
  expect(named.length).toBeGreaterThan(20);
  const absent = named.filter(({ file, title }) => {
    const source = readFileSync(
      `test/${file.replace(/(?<!\.ts)$/, '.test.ts')}`,
      'utf8',
    ).replaceAll("\\'", "'");
    return !source.includes(title);
  });
  expect(absent).toEqual([]);
});
