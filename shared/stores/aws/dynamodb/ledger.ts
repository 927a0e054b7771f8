/**
 * The distributed ledger: one DynamoDB table (docs/ledger.md has its layout and access patterns).
 * One write per healthy object, its outcome; acceptances are packed.
 */
import type { Ledger } from '../../../ledger/ledger.ts';
import type { AwsConfig } from '../config.ts';
import { type AwsCall, createJsonApi, DYNAMODB } from '../json-api.ts';
import { createAuditLog } from './audit-log.ts';
import { createCounting } from './counts.ts';
import { createExpiry } from './expiry.ts';
import { PACK_LINES } from './keys.ts';
import { createMigrations } from './migrations.ts';
import { createNotes } from './notes.ts';
import { createPacks } from './packs.ts';
import { createRollups } from './rollups.ts';
import { createRuns } from './runs.ts';
import { createShards } from './shards.ts';
import { createTable } from './table.ts';
import { createTransfers } from './transfers.ts';

interface DynamoLedgerOptions {
  readonly table: string;
  readonly call: AwsCall;
  /** How long an ended run is kept; 0 is for ever. @default 90 */
  readonly retentionDays?: number;
  /** How old counts of an open run may be that somebody else took. @default 15000 */
  readonly countsMaxAgeMs?: number;
  readonly now?: () => Date;
}

/** What a crash loses of acceptances, and how far their numbers lag behind. */
const PACK_MS = 10_000;

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
  const packs = createPacks(table, expiry);
  const rollups = createRollups(table, expiry, clock);
  const counting = createCounting({ table, packs, rollups, now: clock, maxAgeMs: countsMaxAgeMs });
  return {
    packs: { lines: PACK_LINES, ms: PACK_MS },
    ...createRuns(table, counting, expiry),
    ...createShards({ table, packs, rollups, counting, expiry, now }),
    ...createTransfers({ table, packs, counting, expiry, rollups }),
    ...createNotes(table, expiry, now),
    ...createMigrations(table, expiry, now),
    ...createAuditLog(table, expiry),
  };
}

/** @param connections sockets, and so calls at once */
export const connectDynamoLedger = (
  table: string,
  config: AwsConfig,
  options: Omit<DynamoLedgerOptions, 'table' | 'call'> = {},
): Ledger =>
  createDynamoLedger({ ...options, table, call: createJsonApi({ service: DYNAMODB, config }) });
