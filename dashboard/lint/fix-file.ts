/**
 * A manifest with the linter's suggested fixes applied. Lines without a fix keep every byte, also
 * those that can't be sent.
 */
import { Buffer } from 'node:buffer';
import type { Layout } from '../../shared/ledger/manifest-lines.ts';
import { splitCsvLine, toCsvField } from '../../shared/lib/csv.ts';
import { DEFAULT_COLUMNS, parseCsvLine } from '../../shared/manifest/csv.ts';
import { readLayout } from '../../shared/manifest/detect-layout.ts';
import { gunzip } from '../../shared/manifest/gzip.ts';
import { parseJsonLine } from '../../shared/manifest/jsonl.ts';
import { parseFileName } from '../../shared/manifest/key.ts';
import { cutLines } from '../../shared/manifest/lines.ts';
import {
  FIELD_OF,
  type Fields,
  findFault,
  findWarnings,
  type LineFault,
  type LineWarning,
  type LintOptions,
} from '../../shared/manifest/lint.ts';
import { createLineReader } from '../../shared/manifest/read-lines.ts';
import { WHOLE } from '../../shared/manifest/read-whole.ts';
import type { LintSource } from './lint-file.ts';

/** Whole lines that follow each other, as they should be. */
interface Edit {
  readonly start: number;
  end: number;
  text: string;
}

export interface FixedFile {
  readonly content: Blob;
  /** Lines that were changed. */
  readonly fixed: number;
}

/**
 * @param file what `source` reads
 * @throws InputError (MANIFEST_INVALID) when the whole file is none
 */
export async function fixFile(
  file: Blob,
  source: LintSource,
  options: LintOptions,
): Promise<FixedFile> {
  const { name, sizeBytes } = source;
  const info = { key: name, etag: '', sizeBytes };
  const layout = await readLayout(source, info, parseFileName(name));
  const bytes = () => (layout.gzip ? gunzip(source, info) : source.read(name));
  const { edits, fixed } = await findEdits(bytes(), layout, options);
  return { content: applyEdits(layout.gzip ? await toBlob(bytes()) : file, edits), fixed };
}

async function findEdits(
  bytes: AsyncIterable<Uint8Array>,
  layout: Layout,
  options: LintOptions,
): Promise<{ readonly edits: readonly Edit[]; readonly fixed: number }> {
  let fixable = new Set<number>();
  const note = ({ byteOffset, fix }: { readonly byteOffset: number; readonly fix?: string }) => {
    if (fix !== undefined) fixable.add(byteOffset);
  };
  const reader = createLineReader(
    { layout, target: { region: '', bucket: '' }, idPrefix: '', ...options },
    { quarantined: note, warned: note },
  );
  const edits: Edit[] = [];
  let fixed = 0;
  for await (const piece of cutLines(bytes, WHOLE)) {
    if (piece.kind === 'long') {
      reader.skip(piece);
      continue;
    }
    fixable = new Set();
    reader.read(piece);
    for (const start of fixable) {
      const at = start - piece.start;
      const feed = piece.bytes.indexOf(LINE_FEED, at);
      const next = feed === -1 ? piece.bytes.length : feed + 1;
      const [, mark = '', line = '', stop = ''] =
        LINE.exec(piece.bytes.toString('utf8', at, next)) ?? [];
      const text = mark + fixLine(line, layout, options) + stop;
      const last = edits.at(-1);
      if (last?.end === start) {
        last.text += text;
        last.end = piece.start + next;
      } else edits.push({ start, end: piece.start + next, text });
      fixed += 1;
    }
  }
  return { edits, fixed };
}

const LINE_FEED = 10;
/** The byte order mark, the line, and its break. */
const LINE = /^(\ufeff?)(.*?)(\r?\n?)$/s;

/** One fix can show the next fault; a line has no more than these. */
const FIXES = 8;

function fixLine(line: string, layout: Layout, options: LintOptions): string {
  let text = line;
  for (let count = 0; count < FIXES; count += 1) {
    const found = firstFix(text, layout, options);
    if (found?.fix === undefined) return text;
    text = apply(text, found.reason, found.fix, layout);
  }
  return text;
}

function firstFix(
  line: string,
  layout: Layout,
  options: LintOptions,
): LineFault | LineWarning | undefined {
  const columns = layout.columns ?? DEFAULT_COLUMNS;
  const fields: Fields | LineFault =
    layout.format === 'csv' ? parseCsvLine(line, columns, layout.header) : parseJsonLine(line);
  if ('reason' in fields) return fields;
  const fault = findFault(fields, options);
  return fault ?? findWarnings(fields, options).find(({ fix }) => fix !== undefined);
}

function apply(line: string, reason: string, fix: string, layout: Layout): string {
  const field = FIELD_OF.get(reason.slice(0, 3));
  if (field === undefined) {
    // The last field with a quote in it, in quotes.
    const bare = fix.slice(1, -1).replaceAll('""', '"');
    const at = line.lastIndexOf(bare);
    return line.slice(0, at) + fix + line.slice(at + bare.length);
  }
  if (layout.format === 'csv') {
    const cells = splitCsvLine(line);
    const column = (layout.columns ?? DEFAULT_COLUMNS)[field];
    if ('reason' in cells || column === undefined) return line;
    return cells.map((cell, at) => toCsvField(at === column ? fix : cell)).join(',');
  }
  const value = JSON.parse(line) as Record<string, unknown>;
  const names = Object.keys(value).filter((name) => name.toLowerCase() === field);
  for (const name of names) value[name] = fix;
  return JSON.stringify(value);
}

function applyEdits(file: Blob, edits: readonly Edit[]): Blob {
  const parts: (Blob | string)[] = [];
  let at = 0;
  for (const { start, end, text } of edits) {
    parts.push(file.slice(at, start), text);
    at = end;
  }
  return new Blob([...parts, file.slice(at)]);
}

async function toBlob(bytes: AsyncIterable<Uint8Array>): Promise<Blob> {
  const parts: Blob[] = [];
  for await (const chunk of bytes) parts.push(new Blob([Buffer.from(chunk)]));
  return new Blob(parts);
}
