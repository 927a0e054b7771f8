import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { expect, it } from 'vitest';
import { BUNDLES } from '../../scripts/bundle.ts';
import { unmap } from '../../scripts/unmap.ts';

it('says where in the sources a line of a stack trace is', () => {
  const said = 'There is no manifest ';
  const lines = readFileSync(join(BUNDLES, 'plan-manifest.js'), 'utf8').split('\n');
  const line = lines.findIndex((text) => text.includes(said));
  const column = (lines[line]?.indexOf(said) ?? 0) + 1;
  const place = `/var/task/.build/functions/plan-manifest.js:${line + 1}:${column}`;
  const trace = `NOT_FOUND: no\n    at async e (${place})\n    at node:internal/x:1:2`;

  const [, mapped = '', other] = unmap(trace).split('\n');

  const [, file = '', original] = /\((.*):(\d+):\d+\)/.exec(mapped) ?? [];
  expect(file).toBe('shared/runs/plan.ts');
  expect(readFileSync(file, 'utf8').split('\n')[Number(original) - 1]).toContain(said);
  expect(other).toBe('    at node:internal/x:1:2');
});

it('leaves what it does not know as it is', () => {
  const trace = 'at f (/var/task/.build/functions/unknown.js:1:2)\nat g (/elsewhere/sweep.js:1:2)';
  expect(unmap(trace)).toBe(trace);
});
