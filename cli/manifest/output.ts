/** What `waybill manifest` tells besides the manifest: text for a person, or one JSON document. */
import * as v from 'valibot';
import type { ComparisonReport } from '../../shared/manifest/sources/compare-lists.ts';
import type { SourceList } from '../../shared/manifest/sources/object.ts';
import type { ManifestReport } from '../../shared/manifest/sources/write-manifest.ts';
import { bytes, count, hang, plural, printable } from '../io/text.ts';

const size = v.pipe(v.number(), v.integer(), v.minValue(0));

export const manifestShape = v.object({
  path: v.string(),
  format: v.string(),
  source: v.optional(v.string()),
  output: v.string(),
  counts: v.object({
    /** All that the list names: written and left out. */
    listed: size,
    written: size,
    withoutSize: size,
    leftOut: v.record(v.string(), size),
    warnings: v.record(v.string(), size),
  }),
  /** Of what is written, as far as sizes are known; text, because it may exceed 2^53. */
  bytes: v.string(),
  /** The first 100 faults and warnings. */
  findings: v.array(
    v.object({
      key: v.string(),
      reason: v.string(),
      message: v.optional(v.string()),
      fix: v.optional(v.string()),
    }),
  ),
  comparison: v.optional(
    v.object({
      new: size,
      changed: v.object({ etag: size, size, modified: size }),
      unknown: size,
      unchanged: size,
      gone: size,
    }),
  ),
});

export interface Outcome {
  /** Of the list. */
  readonly path: string;
  readonly list: Pick<SourceList, 'format' | 'source'>;
  readonly report: ManifestReport;
  readonly comparison?: ComparisonReport | undefined;
}

export function outcomeJson({ path, list, report, comparison }: Outcome, output: string): string {
  const { bytes, findings, ...counts } = report;
  const document: v.InferInput<typeof manifestShape> = {
    path,
    format: list.format,
    ...(list.source !== undefined && { source: list.source }),
    output,
    counts: { ...counts, leftOut: { ...counts.leftOut }, warnings: { ...counts.warnings } },
    bytes: String(bytes),
    findings: [...findings],
    ...(comparison && { comparison }),
  };
  return `${JSON.stringify(document, null, 2)}\n`;
}

/**
 * @param next the command that uses the manifest, if there is one
 * @param columns to break lines at
 */
export function outcomeText(outcome: Outcome, next: string | undefined, columns?: number): string {
  const { path, list, report, comparison } = outcome;
  const { listed, written, withoutSize, leftOut, warnings, findings } = report;
  const found = Object.values(warnings).reduce((sum, each) => sum + each, 0);
  const sizes = [
    ...(withoutSize < written ? [bytes(Number(report.bytes))] : []),
    ...(withoutSize > 0 && written > 0 ? [`${count(withoutSize)} without a size`] : []),
  ];
  const lines = [
    ...findings.map(findingText),
    `${path} (${list.format}): ${count(listed)} listed, ${count(written)} written${sizes.length > 0 ? `, ${sizes.join(', ')}` : ''}.`,
    ...reasons('Left out', leftOut),
    ...reasons(`${plural(found, 'warning')}`, warnings),
    ...(comparison ? [comparisonText(comparison)] : []),
    ...(next === undefined ? [] : [`Next: npx waybill ${next}`]),
  ];
  const fitting = lines
    .map(printable)
    .flatMap((line) => (columns === undefined ? [line] : hang(line, columns)));
  return `${fitting.join('\n')}\n`;
}

const findingText = ({ key, reason, message, fix }: ManifestReport['findings'][number]): string =>
  `${key || '(no key)'}: ${reason}${message === undefined ? '' : `: ${message}`}${fix === undefined ? '' : `; likely ${fix}`}`;

/** Most frequent first. */
function reasons(title: string, counts: Readonly<Record<string, number>>): readonly string[] {
  const sorted = Object.entries(counts).sort(([, a], [, b]) => b - a);
  const told = sorted.map(([reason, number]) => `${count(number)} ${reason}`);
  return told.length === 0 ? [] : [`${title}: ${told.join(', ')}.`];
}

function comparisonText({
  new: fresh,
  changed,
  unknown,
  unchanged,
  gone,
}: ComparisonReport): string {
  const all = changed.etag + changed.size + changed.modified;
  const by = Object.entries({ ETag: changed.etag, size: changed.size, time: changed.modified })
    .filter(([, number]) => number > 0)
    .map(([field, number]) => `${count(number)} by ${field}`);
  const changes = `${count(all)} changed${by.length > 0 ? ` (${by.join(', ')})` : ''}`;
  return `Since the older manifest: ${count(fresh)} new, ${changes}, ${count(unknown)} unknown, ${count(unchanged)} unchanged, ${count(gone)} gone.`;
}
