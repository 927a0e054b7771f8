/**
 * Moves a manifest by a job of COS Batch: picks the lines that a job can copy, which fetches send the
 * others, and opens the run that creates it.
 */
import { splitCsvLine } from '../lib/csv.ts';
import type { Cause } from '../lib/errors.ts';
import { compareKeys } from '../lib/s3/list.ts';
import { parseSourceUrl } from '../manifest/sources/address.ts';
import type { SourceConfig } from '../manifest/sources/config.ts';
import { isSourceUrl } from '../manifest/url.ts';
import { BATCH_MAX_BYTES, isForBatch } from '../plans/counts.ts';
import { openCopy } from '../runs/batch/order.ts';
import { batchListKey } from './ids.ts';
import type { MigrationRecord, RunEntry } from './record.ts';
import { type StepOptions, targetOf } from './step.ts';

/** The configured source of a migration, and the prefix of its keys; undefined for a list of URLs. */
export function sourceOf(
  { order }: Pick<MigrationRecord, 'order'>,
  { sources }: Pick<StepOptions, 'sources'>,
): { readonly config: SourceConfig; readonly prefix: string } | undefined {
  const address = order.source ?? order.list?.source;
  if (address === undefined || !isSourceUrl(address)) return undefined;
  const parsed = parseSourceUrl(address, 'prefix');
  const config = 'fault' in parsed ? undefined : sources.find(parsed);
  if ('fault' in parsed || !config || 'names' in config) return undefined;
  return { config, prefix: parsed.key };
}

/** Why Batch can't be asked at all; undefined when it can. */
export const batchFault = ({ hasBatch }: Pick<StepOptions, 'hasBatch'>): Cause | undefined =>
  hasBatch
    ? undefined
    : {
        provider: 'waybill',
        code: 'ROUTE_ABSENT',
        class: 'request',
        message: 'COS Batch is not configured: set TENCENTCLOUD_UIN and TENCENTCLOUD_APP_ID.',
      };

/** A line as a job reads it; undefined when a job can't copy its object. */
export type ToBatch = (header: string, line: string) => string | undefined;

/**
 * What the target has is looked for in the order of keys, unless it is to be written over: a line that is
 * not in that order is not for Batch.
 * @returns for each reading of the list from its beginning a function of its own
 */
export function createToBatch(migration: MigrationRecord, options: StepOptions): () => ToBatch {
  const { config, prefix = '' } = sourceOf(migration, options) ?? {};
  const target = targetOf(migration);
  const isOrdered = migration.order.onKeyExist === 'ignore';
  return () => {
    let last = '';
    return (header, line) => {
      const names = header.trimEnd().split(',');
      const cells = splitCsvLine(line);
      if ('reason' in cells) return undefined;
      const [url = '', key, size] = ['url', 'key', 'size'].map(
        (name) => cells[names.indexOf(name)],
      );
      const from = parseSourceUrl(url);
      if ('fault' in from || from.bucket !== config?.bucket) return undefined;
      const isMoved = key === `${target.prefix}${from.key.slice(prefix.length)}`;
      if (!from.key.startsWith(prefix) || !isMoved || !isForBatch(from.key)) return undefined;
      if (Number(size ?? 0) > BATCH_MAX_BYTES) return undefined;
      if (isOrdered && compareKeys(from.key, last) <= 0) return undefined;
      last = from.key;
      return `${from.bucket},${from.key}`;
    };
  };
}

/** @throws StoreError */
export async function openBatchRun(
  migration: MigrationRecord,
  { overwrites, runId }: Pick<RunEntry, 'overwrites' | 'runId'>,
  options: StepOptions,
): Promise<void> {
  const { migrationId, order } = migration;
  const { credentials, onKeyExist } = order;
  const { config, prefix = '' } = sourceOf(migration, options) ?? {};
  if (!config) return;
  const { kind: _, ...target } = targetOf(migration);
  await openCopy(
    { runId, trigger: 'migration', migrationId },
    {
      list: batchListKey(migrationId, runId),
      source: { region: config.region, bucket: config.bucket, prefix },
      target,
      ...(credentials !== undefined && { credentials }),
      onKeyExist: overwrites ? 'override' : onKeyExist,
    },
    options,
  );
}
