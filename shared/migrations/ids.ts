/** The ids of a migration's runs, and the keys of its files: the same step twice is one run. */
import { sha256Hex } from '../lib/encoding.ts';
import { OWN_PREFIX } from '../stores/layout.ts';

/**
 * @param role of the run in the migration
 * @param step what tells it from other runs of its role and round
 */
export const stepRunId = (
  migrationId: string,
  round: number,
  role: string,
  step: number | string = 0,
): string => sha256Hex(`migration ${migrationId} ${round} ${role} ${step}`).slice(0, 24);

const migrationPrefix = (migrationId: string): string => `migrations/${migrationId}/`;

export const migrationKey = (migrationId: string, name: string): string =>
  `${migrationPrefix(migrationId)}${name}`;

export const planKey = (migrationId: string): string => migrationKey(migrationId, 'plan.json');

/** Of a manifest that is cut from a list; its folder tells the target. */
export const cutKey = (
  { region, bucket }: { readonly region: string; readonly bucket: string },
  name: string,
): string => `${OWN_PREFIX}${region}/${bucket}/${name}.csv`;

/** What is gone at the source, as the last catch-up found it. */
export const goneKey = (migrationId: string): string => migrationKey(migrationId, 'gone.csv');

/** Of the lines of bucket and key that a job of Batch copies. */
export const batchListKey = (migrationId: string, runId: string): string =>
  migrationKey(migrationId, `batch-${runId}.csv`);
