/** A plan as text for a person. */
import { wrappedTable } from '../io/table.ts';
import { bytes, count, duration, indent, type Paint, plural, printable } from '../io/text.ts';
import type { Plan } from './shape.ts';

export function planText(plan: Plan, paint: Paint, columns: number): string {
  const { counts, target, key, quarantined, warnings, objectBytes, seconds, cost } = plan;
  const known =
    objectBytes && `${bytes(objectBytes.bytes)} in ${plural(objectBytes.objects, 'object')}`;
  const rows = [
    ['manifest', printable(plan.path)],
    ['key', printable(key)],
    ['target', printable(`${target.region} ${target.bucket}`)],
    ['lines', count(counts.lines)],
    ['good', paint('good', count(counts.good))],
    ['quarantined', paint(counts.quarantined > 0 ? 'bad' : 'good', count(counts.quarantined))],
    ...Object.entries(quarantined).map(([reason, times]) => ['', `${count(times)} x ${reason}`]),
    ...Object.entries(warnings).map(([reason, times], at) => [
      at === 0 ? 'warnings' : '',
      `${count(times)} x ${reason}`,
    ]),
    ['bytes', known ?? 'unknown; name a column or a file with --sizes'],
    ['requests', `${count(plan.requests)}, and more for failures`],
    ['time', `${duration(seconds)} to submit at ${count(plan.ratePerSecond)} a second`],
    [
      'cost',
      `${cost.usd.toFixed(2)} USD on AWS, at ${cost.usdPerMillion.toFixed(2)} a million (${cost.asOf})`,
    ],
  ];
  const advice = plan.advice.map((text) => `\n${indent(text, 2, columns)}`).join('');
  return wrappedTable(rows, columns) + advice;
}
