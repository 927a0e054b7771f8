/**
 * The line format of a receipt (docs/receipts.md): which fields a line has, in which order, and how
 * it is chained to the line before.
 */
import { hash } from 'node:crypto';
import type { Operation, Run, Transfer, TransferTask } from '../../ledger/model.ts';
import { sourceView } from '../../ledger/views.ts';
import { maskUrls } from '../../lib/url-secrets.ts';
import { receiptFile } from '../../stores/layout.ts';

export const FINAL_STATES = ['succeeded', 'failed', 'cancelled'] as const;

export type FinalState = (typeof FINAL_STATES)[number];

export type FinalCounts = Readonly<Record<FinalState, number>>;

/** Stands where there is nothing before. */
export const NO_HASH = '0'.repeat(64);

/** First and last index; empty for a run without shards. */
export type ShardRange = readonly [] | readonly [first: number, last: number];

export interface Header {
  readonly type: 'header';
  readonly version: 1;
  readonly runId: string;
  readonly operation: Operation;
  readonly source?: { readonly bucket: string; readonly key: string; readonly etag: string };
  readonly target?: { readonly region: string; readonly bucket: string };
  /** Names the closing of the run that this receipt was written for. */
  readonly closing: string;
  /** From 1. */
  readonly part: number;
  readonly parts: number;
  readonly shards: ShardRange;
  /** Hash of the last line of the part before. */
  readonly previous: string;
  readonly createdAt: string;
}

export interface Footer {
  readonly type: 'footer';
  readonly transfers: number;
  readonly counts: FinalCounts;
  /** Hash of the last transfer's line; of the header where there is none. */
  readonly head: string;
  readonly root: string;
}

/** Where the part lies in the store; parts count from 1. */
export const receiptKey = (runId: string, part: number): string =>
  `reports/${runId}/${receiptFile(part)}`;

export type HeaderPlace = Pick<Header, 'closing' | 'part' | 'parts' | 'shards' | 'previous'>;

export const headerOf = (run: Run, place: HeaderPlace, createdAt: Date): Header => ({
  type: 'header',
  version: 1,
  runId: run.runId,
  operation: run.operation,
  ...(run.source && { source: sourceView(run.source) }),
  ...(run.target && { target: { region: run.target.region, bucket: run.target.bucket } }),
  closing: place.closing,
  part: place.part,
  parts: place.parts,
  shards: place.shards,
  previous: place.previous,
  createdAt: createdAt.toISOString(),
});

export const transferFields = (transfer: Transfer) => {
  const { object, task, providerId, cause } = transfer;
  return {
    type: 'transfer',
    transferId: transfer.transferId,
    state: transfer.state,
    attempt: transfer.attempt,
    key: object?.key,
    url: object && maskUrls(object.url),
    md5: object?.md5,
    task: task && taskFields(task),
    providerId,
    at: transfer.updatedAt.toISOString(),
    code: cause?.code,
  };
};

const taskFields = (task: TransferTask) =>
  task.kind === 'batch'
    ? { kind: task.kind, region: task.region }
    : {
        kind: task.kind,
        version: task.version,
        region: task.region,
        projectId: task.projectId,
        taskId: task.taskId,
        groupId: task.groupId,
      };

/** What a chained line ends with: `,"hash":"<64 hex digits>"}`. */
const TAIL = /,"hash":"([0-9a-f]{64})"\}$/;

const TAIL_LENGTH = 75;

export interface SealedLine {
  /** Without its end. */
  readonly text: string;
  readonly hash: string;
}

/** Adds the hash over the line before and this one. */
export function sealLine(previous: string, fields: object): SealedLine {
  const body = JSON.stringify(fields);
  const digest = hash('sha256', previous + body);
  return { text: `${body.slice(0, -1)},"hash":"${digest}"}`, hash: digest };
}

/** The hash of a line that follows from the one before; undefined when it does not. */
export function checkSeal(previous: string, line: string): string | undefined {
  const digest = TAIL.exec(line.slice(-TAIL_LENGTH))?.[1];
  if (digest === undefined) return undefined;
  return hash('sha256', `${previous}${line.slice(0, -TAIL_LENGTH)}}`) === digest
    ? digest
    : undefined;
}

export const totalOf = ({ succeeded, failed, cancelled }: FinalCounts): number =>
  succeeded + failed + cancelled;

export const sumCounts = (all: Iterable<FinalCounts>): FinalCounts => {
  const sum = { succeeded: 0, failed: 0, cancelled: 0 };
  for (const counts of all) {
    sum.succeeded += counts.succeeded;
    sum.failed += counts.failed;
    sum.cancelled += counts.cancelled;
  }
  return sum;
};
