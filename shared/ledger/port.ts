/**
 * The ledger: the durable record of runs, shards and transfers. Adapters pass
 * `test/contract/ledger.ts`. Every promise resolves once the write is kept and rejects with StoreError
 * (STORE_FAILED) when it is not.
 */
import type { Cause, CauseClass } from '../errors.ts';
import type { SameKey, Shard, Tally, Target } from '../manifest/types.ts';
import type { Fact, TransferState } from './merge.ts';

export const RUN_STATES = ['planning', 'active', 'completed', 'cancelled', 'failed'] as const;
export type RunState = (typeof RUN_STATES)[number];
export const OPERATIONS = [
  'cos-offline-fetch',
  'cos-batch-job',
  'oms-v2-start-task',
  'oms-v1-start-task',
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

export interface NewRun {
  /** Derived from what started the run, so that the same trigger twice is one run (promise G2). */
  readonly runId: string;
  readonly trigger: 'upload' | 'http' | 'schedule';
  readonly operation: Operation;
  readonly source?: Source;
  readonly target?: Target;
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

/** A job of COS Batch. */
export interface BatchJobRef {
  readonly kind: 'batch';
  readonly region: string;
  /** Stored before the first call: a used one is refused, so it names the job for good. */
  readonly clientRequestToken: string;
  /** In the job's description; how ListJobs finds it. */
  readonly marker: string;
  /** Where the completion report is written; absent when it was not asked for. */
  readonly report?: { readonly bucket: string; readonly prefix: string };
}

/** What a transfer that is no single object asks a provider to do. */
export type TransferTask = OmsTaskRef | BatchJobRef;

/** How far a provider's task is, as it tells. */
export interface TransferProgress {
  /** The provider's word or number for its state. */
  readonly providerState: string;
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
  /** Manifest bytes read so far; with `plan.sizeBytes` an estimate of what is to come. */
  readonly readBytes: number;
  /** When it was failed or cancelled. */
  readonly stoppedAt?: Date;
  readonly closedAt?: Date;
  /** The nightly pass that took over its failures. */
  readonly handedTo?: string;
}

export interface Page<Item> {
  readonly items: readonly Item[];
  /** Undefined on the last page. */
  readonly nextCursor?: string;
}

/** Where a transfer's object comes from and goes to; kept for reports, resolving and retries. */
export interface TransferObject {
  readonly url: string;
  readonly key: string;
  readonly md5?: string;
}

/** One thing that happened to a transfer, as its history shows it. */
export type TransferEvent =
  | 'ordered'
  | 'submitting'
  | 'accepted'
  | 'refused'
  | 'unanswered'
  | 'resolved'
  | 'callback'
  | 'poll'
  | 'cancelled';

/** A fact with when and how it was learnt; what `record` takes. */
export interface Report extends Fact {
  readonly at: Date;
  readonly event: TransferEvent;
  /** Known to whoever submits; callbacks and polls leave it out. */
  readonly object?: TransferObject;
  /** In place of an object, where a whole task is started. */
  readonly task?: TransferTask;
  readonly progress?: TransferProgress;
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

/** Lines below `through` may have been submitted since `at`. */
export interface IntentWindow {
  readonly through: number;
  readonly at: Date;
}

/** A shard taken by one worker. */
export interface OpenedShard {
  /** Written by earlier workers; their lines without a row are open intents. */
  readonly windows: readonly IntentWindow[];
  /** All transfers of the shard that have a row, by line. */
  readonly transfers: ReadonlyMap<number, Transfer>;
}

export interface Lease {
  /** Names the worker; another one is refused until the lease ends. */
  readonly owner: string;
  readonly at: Date;
  readonly leaseMs: number;
}

export interface ShardRecord {
  readonly shard: Shard;
  /** Read to its end. */
  readonly ended: boolean;
  /** So far, or final once `ended`. */
  readonly tally: Tally;
  /** Rows of the shard by state. */
  readonly counts: Readonly<Record<TransferState, number>>;
  readonly updatedAt: Date;
}

export interface TransferFilter {
  readonly states?: readonly TransferState[];
  readonly classes?: readonly CauseClass[];
  readonly cursor?: string;
  /** 1 to 1,000. @default 100 */
  readonly limit?: number;
}

/** The first use of an `Idempotency-Key`: which run it started, and with which request. */
export interface Claim {
  readonly runId: string;
  /** Of the request that came with the key; another one under the same key is refused. */
  readonly requestHash: string;
}

/** A small document that many workers share. */
export interface Note {
  readonly text: string;
  /** Changes with every write. */
  readonly version: number;
}

export interface Ledger {
  /** Writes the run, or returns the one that is there. */
  openRun(run: NewRun): Promise<Run>;
  /** `planning` to `active`: every shard is on the queue. Otherwise nothing happens. */
  activateRun(runId: string, plan: Plan): Promise<void>;
  /**
   * Ends a run that is `planning` or `active`; false when it has ended already. A failed one is closed
   * at once; what the provider has of a cancelled one goes on, and `closeRun` closes it.
   */
  stopRun(
    runId: string,
    stop: { readonly state: 'failed' | 'cancelled'; readonly at: Date; readonly error?: Cause },
  ): Promise<boolean>;
  /**
   * Closes a run: `active` becomes `completed`, `cancelled` stays. False for any other, and when it is
   * closed already. Whether it may is the sweeper's judgement.
   */
  closeRun(runId: string, at: Date): Promise<boolean>;
  /**
   * Goes on with a run that has ended: `planning` when shards of it may be missing, else `active`.
   * False when it is open, or not there.
   */
  reopenRun(runId: string, state: 'planning' | 'active'): Promise<boolean>;
  run(runId: string): Promise<Run | undefined>;
  /** Newest first. */
  runs(filter: {
    readonly states?: readonly RunState[];
    readonly operations?: readonly Operation[];
    /** Only those that are not closed; the sweeper's. */
    readonly unclosed?: boolean;
    readonly cursor?: string;
    /** 1 to 100. @default 20 */
    readonly limit?: number;
  }): Promise<Page<Run>>;

  /**
   * Takes a shard for one worker. `ended`: read whole and nothing left to submit or resolve;
   * `leased`: another worker has it, also of a run that has ended; `stopped`: its run is no longer
   * planning or active.
   */
  openShard(shard: Shard, lease: Lease): Promise<OpenedShard | 'ended' | 'leased' | 'stopped'>;
  /**
   * The write-ahead intent: durable before any line below `window.through` may be submitted. Renews
   * the lease; what an ended shard counted stays. `lost`: the lease went to another worker; `stopped`: the run has ended.
   */
  coverShard(
    shard: Shard,
    lease: Lease,
    window: IntentWindow,
    seen: Tally,
  ): Promise<'covered' | 'lost' | 'stopped'>;
  /** The shard was read to its end. Ends the lease. False when the lease was lost. */
  endShard(shard: Shard, lease: Lease, tally: Tally): Promise<boolean>;
  /**
   * Gives a shard back without ending it. `windows` take the place of those that were written: who
   * gives back knows which lines never were submitted.
   */
  releaseShard(shard: Shard, lease: Lease, windows?: readonly IntentWindow[]): Promise<void>;
  /** Ends every lease; only for the one process that owns the ledger, at its start. */
  releaseLeases(): Promise<number>;
  /** Shards that were opened, in order. */
  shards(runId: string): Promise<readonly ShardRecord[]>;

  /** Merges a fact into its transfer (`merge.ts`), in one conditional write. */
  record(transferId: string, report: Report): Promise<void>;
  read(transferId: string): Promise<Transfer | undefined>;
  /** In order of shard and line. */
  transfers(runId: string, filter?: TransferFilter): Promise<Page<Transfer>>;
  /** Transfers of one shard in the given states, in order. */
  transfersOf(
    runId: string,
    shardIndex: number,
    states: readonly TransferState[],
  ): Promise<readonly Transfer[]>;

  /** Keeps the claim, or returns the one that is there under this key. */
  claim(key: string, claim: Claim, at: Date): Promise<Claim>;
  /** Takes or renews a lease by name; false while another owner holds it. */
  takeLease(name: string, lease: Lease): Promise<boolean>;
  /** Gives a lease back; nothing happens when another owner holds it. */
  dropLease(name: string, owner: string): Promise<void>;
  readNote(name: string): Promise<Note | undefined>;
  /**
   * Writes a note if it is still of `version`, undefined when there was none; false when somebody
   * else wrote it meanwhile, or when the answer to our own write was lost.
   */
  swapNote(name: string, text: string, version: number | undefined): Promise<boolean>;
  /** Marks that the failures of a closed run go on in another one; the first mark stays. */
  handOver(runId: string, to: string): Promise<void>;
  /**
   * Counts one night for whatever `key` names, once per run, and returns how many there are.
   */
  countNight(key: string, runId: string): Promise<number>;
  /** Nights counted so far; keys without any are left out. */
  nights(keys: readonly string[]): Promise<ReadonlyMap<string, number>>;
  /** Starts counting anew: it succeeded. */
  forgetNights(key: string): Promise<void>;
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
