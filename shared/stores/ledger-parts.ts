/** The ledger in parts: each adapter keeps one of them in a file. */
import type { Ledger } from '../ledger/ledger.ts';

export type NoteCalls = Pick<
  Ledger,
  | 'claim'
  | 'takeLease'
  | 'dropLease'
  | 'readNote'
  | 'swapNote'
  | 'countNight'
  | 'nights'
  | 'forgetNights'
>;

export type RunCalls = Pick<
  Ledger,
  | 'openRun'
  | 'activateRun'
  | 'stopRun'
  | 'resumeRun'
  | 'stops'
  | 'beginClosing'
  | 'closeRun'
  | 'reopenRun'
  | 'run'
  | 'countSending'
  | 'runs'
  | 'handOver'
>;

export type MigrationCalls = Pick<
  Ledger,
  'openMigration' | 'migration' | 'changeMigration' | 'migrations'
>;

export type AuditLogCalls = Pick<Ledger, 'appendAuditEntry' | 'auditLog'>;

export type RetentionCalls = Required<Pick<Ledger, 'removeEnded'>>;

export type ShardCalls = Pick<
  Ledger,
  | 'openShard'
  | 'coverShard'
  | 'endShard'
  | 'releaseShard'
  | 'releaseLeases'
  | 'shard'
  | 'marks'
  | 'keepDescribed'
  | 'shards'
  | 'shardStates'
  | 'keepRows'
>;

export type TransferCalls = Pick<
  Ledger,
  'accept' | 'record' | 'read' | 'transfers' | 'transfersOf' | 'linesOf'
>;
