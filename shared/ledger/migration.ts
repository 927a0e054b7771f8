/**
 * A migration as the ledger keeps it: a document (`shared/migrations/record.ts`), beside what it is
 * found by.
 */
export const MIGRATION_STATES = [
  'listing',
  'planned',
  'pilot',
  'moving',
  'auditing',
  'completed',
  'paused',
  'cancelled',
  'failed',
] as const;

export type MigrationState = (typeof MIGRATION_STATES)[number];

/** A run's id is hexadecimal, so that the first letter tells them apart. */
export const MIGRATION_ID = /^m[0-9a-f]{23}$/;

export interface NewMigration {
  readonly migrationId: string;
  readonly createdAt: Date;
  readonly state: MigrationState;
  /** When nothing of it was left to do; absent while something is. */
  readonly closedAt?: Date;
  /** JSON. */
  readonly document: string;
}

export interface KeptMigration extends NewMigration {
  /** Changes with every write. */
  readonly version: number;
}
