import { readFileSync } from 'node:fs';
import { describe, expect, it } from 'vitest';
import {
  CASE,
  changes,
  fixed,
  growth,
  idle,
  keeping,
  lines,
  table,
  total,
} from '../../../scripts/costs.ts';

const document = readFileSync(new URL('../../../docs/costs.md', import.meta.url), 'utf8');

describe('costs', () => {
  it.each([
    ['per million objects', table(CASE)],
    ['per month', fixed()],
    ['changes', changes()],
    ['growth', growth()],
  ])('the document shows the table %s', (_name, text) => {
    expect(document).toContain(text);
  });

  it('carrying a million objects costs at most 1.25 USD, keeping them a month 0.10', () => {
    expect(total(lines(CASE))).toBeLessThanOrEqual(1.25);
    expect(keeping(CASE)).toBeLessThanOrEqual(0.1);
    expect(document).toContain(`costs ${total(lines(CASE)).toFixed(2)}**`);
    expect(document).toContain(`another ${keeping(CASE).toFixed(2)} a month`);
  });

  it('other pages name the same cost of an idle stage', () => {
    const page = readFileSync(new URL('../../../docs/deploy.md', import.meta.url), 'utf8');
    const named = [...page.matchAll(/([\d.]+) USD a\s+month/g)].map(([, figure]) => figure);
    expect(named).toEqual([idle().toFixed(2)]);
  });
});
