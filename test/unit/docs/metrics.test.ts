/** docs/metrics.md and the alert rules name the metrics that there are, and no others. */
import { readFileSync } from 'node:fs';
import { expect, it } from 'vitest';
import { createPrometheus } from '../../../local/prometheus.ts';
import { readPage } from '../../fixtures/pages-of-docs.ts';
import { hasPromtool, promtoolFault } from '../../fixtures/promtool.ts';

const rules = readFileSync(new URL('../../../deploy/waybill.rules.yml', import.meta.url), 'utf8');

async function metricNames(): Promise<readonly string[]> {
  const read = async () => ({ ledger: undefined, queue: undefined });
  const { body = '' } = await createPrometheus({ hear: () => {}, read }).page();
  return [...body.matchAll(/^# TYPE (\w+)/gm)].map(([, name = '']) => name).sort();
}

const namesIn = (text: string): readonly string[] =>
  [...new Set(text.match(/\bwaybill_\w+/g))].sort();

it('explains every metric', async () => {
  expect(namesIn(readPage('docs/metrics.md'))).toEqual(await metricNames());
});

it('alerts on metrics that there are', async () => {
  const known = await metricNames();
  const used = namesIn(rules).map((name) => name.replace(/_count$/, ''));
  expect(used.length).toBeGreaterThan(5);
  expect(used.filter((name) => !known.includes(name))).toEqual([]);
});

it('says what to do about every alert', () => {
  const alerts = [...rules.matchAll(/alert: (\w+)/g)].map(([, name]) => name);
  const told = [...readPage('docs/metrics.md').matchAll(/^\| `(Waybill\w+)`/gm)];
  expect(told.map(([, name]) => name)).toEqual(alerts);
});

it.runIf(hasPromtool)('has rules that promtool finds nothing wrong with', () => {
  expect(promtoolFault(['check', 'rules', 'deploy/waybill.rules.yml'])).toBeUndefined();
  expect(promtoolFault(['test', 'rules', 'test/fixtures/waybill.rules.test.yml'])).toBeUndefined();
});
