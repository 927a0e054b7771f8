/** The output of `waybill lint`: text for a person, or one JSON document. */
import type { Quarantined, Warning } from '../../shared/manifest/findings.ts';
import { count, hang, plural, printable } from '../io/text.ts';
import type { Findings } from './findings.ts';

/**
 * `<file>:<line>` first, as editors and terminals understand it; the totals last.
 * @param columns to break lines at; without them every finding is one line
 */
export function findingsText(findings: Findings, columns?: number): string {
  const { path, tally, quarantined, warnings, clashesCapped } = findings;
  const shown = [
    ...quarantined.map((line) => describe(path, 'quarantined', line)),
    ...warnings.map((line) => describe(path, 'warning', line)),
  ];
  const warned = total(tally.warnings);
  const hidden = tally.quarantined + warned - shown.length;
  const totals = [
    plural(tally.lines, 'line'),
    plural(tally.transfers, 'transfer'),
    `${count(tally.quarantined)} quarantined`,
    `${count(tally.blank)} blank`,
    ...(tally.header > 0 ? ['1 header'] : []),
    plural(warned, 'warning'),
  ];
  const lines = [
    ...shown,
    ...(hidden > 0 ? [`${count(hidden)} more not shown.`] : []),
    ...(clashesCapped ? [CAPPED] : []),
    `${printable(path)}: ${totals.join(', ')}.`,
  ];
  const fitting = columns === undefined ? lines : lines.flatMap((line) => hang(line, columns));
  return `${fitting.join('\n')}\n`;
}

export function findingsJson(findings: Findings): string {
  const { path, key, target, layout, tally, quarantined, warnings, clashesCapped } = findings;
  const { first: _first, last: sizeBytes = 0, ...counts } = tally;
  return toJson({
    path,
    ...(key !== undefined && { key, target }),
    layout,
    /** Unpacked. */
    sizeBytes,
    counts,
    quarantined,
    warnings,
    hidden: tally.quarantined + total(tally.warnings) - quarantined.length - warnings.length,
    clashesCapped,
  });
}

export const failureJson = (path: string, message: string): string =>
  toJson({ path, error: { code: 'MANIFEST_INVALID', message } });

const CAPPED =
  'So many keys may clash that not all were compared: the counts of repeated keys and look-alikes are lower bounds.';

const toJson = (value: unknown): string => `${JSON.stringify(value, null, 2)}\n`;

function describe(path: string, kind: string, finding: Quarantined | Warning): string {
  const { line, byteOffset, reason, message, fix } = finding;
  const text = `${path}:${line}: ${kind} ${reason}: ${message} (byte ${byteOffset})`;
  return printable(fix === undefined ? text : `${text}; fix: ${fix}`);
}

const total = (counts: Readonly<Record<string, number>>): number =>
  Object.values(counts).reduce((sum, each) => sum + each, 0);
