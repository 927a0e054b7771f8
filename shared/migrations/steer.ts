/**
 * What a person does with a migration: start, pause, resume, cancel, retry, catch up. Only the record is
 * changed here; the next step does what follows from it.
 */
import { countFound } from '../audit/resend.ts';
import type { Ledger } from '../ledger/ledger.ts';
import type { MigrationState } from '../ledger/migration.ts';
import { type CauseClass, ConflictError } from '../lib/errors.ts';
import type { Objects } from '../stores/objects.ts';
import { withAudit } from './audit-step.ts';
import { countMigration } from './counts.ts';
import { stepRunId } from './ids.ts';
import { changeMigration, hasEnded, type MigrationRecord, type RunEntry } from './record.ts';
import { hasAsked } from './retry.ts';

export interface SteerOptions {
  readonly ledger: Ledger;
  readonly objects: Objects;
  readonly now: () => Date;
}

type Steer = (migrationId: string, options: SteerOptions) => Promise<MigrationRecord>;

const refuse = (message: string): never => {
  throw new ConflictError('MIGRATION_STATE', message);
};

/** @throws ConflictError (MIGRATION_STATE); StoreError */
export const startMigration: Steer = (migrationId, { ledger }) =>
  changeMigration(ledger, migrationId, (migration) => {
    const { state, order, isStarted } = migration;
    if (hasEnded(state)) return refuse(`The migration is already ${state}.`);
    return order.start || isStarted ? migration : { ...migration, isStarted: true };
  });

/** @throws ConflictError (MIGRATION_STATE) when it has ended; StoreError */
export const pauseMigration: Steer = (migrationId, { ledger }) =>
  changeMigration(ledger, migrationId, (migration) => {
    const { state } = migration;
    if (state === 'paused') return migration;
    if (hasEnded(state)) return refuse(`The migration is already ${state}.`);
    return { ...migration, state: 'paused', resumeTo: state };
  });

/** @throws ConflictError (MIGRATION_STATE) when it has ended; StoreError */
export const resumeMigration: Steer = (migrationId, { ledger }) =>
  changeMigration(ledger, migrationId, async (migration) => {
    const { state, resumeTo = 'listing', error, ...rest } = migration;
    if (state !== 'paused') {
      return hasEnded(state) ? refuse(`The migration is already ${state}.`) : migration;
    }
    const { counts } = await countMigration(migration, ledger);
    const { succeeded, failed } = counts;
    const isPilot = error?.code === 'PILOT_FAILED';
    return {
      ...rest,
      state: resumeTo,
      isResuming: true,
      resumedAt: { succeeded, failed: isPilot ? 0 : failed },
      ...(isPilot && { retry: {} }),
    };
  });

/** @throws ConflictError (MIGRATION_STATE) when it has ended; StoreError */
export const cancelMigration: Steer = (migrationId, { ledger }) =>
  changeMigration(ledger, migrationId, (migration) => {
    const { state, resumeTo: _, retry: __, resend: ___, ...rest } = migration;
    if (state === 'cancelled') return migration;
    if (hasEnded(state)) return refuse(`The migration is already ${state}.`);
    return { ...rest, state: 'cancelled' };
  });

const RETRIED_IN: ReadonlySet<MigrationState> = new Set(['pilot', 'moving', 'completed']);

/**
 * Where nothing failed, what the last audit found missing or different is sent again.
 * @param classes of failures. @default all
 * @throws ConflictError (MIGRATION_STATE, NOTHING_TO_RETRY); StoreError
 */
export const retryMigration = (
  migrationId: string,
  classes: readonly CauseClass[] | undefined,
  options: SteerOptions,
): Promise<MigrationRecord> =>
  changeMigration(options.ledger, migrationId, async (migration) => {
    const { state } = migration;
    if (!RETRIED_IN.has(state)) refuse(`The migration is ${state}; there is nothing to retry.`);
    const counted = await countMigration(migration, options.ledger);
    const { counts } = counted;
    const asked = classes ? { classes: [...classes] } : {};
    if (!(await hasAsked(migration, counted, asked, options))) {
      const { audit } = counted;
      const isFound = state === 'completed' && audit?.isWhole && countFound(audit) > 0;
      if (isFound && !classes) {
        return { ...migration, state: 'moving', closedAt: null, resend: audit.runId };
      }
      throw new ConflictError(
        'NOTHING_TO_RETRY',
        'No object of this migration failed in that way, in runs that have ended.',
      );
    }
    const { succeeded, failed } = counts;
    const known = { ...migration, resumedAt: { succeeded, failed } };
    return withRetry(known, asked);
  });

export const withRetry = (
  migration: MigrationRecord,
  retry: NonNullable<MigrationRecord['retry']>,
): MigrationRecord =>
  migration.state === 'completed'
    ? { ...migration, state: 'moving', closedAt: null, retry }
    : { ...migration, retry };

/**
 * Compares the latest list with the target again.
 * @throws ConflictError (MIGRATION_STATE) unless it is completed; StoreError
 */
export const auditMigration = (
  migrationId: string,
  level: NonNullable<RunEntry['level']> | undefined,
  { ledger }: Pick<SteerOptions, 'ledger'>,
): Promise<MigrationRecord> =>
  changeMigration(ledger, migrationId, (migration) => {
    const { state, error: _, ...rest } = migration;
    if (state !== 'completed') {
      return refuse(`The migration is ${state}; an audit begins when it is completed.`);
    }
    return withAudit({ ...rest, state: 'auditing', closedAt: null }, level);
  });

/** Lists the source again. @throws ConflictError (MIGRATION_STATE) unless it is completed; StoreError */
export const catchUp: Steer = (migrationId, { ledger, now }) =>
  changeMigration(ledger, migrationId, (migration) => {
    const { state, rounds, error: _, ...rest } = migration;
    if (state !== 'completed') {
      return refuse(`The migration is ${state}; a catch-up begins when it is completed.`);
    }
    const round = {
      kind: 'catch-up',
      startedAt: now().toISOString(),
      listRunId: stepRunId(migrationId, rounds.length, 'list'),
      cutParts: 0,
      cutLines: 0,
    } as const;
    return { ...rest, state: 'listing', closedAt: null, rounds: [...rounds, round] };
  });
