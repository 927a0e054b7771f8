/**
 * Writes the reports of a run that is being closed. Those that take longer than a sweep has are
 * continued by the next one, from a note that says how far they are.
 */
import * as v from 'valibot';
import type { Ledger, ShardRecord } from '../ledger/ledger.ts';
import type { Run } from '../ledger/model.ts';
import { noteParser, updateNote } from '../ledger/notes.ts';
import { CAUSE_CLASSES } from '../lib/errors.ts';
import type { Log } from '../lib/log.ts';
import { digested, type ReportFile } from '../reporting/digest.ts';
import { createFailureGroups } from '../reporting/summary.ts';
import { reportKey } from '../stores/layout.ts';
import type { Objects } from '../stores/objects.ts';
import { type CsvReport, isRejectedKept, type Piece, reportPieces, reportText } from './reports.ts';
import type { Rest } from './rest.ts';

interface WriteReportsOptions {
  readonly ledger: Ledger;
  readonly objects: Objects;
  readonly log: Log;
  readonly reportsUntil?: Date;
  readonly now: () => Date;
}

const NAMES = ['failed.csv', 'rejected.csv'] as const;

const fileShape = v.object({ name: v.string(), sizeBytes: v.number(), sha256: v.string() });

const progressShape = v.object({
  /** When the closing began; another closing starts anew. */
  at: v.number(),
  /** Those that are written. */
  files: v.array(fileShape),
  failures: v.array(
    v.object({
      provider: v.picklist(['tencent', 'huawei', 'waybill']),
      code: v.string(),
      class: v.picklist(CAUSE_CLASSES),
      message: v.string(),
      count: v.number(),
    }),
  ),
  /** The one that is being written: its version so far, and the shard that comes next. */
  name: v.picklist(NAMES),
  etag: v.string(),
  next: v.number(),
});

type Progress = v.InferOutput<typeof progressShape>;

const noteOf = (runId: string): string => `closing ${runId}`;

const parserOf = (runId: string) => noteParser(noteOf(runId), v.optional(progressShape), undefined);

/**
 * The summary comes last: where it is, the others are, and it has their digests.
 * @param run `closedAt` is when its closing began
 * @returns false when the time was over first @throws StoreError
 */
export async function writeReports(
  run: Run,
  shards: readonly ShardRecord[],
  rest: Rest | undefined,
  options: WriteReportsOptions,
): Promise<boolean> {
  const { ledger, objects, log } = options;
  const { runId } = run;
  const begun = await readProgress(run, options);
  const failures = createFailureGroups(begun?.failures);
  const files: ReportFile[] = [...(begun?.files ?? [])];
  const stores = { ledger, objects, rest, failures };
  for (const name of NAMES) {
    if (files.some((file) => file.name === name)) continue;
    const from = begun?.name === name ? begun : undefined;
    const pieces = reportPieces(name, run, shards, stores, from?.next);
    const { etag, file, next } = await writePieces(name, runId, { pieces, from }, options);
    if (next === undefined) {
      files.push(file);
      continue;
    }
    const at = run.closedAt?.getTime() ?? 0;
    const progress = { at, files, failures: [...failures.all()], name, etag, next };
    await updateNote(ledger, noteOf(runId), parserOf(runId), () => progress);
    log.info('run.closing', { runId, report: name, shards: next, of: shards.length });
    return false;
  }
  if (rest?.file) files.push(rest.file);
  const summary = reportText('summary.json', run, shards, { ...stores, files });
  await objects.put(reportKey(runId, 'summary.json'), summary);
  return true;
}

/** Undefined when there is none, or when what was written is no longer there. */
async function readProgress(
  { runId, closedAt }: Run,
  { ledger, objects }: WriteReportsOptions,
): Promise<Progress | undefined> {
  const progress = parserOf(runId)((await ledger.readNote(noteOf(runId)))?.text);
  if (progress?.at !== closedAt?.getTime()) return undefined;
  const written = progress && (await objects.head(reportKey(runId, progress.name)));
  return written?.etag === progress?.etag ? progress : undefined;
}

/** @returns `next` when the time was over first */
async function writePieces(
  name: CsvReport,
  runId: string,
  { pieces, from }: { readonly pieces: AsyncIterable<Piece>; readonly from: Progress | undefined },
  { objects, reportsUntil, now }: WriteReportsOptions,
) {
  const key = reportKey(runId, name);
  let next: number | undefined;
  async function* text(): AsyncGenerator<string | Uint8Array> {
    if (from) yield* objects.read(key, { ifMatch: from.etag });
    for await (const piece of pieces) {
      yield piece.text;
      if (piece.next === undefined || !reportsUntil || now() < reportsUntil) continue;
      next = piece.next;
      return;
    }
  }
  const { content, file } = digested(name, text());
  if (name === 'rejected.csv' && (await isRejectedKept(runId, objects))) {
    for await (const _ of content);
    return { etag: '', file: file(), next };
  }
  const { etag } = await objects.put(key, content);
  return { etag, file: file(), next };
}
