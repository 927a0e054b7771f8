/**
 * The distributed ledger: one DynamoDB table (docs/ledger.md has its layout and access patterns).
 * At most two writes per healthy object, each to a single item.
 */
import type { Ledger } from '../../../ledger/ledger.ts';
import { TRANSFER_STATES } from '../../../ledger/merge.ts';
import type { AwsConfig } from '../config.ts';
import { type AwsCall, createJsonApi, DYNAMODB } from '../json-api.ts';
import { createCounting } from './counts.ts';
import { createNotes } from './notes.ts';
import { readShard } from './pages.ts';
import { createRollups } from './rollups.ts';
import { createExpiry } from './rows.ts';
import { createRuns } from './runs.ts';
import { createShards } from './shards.ts';
import { createTable } from './table.ts';
import { createTransfers } from './transfers.ts';

export interface DynamoLedgerOptions {
  readonly table: string;
  readonly call: AwsCall;
  /** How long an ended run is kept; 0 is for ever. @default 90 */
  readonly retentionDays?: number;
  /** How old counts of an open run may be that somebody else took. @default 15000 */
  readonly countsMaxAgeMs?: number;
  readonly now?: () => Date;
}

export function createDynamoLedger({
  table: name,
  call,
  retentionDays = 90,
  countsMaxAgeMs = 15_000,
  now = () => new Date(),
}: DynamoLedgerOptions): Ledger {
  const table = createTable(name, call);
  const expiry = createExpiry(retentionDays);
  const clock = () => now().getTime();
  const rollups = createRollups(table, expiry, clock);
  const counting = createCounting({ table, rollups, now: clock, maxAgeMs: countsMaxAgeMs });
  const rowsOf = (runId: string, shard: number) =>
    readShard(
      table,
      { runId, shard, after: -1, max: Number.POSITIVE_INFINITY },
      { states: TRANSFER_STATES },
    );
  return {
    ...createRuns(table, counting, expiry),
    ...createShards({ table, counting, expiry, rowsOf }),
    ...createTransfers({ table, counting, expiry, rollups }),
    ...createNotes(table, expiry, now),
  };
}

/** @param connections sockets, and so calls at once */
export const connectDynamoLedger = (
  table: string,
  config: AwsConfig,
  options: Omit<DynamoLedgerOptions, 'table' | 'call'> = {},
): Ledger =>
  createDynamoLedger({ ...options, table, call: createJsonApi({ service: DYNAMODB, config }) });
