/** Catch-up: compares the list of a round with the one before it. */
import type { MigrationRecord } from './record.ts';
import type { StepOptions } from './step.ts';

export async function compareLists(
  migration: MigrationRecord,
  _options: StepOptions,
): Promise<MigrationRecord> {
  return migration;
}
