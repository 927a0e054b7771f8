import { readFileSync } from 'node:fs';
import { expect, it } from 'vitest';
import { phases, SIZES, table } from '../../../scripts/scale.ts';

const document = readFileSync(new URL('../../../docs/scale.md', import.meta.url), 'utf8');

it.each(SIZES)('the document shows the table of %d million objects at %d/s', (millions, rate) => {
  expect(document).toContain(table(millions, rate));
});

it('reads for a look and a sweep do not grow with the objects of a shard', () => {
  const of = (objects: number, phase: string) =>
    phases(objects, 1_000).find((each) => each.phase.endsWith(phase));
  const calls = (objects: number) => of(objects, 'look')?.calls ?? 0;
  expect(calls(500e6)).toBe(calls(26e6));
  expect(of(500e6, 'reports')?.calls).toBe(of(26e6, 'reports')?.calls);
});
