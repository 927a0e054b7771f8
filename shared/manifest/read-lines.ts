/**
 * Reads blocks of whole lines into transfers, and reports findings to a sink. Shards and the
 * command line's linter both read through here, so they agree.
 */
import { isUtf8 } from 'node:buffer';
import type { Layout, PlannedTransfer, Target } from '../ledger/shard.ts';
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

export interface LineReader {
  /** The good lines of a block, in order. */
  read(block: LineBlock): PlannedTransfer[];
  /** Quarantines a line that was too long to hold. */
  skip(line: LongLine): void;
  /** Of what was read so far. */
  tally(): Tally;
}

export function createLineReader(options: ReaderOptions, sink: ReaderSink): LineReader {
  const { layout, target, idPrefix, watchKey } = options;
  const columns = layout.columns ?? DEFAULT_COLUMNS;
  const isCsv = layout.format === 'csv';
  const takePlain = isCsv ? createPlainCsv(columns, options) : undefined;
  const warnings: Partial<Record<WarningReason, number>> = {};
  let [first, last]: [number | undefined, number | undefined] = [undefined, undefined];
  let [lines, header, blank, quarantined, transfers] = [0, 0, 0, 0, 0];

  const quarantine = (fault: LineFault, byteOffset: number, text: string) => {
    sink.quarantined({ line: lines, byteOffset, ...fault, text: cutText(maskUrls(text)) });
    quarantined += 1;
  };

  const warn = (warning: LineWarning, byteOffset: number) => {
    warnings[warning.reason] = (warnings[warning.reason] ?? 0) + 1;
    sink.warned({ line: lines, byteOffset, ...warning });
  };

  /** Judges one decoded line, given without its line break. */
  const judge = (text: string, byteOffset: number): PlannedTransfer | undefined => {
    if (/^[ \t]*$/.test(text)) {
      blank += 1;
      return undefined;
    }
    const fields: Fields | LineFault = isCsv
      ? parseCsvLine(text, columns, layout.header)
      : parseJsonLine(text);
    if ('reason' in fields) return void quarantine(fields, byteOffset, text);
    const fault = findFault(fields, options);
    if (fault) return void quarantine(fault, byteOffset, text);
    for (const warning of findWarnings(fields, options)) warn(warning, byteOffset);
    const { url, key, md5 } = fields;
    return transfer(url, key, md5.toLowerCase(), byteOffset);
  };

  const transfer = (
    url: string,
    key: string,
    md5: string,
    byteOffset: number,
    folded?: string,
  ): PlannedTransfer => {
    transfers += 1;
    const clash = watchKey?.(key, lines, folded);
    if (clash) warn(clash, byteOffset);
    const id = idPrefix + lines;
    return md5 === ''
      ? { id, line: lines, target, url, key }
      : { id, line: lines, target, url, key, md5 };
  };

  /** Reads the line in `[start, end)` of `bytes`, its line feed not included. */
  const readLine = (
    bytes: Buffer,
    start: number,
    end: number,
    byteOffset: number,
    utf8: boolean,
  ) => {
    const stop = end > start && bytes[end - 1] === CARRIAGE_RETURN ? end - 1 : end;
    const text = () => bytes.toString('utf8', start, Math.min(stop, start + 4 * TEXT_LIMIT));
    if (stop - start > LINE_LIMIT_BYTES) return void quarantine(lineTooLong(), byteOffset, text());
    if (!utf8 && !isUtf8(bytes.subarray(start, stop))) {
      return void quarantine(lineNotUtf8(), byteOffset, text());
    }
    const line = bytes.toString('utf8', start, stop);
    if (byteOffset > 0) return judge(line, byteOffset);
    if (layout.header) {
      header += 1;
      return undefined;
    }
    return judge(line.startsWith('\ufeff') ? line.slice(1) : line, byteOffset);
  };

  const read = ({ bytes, start }: LineBlock): PlannedTransfer[] => {
    const found: PlannedTransfer[] = [];
    const utf8 = isUtf8(bytes);
    const plain: PlainLine = { url: '', key: '', folded: false, md5: '', end: 0 };
    const takes = utf8 ? takePlain : undefined;
    const text = takes ? bytes.toString('latin1') : '';
    const lastFeed = bytes.lastIndexOf(LINE_FEED);
    let at = 0;
    while (at < bytes.length) {
      // The first line of all may be a header or carry a byte order mark.
      if (takes && at <= lastFeed && start + at > 0 && takes(bytes, text, at, plain)) {
        const folded = plain.folded ? plain.key : undefined;
        found.push(transfer(plain.url, plain.key, plain.md5, start + at, folded));
        at = plain.end;
      } else {
        const feed = at <= lastFeed ? bytes.indexOf(LINE_FEED, at) : bytes.length;
        const planned = readLine(bytes, at, feed, start + at, utf8);
        if (planned) found.push(planned);
        at = Math.min(feed + 1, bytes.length);
      }
      lines += 1;
    }
    first ??= start;
    last = start + bytes.length;
    return found;
  };

  const skip = ({ start, end, head }: LongLine) => {
    quarantine(lineTooLong(), start, head.toString('utf8'));
    lines += 1;
    first ??= start;
    last = end;
  };

  const tally = (): Tally => {
    const counts = { lines, header, blank, quarantined, transfers, warnings: { ...warnings } };
    return first === undefined || last === undefined ? counts : { first, last, ...counts };
  };

  return { read, skip, tally };
}

/** Never half a surrogate pair, which no report could hold. */
const cutText = (text: string): string => text.slice(0, TEXT_LIMIT).toWellFormed();
