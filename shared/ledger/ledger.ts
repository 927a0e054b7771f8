/**
 * The port of the ledger, the durable record of runs, shards and transfers. Adapters pass
 * `test/contract/ledger.ts`. Every promise resolves once the write is durable and rejects with
 * StoreError (STORE_FAILED) if it is not.
 */
import type { Cause, CauseClass } from '../lib/errors.ts';
import type { AuditEntry } from './audit-log.ts';
import type { TransferState } from './merge.ts';
import type { KeptMigration, MigrationState, NewMigration } from './migration.ts';
import type {
  Acceptance,
  NewRun,
  Operation,
  Page,
  Plan,
  Run,
  RunState,
  Transfer,
  TransferUpdate,
} from './model.ts';
import type { Shard } from './shard.ts';
import type { RunStops } from './stops.ts';
import type { Tally } from './tally.ts';

/** Lines below `through` may have been submitted since `at`. */
export interface IntentWindow {
  readonly through: number;
  readonly at: Date;
}

/** A shard taken by one worker. */
export interface OpenedShard {
  /** Written by earlier workers; their lines without a row are open intents. */
  readonly windows: readonly IntentWindow[];
  /** Transfers of the shard that have a history, by line. */
  readonly transfers: ReadonlyMap<number, Transfer>;
  /** Whether a line has a row without: a healthy one, which needs nothing more. */
  settled(line: number): boolean;
}

/** Where a line of a shard begins in the manifest's (unpacked) bytes. */
export interface Mark {
  readonly line: number;
  readonly byte: number;
}

/** What a worker tells of its shard as it covers lines. */
interface ShardProgress {
  /** Every line below has its row, so windows that end there are not needed any more. */
  readonly settledBelow?: number;
  /** Kept for as long as the shard, one for each line. */
  readonly mark?: Mark;
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
  /**
   * No failed one whose cause passes by itself was tried less often than this; undefined when there is
   * none.
   */
  readonly leastTried?: number;
  /** Failed and cancelled ones that hold no object; undefined where nobody counted them. */
  readonly withoutObject?: number;
  readonly updatedAt: Date;
  /** As in `ShardState`. */
  readonly leasedUntil?: Date;
  /** As `keepDescribed` told last. */
  readonly describedAt?: Date;
}

/** How far a shard is, without what has to be counted. */
export interface ShardState {
  readonly index: number;
  readonly ended: boolean;
  /** When somebody took, covered or ended it last. */
  readonly updatedAt: Date;
  /** Absent when nobody has it; a worker that died has it until then. */
  readonly leasedUntil?: Date;
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

/** More than so many runs that have something to send need not be told apart. */
export const MANY_RUNS = 16;

export interface Ledger {
  /** Writes the run, or returns the one that is there. */
  openRun(run: NewRun): Promise<Run>;
  /**
   * `planning` to `active`: every shard is on the queue. Otherwise nothing happens. Totals that are
   * known stay where the plan names none.
   */
  activateRun(runId: string, plan: Plan): Promise<void>;
  /**
   * Ends or pauses a run that is `planning` or `active`, or ends a paused one; false when it has ended
   * already. What the provider has of it goes on, and `closeRun` closes it. Announced in `stops`.
   */
  stopRun(
    runId: string,
    stop: {
      readonly state: 'failed' | 'cancelled' | 'paused';
      readonly at: Date;
      readonly error?: Cause;
    },
  ): Promise<boolean>;
  /** A paused run becomes `active` when it has a plan, else `planning`; false for any other. */
  resumeRun(runId: string, at: Date): Promise<boolean>;
  /**
   * When the closing of the run began: `at`, or the first instant that was given, so that a closing
   * repeated after a crash reports the same one. Stopping or reopening the run discards it, and so
   * does a final transfer that changes its state, such as one that is requeued.
   */
  beginClosing(runId: string, at: Date): Promise<Date>;
  /**
   * Closes a run: `active` and `paused` become `completed`, `cancelled` and `failed` stay. False for any other, and
   * when it is closed already. Whether it may is the sweeper's judgement.
   * @param plan what reading the whole manifest found, where that was done for the closing
   */
  closeRun(runId: string, at: Date, plan?: Plan): Promise<boolean>;
  /**
   * Goes on with a run that has ended: `planning` when shards of it may be missing, else `active`.
   * False when it is open or paused, or not there.
   */
  reopenRun(runId: string, state: 'planning' | 'active'): Promise<boolean>;
  /** Stops that were made through this object; others are learnt by looking. */
  readonly stops: RunStops;
  run(runId: string): Promise<Run | undefined>;
  /**
   * How many runs are `active` and have something left to send, at most `MANY_RUNS`. One that sent
   * its last in the last minutes may still count.
   */
  countSending(): Promise<number>;
  /** Newest first. */
  runs(filter: {
    readonly states?: readonly RunState[];
    readonly operations?: readonly Operation[];
    /** Only those that are not closed; the sweeper's. */
    readonly unclosed?: boolean;
    /** Only those of this migration; null: only those of none. */
    readonly migrationId?: string | null;
    readonly cursor?: string;
    /** 1 to 100. @default 20 */
    readonly limit?: number;
  }): Promise<Page<Run>>;

  /**
   * Takes a shard for one worker. `ended`: read whole and nothing left to submit or resolve;
   * `leased`: another worker has it, also of a run that has ended; `stopped`: its run is
   * neither planning nor active.
   */
  openShard(shard: Shard, lease: Lease): Promise<OpenedShard | 'ended' | 'leased' | 'stopped'>;
  /**
   * The write-ahead intent: durable before any line below `window.through` may be submitted. Renews
   * the lease; what an ended shard counted stays. `lost`: the lease went to another worker; `stopped`: the run has
   * ended or is paused.
   */
  coverShard(
    shard: Shard,
    lease: Lease,
    window: IntentWindow,
    seen: Tally,
    progress?: ShardProgress,
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
  /** As it was opened last; undefined when it was not. */
  shard(runId: string, index: number): Promise<Shard | undefined>;
  /** Marks of the shard, by line. */
  marks(runId: string, index: number): Promise<readonly Mark[]>;
  /** Keeps that its failures have their objects, as far as a manifest tells them, as of its `updatedAt`. */
  keepDescribed(runId: string, index: number, updatedAt: Date): Promise<void>;
  /** Shards that were opened, in order; read as far as it is iterated. */
  shards(runId: string): AsyncIterable<ShardRecord>;
  /** How far they are, from index `from` to before `to`, at a smaller cost. */
  shardStates(runId: string, from?: number, to?: number): Promise<readonly ShardState[]>;

  /**
   * Puts off the expiry of what an open run has written, where it is near; what is left by `deadline`
   * waits for the next call.
   */
  keepRows(runId: string, deadline: Date): Promise<void>;

  /** Present where acceptances are better written together: so many at most, and after so long. */
  readonly packs?: { readonly lines: number; readonly ms: number };
  /** Merges acceptances into their transfers; of one block of 256 lines where there are `packs`. */
  accept(shard: Shard, acceptances: readonly Acceptance[]): Promise<void>;
  /** Merges a fact into its transfer (`merge.ts`), in one conditional write. */
  record(transferId: string, update: TransferUpdate): Promise<void>;
  read(transferId: string): Promise<Transfer | undefined>;
  /** In order of shard and line. */
  transfers(runId: string, filter?: TransferFilter): Promise<Page<Transfer>>;
  /** Transfers of one shard in the given states, in order. */
  transfersOf(
    runId: string,
    shardIndex: number,
    states: readonly TransferState[],
  ): Promise<readonly Transfer[]>;
  /** Lines of one shard that have a row. */
  linesOf(runId: string, shardIndex: number): Promise<ReadonlySet<number>>;

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
  /** Keeps the migration, or returns the one that is there. */
  openMigration(migration: NewMigration): Promise<KeptMigration>;
  migration(migrationId: string): Promise<KeptMigration | undefined>;
  /**
   * Writes state, closing and document of a migration that is still of `version`; false when somebody else wrote
   * it meanwhile, or when the answer to our own write was lost.
   */
  changeMigration(migration: KeptMigration): Promise<boolean>;
  /** Newest first. */
  migrations(filter: {
    readonly states?: readonly MigrationState[];
    /** Only those that are not closed. */
    readonly unclosed?: boolean;
    readonly cursor?: string;
    /** 1 to 100. @default 20 */
    readonly limit?: number;
  }): Promise<Page<KeptMigration>>;
  /** Appends to the audit log; once, however often it is called with this entry. */
  appendAuditEntry(entry: AuditEntry): Promise<void>;
  /** Newest first. */
  auditLog(filter: {
    /** Only entries of this run or migration. */
    readonly subject?: string;
    readonly cursor?: string;
    /** 1 to 100. @default 20 */
    readonly limit?: number;
  }): Promise<Page<AuditEntry>>;
  /**
   * Removes runs and migrations that were closed before an instant, and older entries of the audit log;
   * present where nothing expires by itself. What is open, or of an open migration, stays whole.
   * @returns how many runs
   */
  readonly removeEnded?: (before: Date, signal?: AbortSignal) => Promise<number>;
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
