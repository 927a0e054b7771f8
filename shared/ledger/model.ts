/** The types of the ledger: runs, transfers, provider tasks, and the updates that change them. */
import type { Cause } from '../lib/errors.ts';
import type { ListedFields } from './listed-fields.ts';
import type { Target } from './manifest-lines.ts';
import type { Fact, TransferState } from './merge.ts';
import type { SameKey } from './shard.ts';

export const RUN_STATES = [
  'planning',
  'active',
  'paused',
  'completed',
  'cancelled',
  'failed',
] as const;

export type RunState = (typeof RUN_STATES)[number];

/** Nothing more of it is sent, and what was sent is followed to its end. */
export const isStopped = ({ state }: { readonly state: RunState }): boolean =>
  state === 'cancelled' || state === 'failed';

export const OPERATIONS = [
  'cos-offline-fetch',
  'cos-batch-job',
  'oms-v2-start-task',
  'oms-v1-start-task',
  'oms-v2-create-task',
  'list-source',
  'audit-arrival',
  'retry-failed-objects',
] as const;

export type Operation = (typeof OPERATIONS)[number];

/** A manifest, and how it is planned: `SameKey` as the request that brought it had it. */
export interface Source extends SameKey {
  readonly bucket: string;
  readonly key: string;
  readonly etag: string;
  /** Of its shards: planned again it must be cut alike, as transfers are numbered by shard. */
  readonly shardBytes?: number;
}

/** What a run of tasks starts; of several the first. */
export interface RunTask {
  readonly taskId?: string;
  readonly groupId?: string;
  /** The provider's name for it, or the description of a job. */
  readonly name?: string;
}

export const TRIGGERS = ['upload', 'http', 'schedule', 'migration'] as const;

export type Trigger = (typeof TRIGGERS)[number];

export interface NewRun {
  /** Derived from what started the run, so that the same trigger twice is one run (promise G2). */
  readonly runId: string;
  readonly trigger: Trigger;
  readonly operation: Operation;
  readonly source?: Source;
  readonly target?: Target;
  readonly task?: RunTask;
  /** Of the migration that it belongs to. */
  readonly migrationId?: string;
  readonly createdAt: Date;
}

/** A task of Huawei OMS, or a group of tasks, that a transfer starts. */
export interface OmsTaskRef {
  readonly kind: 'oms';
  readonly version: 'v1' | 'v2';
  readonly region: string;
  readonly projectId: string;
  /** Exactly one of the two. */
  readonly taskId?: string;
  readonly groupId?: string;
  /** Names the credential set; never the keys. */
  readonly credentials: string;
  /** True and false as ordered; undefined leaves it to what the provider recorded. */
  readonly failedObjectsOnly?: boolean;
  /** The provider's name for it, where known. */
  readonly name?: string;
}

/** Names a task of OMS over all runs and nights. */
export const nightKey = (ref: OmsTaskRef): string =>
  ['oms', ref.version, ref.region, ref.projectId, ref.taskId ?? `group ${ref.groupId}`].join(' ');

/** A task or group of OMS that a transfer makes; its id is the transfer's `providerId`. */
export interface OmsCreateRef {
  readonly kind: 'oms-create';
  readonly region: string;
  readonly projectId: string;
  /** Names the credential set. */
  readonly credentials: string;
  readonly makes: 'task' | 'group';
  /** In its description, as OMS takes no token of ours: how the lists of OMS find it. */
  readonly marker: string;
  /** The list file of a task, or the folder of a group with so many of them. */
  readonly list?: { readonly bucket: string; readonly key: string; readonly files: number };
}

/** What was made, as any other task. */
export const madeTask = (
  { region, projectId, credentials, makes }: OmsCreateRef,
  id: string,
): OmsTaskRef => ({
  kind: 'oms',
  version: 'v2',
  region,
  projectId,
  credentials,
  ...(makes === 'task' ? { taskId: id } : { groupId: id }),
});

/** A job of COS Batch. */
export interface BatchJobRef {
  readonly kind: 'batch';
  readonly region: string;
  /** Stored before the first call: a used one is refused, so it names the job for good. */
  readonly clientRequestToken: string;
  /** In the job's description; how ListJobs finds it. */
  readonly marker: string;
  /** Names the credential set of the account; without one that of the configured key pair. */
  readonly credentials?: string;
  /** Objects of its list that the target had already, so that the job leaves them alone. */
  readonly existing?: number;
  /** Where the completion report is written; absent when it was not asked for. */
  readonly report?: { readonly bucket: string; readonly prefix: string };
}

/** What a transfer that is no single object asks a provider to do. */
export type TransferTask = OmsTaskRef | OmsCreateRef | BatchJobRef;

/** How far a provider's task is, as it tells. */
export interface TransferProgress {
  /** The provider's word or number for its state. */
  readonly providerState: string;
  /** The provider's name for it: its lists of objects are filed under it. */
  readonly name?: string;
  readonly objects?: number;
  readonly objectsFailed?: number;
  readonly objectsTotal?: number;
  readonly bytes?: number;
  readonly bytesTotal?: number;
  readonly bytesPerSecond?: number;
}

/** What planning found out: how many shards there are, and how many bytes they must tile. */
export interface Plan {
  readonly shardCount: number;
  /** Of the manifest, unpacked. */
  readonly sizeBytes: number;
  /** Known where Waybill wrote the manifest itself, and once a stopped run is closed. */
  readonly totals?: ManifestTotals;
}

/** Lines of a whole manifest, without its header; what is none of the last two is blank. */
export interface ManifestTotals {
  readonly lines: number;
  readonly quarantined: number;
  readonly transfers: number;
}

/** Lines without the header; `planned` are transfers read but not yet answered or resent. */
export interface Counts extends Readonly<Record<TransferState, number>> {
  readonly lines: number;
  readonly quarantined: number;
}

export interface Run extends NewRun {
  readonly state: RunState;
  /** Why the run itself could not be carried out. */
  readonly error?: Cause;
  readonly plan?: Plan;
  readonly counts: Counts;
  /** Those of `counts.planned` that were read and have no row, as nobody sent them yet. */
  readonly unsent: number;
  /** Manifest bytes read so far; with `plan.sizeBytes` an estimate of what is to come. */
  readonly readBytes: number;
  /** When it was failed, cancelled or paused. */
  readonly stoppedAt?: Date;
  /** When it was resumed last. */
  readonly resumedAt?: Date;
  readonly closedAt?: Date;
  /** When its closing began (`beginClosing`). */
  readonly closingAt?: Date;
  /** The nightly pass that took over its failures. */
  readonly handedTo?: string;
}

export interface Page<Item> {
  readonly items: readonly Item[];
  /** Undefined on the last page. */
  readonly nextCursor?: string;
}

/** Where a transfer's object comes from and goes to; kept for reports, resolving and retries. */
export interface TransferObject extends ListedFields {
  readonly url: string;
  readonly key: string;
  readonly md5?: string;
}

/** One thing that happened to a transfer, as its history shows it. */
export const TRANSFER_EVENTS = [
  'ordered',
  'submitting',
  'accepted',
  'refused',
  'unanswered',
  'resolved',
  'callback',
  'poll',
  'cancelled',
] as const;

export type TransferEvent = (typeof TRANSFER_EVENTS)[number];

/** A fact with when and how it was learnt; what `record` takes. */
export interface TransferUpdate extends Fact {
  readonly at: Date;
  readonly event: TransferEvent;
  /** Known to whoever submits; callbacks and polls leave it out. */
  readonly object?: TransferObject;
  /** In place of an object, where a whole task is started. */
  readonly task?: TransferTask;
  readonly progress?: TransferProgress;
}

/** One acceptance: the provider took the first attempt of a line under `id`. */
export interface Acceptance {
  readonly line: number;
  readonly id: string;
  readonly at: Date;
}

export interface HistoryEntry {
  readonly at: Date;
  readonly attempt: number;
  readonly event: TransferEvent;
  readonly state: TransferState;
  readonly providerId?: string;
  readonly code?: string;
  readonly requestId?: string;
}

export interface Transfer extends Fact {
  readonly transferId: string;
  readonly runId: string;
  readonly shard: number;
  /** Within the shard, from 0. */
  readonly line: number;
  /** Undefined while only a callback is known. */
  readonly object?: TransferObject;
  readonly task?: TransferTask;
  /** The provider's task or job of the latest accepted attempt. */
  readonly providerId?: string;
  readonly progress?: TransferProgress;
  readonly updatedAt: Date;
  /** In the order of arrival, without polls that changed nothing; at most the first 64 entries. */
  readonly history: readonly HistoryEntry[];
}

/** A transfer with what its manifest tells of it, as the row of a healthy one holds no object. */
export interface DescribedTransfer extends Transfer {
  /** Why `object` is absent although a manifest had it: removed, or not what it was. */
  readonly manifest?: 'gone' | 'changed';
}

export interface TransferPlace {
  readonly runId: string;
  readonly shard: number;
  readonly line: number;
}

/** `<runId>.<shard>.<line>` in its parts; undefined when it is none. */
export function parseTransferId(transferId: string): TransferPlace | undefined {
  const match = /^([A-Za-z0-9_-]{1,64})\.(0|[1-9]\d{0,8})\.(0|[1-9]\d{0,9})$/.exec(transferId);
  if (!match) return undefined;
  const [, runId = '', shard, line] = match;
  return { runId, shard: Number(shard), line: Number(line) };
}
