/** What a step of a migration takes and returns; each may be repeated at any point. */
import type { Ledger } from '../ledger/ledger.ts';
import type { Log } from '../lib/log.ts';
import type { Sources } from '../manifest/sources/sources.ts';
import { parseTarget, type TargetAddress } from '../manifest/target-address.ts';
import type { OmsProject } from '../providers/huawei/config.ts';
import type { Outbox } from '../reporting/webhooks/outbox.ts';
import type { PlanLater, Planner } from '../runs/plan.ts';
import type { Objects } from '../stores/objects.ts';
import type { QueueSender } from '../stores/queue.ts';
import type { MigrationRecord } from './record.ts';

export interface StepOptions {
  readonly ledger: Ledger;
  readonly objects: Objects;
  readonly queue: QueueSender;
  readonly planner: Planner;
  readonly planLater?: PlanLater | undefined;
  readonly sources: Pick<Sources, 'find' | 'life'>;
  /** Whether an account for COS Batch is configured. */
  readonly hasBatch?: boolean | undefined;
  /** Those of Huawei Cloud whose tasks move into OBS. */
  readonly projects?: readonly OmsProject[] | undefined;
  readonly log: Log;
  /** Begins with a list that was opened; elsewhere the clock looks for open lists. */
  readonly startList?: ((runId: string) => Promise<void>) | undefined;
  /** The same of an audit. */
  readonly startAudit?: ((runId: string) => Promise<void>) | undefined;
  /** Takes webhook messages. */
  readonly outbox?: Pick<Outbox, 'add'> | undefined;
  readonly shardBytes: number;
  readonly allowHttps: boolean;
  /** At most so many objects go to COS fetch. */
  readonly ratePerSecond: number;
  /** Parts of a list in one manifest. @default 32, about a million lines */
  readonly cutParts?: number;
  readonly now: () => Date;
}

/** The changed record; undefined while the migration waits for something. @throws StoreError */
export type Step = (
  migration: MigrationRecord,
  options: StepOptions,
) => Promise<MigrationRecord | undefined>;

/** Checked when the migration was opened. */
export function targetOf({ order }: Pick<MigrationRecord, 'order'>): TargetAddress {
  const target = parseTarget(order.target);
  if ('fault' in target) throw new Error(target.fault);
  return target;
}
