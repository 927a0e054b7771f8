/**
 * Reads blocks of whole lines into transfers, and reports findings to a sink. Shards and the
 * command line's linter both read through here, so they agree.
 */
import { isUtf8 } from 'node:buffer';
import type { Layout, PlannedTransfer, Target } from '../ledger/manifest-lines.ts';
import type { Tally, WarningReason } from '../ledger/tally.ts';
import { maskUrls } from '../lib/url-secrets.ts';
import { DEFAULT_COLUMNS, parseCsvLine } from './csv.ts';
import { createPlainCsv, type PlainLine } from './csv-fast.ts';
import type { Quarantined, Warning } from './findings.ts';
import { parseJsonLine } from './jsonl.ts';
import type { LineBlock, LongLine } from './lines.ts';
import {
  type Fields,
  findFault,
  findWarnings,
  LINE_LIMIT_BYTES,
  type LineFault,
  type LineWarning,
  type LintOptions,
  lineNotUtf8,
  lineTooLong,
} from './lint.ts';
import { listedFields } from './listed.ts';
import type { KeyWatch } from './similar-keys.ts';

const LINE_FEED = 10;

const CARRIAGE_RETURN = 13;

const TEXT_LIMIT = 1_024;

export interface ReaderOptions extends LintOptions {
  readonly layout: Layout;
  readonly target: Target;
  /** Stands before the line's number in the ids of transfers: `<runId>.<shard>.` */
  readonly idPrefix: string;
  readonly watchKey?: KeyWatch;
}

/** Lines are counted from 0. */
export interface ReaderSink {
  quarantined(line: Quarantined): void;
  warned(warning: Warning): void;
}

export function createLineReader(options: ReaderOptions, sink: ReaderSink) {
  const { layout } = options;
  const columns = layout.columns ?? DEFAULT_COLUMNS;
  const isFast = layout.format === 'csv' && options.list === undefined;
  const takePlain = isFast ? createPlainCsv(columns, options) : undefined;
  const { counts, cover, judge, quarantine, tally, transfer } = createJudge(options, sink);

  /** Reads the line in `[at, end)` of a block, its line feed not included. */
  const readLine = ({ bytes, start }: LineBlock, at: number, end: number, utf8: boolean) => {
    const byteOffset = start + at;
    const stop = end > at && bytes[end - 1] === CARRIAGE_RETURN ? end - 1 : end;
    const line = decodeLine(bytes, at, stop, utf8);
    if (typeof line !== 'string') {
      const head = bytes.toString('utf8', at, Math.min(stop, at + 4 * TEXT_LIMIT));
      return void quarantine(line, byteOffset, head);
    }
    if (byteOffset > 0) return judge(line, byteOffset);
    if (layout.header) {
      counts.header += 1;
      return undefined;
    }
    return judge(line.startsWith('\ufeff') ? line.slice(1) : line, byteOffset);
  };

  /** The good lines of a block, in order. */
  const read = (block: LineBlock): PlannedTransfer[] => {
    const { bytes, start } = block;
    const found: PlannedTransfer[] = [];
    const utf8 = isUtf8(bytes);
    const plain = newPlainLine();
    const takes = utf8 ? takePlain : undefined;
    const text = takes ? bytes.toString('latin1') : '';
    const lastFeed = bytes.lastIndexOf(LINE_FEED);
    let at = 0;
    while (at < bytes.length) {
      // The first line of all may be a header or carry a byte order mark.
      if (takes && at <= lastFeed && start + at > 0 && takes(bytes, text, at, plain)) {
        found.push(transfer(plain, start + at, plain.folded ? plain.key : undefined));
        at = plain.end;
      } else {
        const feed = at <= lastFeed ? bytes.indexOf(LINE_FEED, at) : bytes.length;
        const planned = readLine(block, at, feed, utf8);
        if (planned) found.push(planned);
        at = Math.min(feed + 1, bytes.length);
      }
      counts.lines += 1;
    }
    cover(start, start + bytes.length);
    return found;
  };

  /** Quarantines a line that was too long to hold. */
  const skip = ({ start, end, head }: LongLine) => {
    quarantine(lineTooLong(), start, head.toString('utf8'));
    counts.lines += 1;
    cover(start, end);
  };

  return { read, skip, tally };
}

const newPlainLine = (): PlainLine => ({
  url: '',
  key: '',
  folded: false,
  md5: '',
  listed: undefined,
  end: 0,
});

function decodeLine(bytes: Buffer, start: number, stop: number, utf8: boolean): string | LineFault {
  if (stop - start > LINE_LIMIT_BYTES) return lineTooLong();
  if (!utf8 && !isUtf8(bytes.subarray(start, stop))) return lineNotUtf8();
  return bytes.toString('utf8', start, stop);
}

/** Judges line after line by the rules of `lint.ts`, and counts what becomes of them. */
function createJudge(options: ReaderOptions, sink: ReaderSink) {
  const { layout, target, idPrefix, watchKey } = options;
  const columns = layout.columns ?? DEFAULT_COLUMNS;
  const warnings: Partial<Record<WarningReason, number>> = {};
  const counts = { lines: 0, header: 0, blank: 0, quarantined: 0, transfers: 0 };
  let range: { readonly first: number; readonly last: number } | undefined;

  const quarantine = (fault: LineFault, byteOffset: number, text: string) => {
    sink.quarantined({ line: counts.lines, byteOffset, ...fault, text: cutText(maskUrls(text)) });
    counts.quarantined += 1;
  };

  const warn = (warning: LineWarning, byteOffset: number) => {
    warnings[warning.reason] = (warnings[warning.reason] ?? 0) + 1;
    sink.warned({ line: counts.lines, byteOffset, ...warning });
  };

  const transfer = (
    { url, key, md5, listed }: Pick<PlainLine, 'url' | 'key' | 'md5' | 'listed'>,
    byteOffset: number,
    folded?: string,
  ): PlannedTransfer => {
    const line = counts.lines;
    counts.transfers += 1;
    const clash = watchKey?.(key, line, folded);
    if (clash) warn(clash, byteOffset);
    const id = idPrefix + line;
    const object =
      md5 === '' ? { id, line, target, url, key } : { id, line, target, url, key, md5 };
    return listed ? { ...object, ...listed } : object;
  };

  /** Judges one decoded line, given without its line break. */
  const judge = (text: string, byteOffset: number): PlannedTransfer | undefined => {
    if (/^[ \t]*$/.test(text)) {
      counts.blank += 1;
      return undefined;
    }
    const fields: Fields | LineFault =
      layout.format === 'csv' ? parseCsvLine(text, columns, layout.header) : parseJsonLine(text);
    if ('reason' in fields) return void quarantine(fields, byteOffset, text);
    const fault = findFault(fields, options);
    if (fault) return void quarantine(fault, byteOffset, text);
    for (const warning of findWarnings(fields, options)) warn(warning, byteOffset);
    const { url, key, md5, listed } = fields;
    const line = { url, key, md5: md5.toLowerCase(), listed: listedFields(listed) };
    return transfer(line, byteOffset);
  };

  /** Blocks and long lines come one after the other. */
  const cover = (start: number, end: number) => {
    range = { first: range?.first ?? start, last: end };
  };

  const tally = (): Tally => ({ ...range, ...counts, warnings: { ...warnings } });

  return { counts, cover, judge, quarantine, tally, transfer };
}

/** Never half a surrogate pair, which no report could hold. */
const cutText = (text: string): string => text.slice(0, TEXT_LIMIT).toWellFormed();
