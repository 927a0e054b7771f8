/**
 * Writes the lines of a manifest from what a list names: chooses objects, maps keys, and counts what is
 * left out. The command line, the lister and migrations all write through here.
 */
import { toCsvField } from '../../lib/csv.ts';
import { CONTROL } from '../target-key.ts';
import type { Comparison } from './compare-lists.ts';
import type { Filter } from './filters.ts';
import {
  type Entry,
  isArchived,
  type LeftOut,
  type LeftOutReason,
  LIST_COLUMNS,
  type ListColumn,
  type ListWarning,
  objectUrl,
  type SourceObject,
} from './object.ts';

export interface ManifestOptions {
  /** `s3://media`: for objects without a URL of their own. */
  readonly source?: string;
  /** Those of the list. */
  readonly columns: readonly ListColumn[];
  readonly filter?: Filter;
  readonly keys?: KeyRules;
  /** Sends empty objects whose key ends with a slash too. @default false */
  readonly folderMarkers?: boolean;
  /** Leaves out what did not change since an older list, by the key at the target. */
  readonly comparison?: Pick<Comparison, 'judge'> & {
    /** A key that is left out. */
    note(key: string, reason: LeftOutReason): void;
  };
  /** Sees every object that is written, by its key at the target. */
  readonly count?: { add(key: string, object: SourceObject): void };
}

/** From the key at the source to the key at the target. */
export interface KeyRules {
  /** Removed from the start of each key; keys that don't start with it are left out. */
  readonly strip?: string;
  /** Put before what is left. */
  readonly add?: string;
}

/** Something to look at: left out for a fault, or warned of. */
interface ListFinding {
  readonly key: string;
  readonly reason: LeftOutReason | ListWarning['reason'];
  readonly message?: string;
  readonly fix?: string;
}

export interface ManifestReport {
  /** All that the list names: `written` and what is left out. */
  readonly listed: number;
  readonly written: number;
  /** Of what is written, as far as sizes are known. */
  readonly bytes: bigint;
  /** Written without a size. */
  readonly withoutSize: number;
  readonly leftOut: Readonly<Partial<Record<LeftOutReason, number>>>;
  readonly warnings: Readonly<Partial<Record<ListWarning['reason'], number>>>;
  /** The first 100 faults and warnings. */
  readonly findings: readonly ListFinding[];
}

export interface ManifestWriter {
  /** The first line. */
  readonly header: string;
  /** The lines of a block, each with its line feed. */
  write(entries: readonly Entry[]): string;
  /** Of what was written so far. */
  report(): ManifestReport;
}

const MAX_FINDINGS = 100;

const ALL: Filter = { byName: () => undefined, byFields: () => undefined };

/** Reasons that nobody chose and no cloud made: somebody should look at the list. */
export const isFault = (reason: string): boolean => /^(LINE|CSV|JSON|URL|KEY|MD5)_/.test(reason);

export function createManifestWriter(options: ManifestOptions): ManifestWriter {
  const { source, filter = ALL, keys = {}, folderMarkers = false, comparison, count } = options;
  const columns = LIST_COLUMNS.filter((column) => options.columns.includes(column));
  const reasonToLeave = createReasonToLeave(source, folderMarkers, filter);
  const leftOut: Partial<Record<LeftOutReason, number>> = {};
  const warnings: Partial<Record<ListWarning['reason'], number>> = {};
  const findings: ListFinding[] = [];
  let [listed, written, withoutSize, bytes] = [0, 0, 0, 0n];

  const find = (finding: ListFinding) => {
    if (findings.length < MAX_FINDINGS) findings.push(finding);
  };

  const leave = ({ leftOut: reason, key, message }: LeftOut): string => {
    leftOut[reason] = (leftOut[reason] ?? 0) + 1;
    if (comparison && reason !== 'DELETE_MARKER') {
      const target = mapKey(key, keys);
      if (target !== undefined) comparison.note(target, reason);
    }
    if (isFault(reason)) find({ key, reason, ...(message !== undefined && { message }) });
    return '';
  };

  const line = (entry: Entry): string => {
    const { key } = entry;
    const byName = filter.byName(key);
    if (byName) return leave({ leftOut: byName, key });
    if ('leftOut' in entry) return leave(entry);
    const reason = reasonToLeave(entry);
    if (reason) return leave({ leftOut: reason, key });
    const target = mapKey(key, keys);
    if (target === undefined) return leave({ leftOut: 'OUTSIDE_PREFIX', key });
    const fault = unwritable(target, entry.url);
    if (fault) return leave({ leftOut: fault, key });
    const same = comparison?.judge(target, entry);
    if (same) return leave({ leftOut: same, key });
    if (entry.warning) {
      warnings[entry.warning.reason] = (warnings[entry.warning.reason] ?? 0) + 1;
      find({ key, ...entry.warning });
    }
    written += 1;
    count?.add(target, entry);
    if (entry.sizeBytes === undefined) withoutSize += 1;
    else bytes += BigInt(entry.sizeBytes);
    let text = `${toCsvField(entry.url ?? objectUrl(source ?? '', key))},${toCsvField(target)}`;
    for (const column of columns) text += `,${toCsvField(fieldOf(entry, column) ?? '')}`;
    return `${text}\n`;
  };

  return {
    header: `url,key${columns.map((column) => `,${column}`).join('')}\n`,
    write: (entries) => {
      listed += entries.length;
      let text = '';
      for (const entry of entries) text += line(entry);
      return text;
    },
    report: () => ({ listed, written, bytes, withoutSize, leftOut, warnings, findings }),
  };
}

/** @returns why an object that is listed is not to be sent */
function createReasonToLeave(source: string | undefined, folderMarkers: boolean, filter: Filter) {
  const kind = source?.split('://')[0];
  /** A list has few classes. */
  const archived = new Map<string, boolean>();
  const mustBeRestored = (storageClass: string): boolean => {
    const known = archived.get(storageClass);
    if (known !== undefined) return known;
    const is = isArchived(storageClass, kind);
    archived.set(storageClass, is);
    return is;
  };

  return (object: SourceObject): LeftOutReason | undefined => {
    const { key, sizeBytes, storageClass } = object;
    if (storageClass !== undefined && mustBeRestored(storageClass)) return 'ARCHIVED';
    if (!folderMarkers && sizeBytes === '0' && key.endsWith('/')) return 'FOLDER_MARKER';
    return filter.byFields(object);
  };
}

/** Undefined for a key that doesn't start with what is to be stripped. */
export function mapKey(key: string, { strip = '', add = '' }: KeyRules): string | undefined {
  return key.startsWith(strip) ? add + key.slice(strip.length) : undefined;
}

/** Why no line can say it. All other rules are judged when the manifest is read. */
function unwritable(key: string, url = ''): LeftOutReason | undefined {
  if (key === '') return 'KEY_EMPTY';
  if (CONTROL.test(key) || CONTROL.test(url)) return 'LINE_CONTROL_CHARACTER';
  return key.isWellFormed() && url.isWellFormed() ? undefined : 'LINE_NOT_UTF8';
}

const fieldOf = (object: SourceObject, column: ListColumn): string | undefined =>
  column === 'size' ? object.sizeBytes : object[column];
