/** docs/operations.md tells of every event that the log has from `info` on. */
import { expect, it } from 'vitest';
import { sources } from '../../fixtures/codes.ts';
import { readPage } from '../../fixtures/pages-of-docs.ts';

it('names every event of the log', () => {
  const code = ['shared', 'functions', 'local'].flatMap(sources).join('\n');
  const logged = [...code.matchAll(/\blog\.(?:info|warn|error)\(\s*'([a-z.-]+)'/g)];
  const events = new Set(logged.map(([, event = '']) => event));
  expect(events.size).toBeGreaterThan(40);
  const table = (readPage('docs/operations.md').split('\n## Log events\n')[1] ?? '').split('\n## ');
  const told = new Set([...(table[0] ?? '').matchAll(/`([a-z-]+\.[a-z-]+)`/g)].map(([, e]) => e));
  expect([...events].filter((event) => !told.has(event)).sort()).toEqual([]);
});
