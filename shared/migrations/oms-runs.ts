/** Moves a manifest, or all behind a prefix, by tasks of OMS: opens the run that creates them. */
import type { Cause } from '../lib/errors.ts';
import { parseSourceUrl } from '../manifest/sources/address.ts';
import { omsForm } from '../plans/oms-limits.ts';
import type { OmsProject } from '../providers/huawei/config.ts';
import { openCreation } from '../runs/oms/open.ts';
import { nodeOf } from '../runs/oms/source-node.ts';
import { latestRound, type MigrationOrder, type MigrationRecord, type RunEntry } from './record.ts';
import { type StepOptions, targetOf } from './step.ts';

const projectOf = (
  migration: Pick<MigrationRecord, 'order'>,
  { projects = [] }: Pick<StepOptions, 'projects'>,
): OmsProject | undefined => projects.find(({ region }) => region === targetOf(migration).region);

/** Why OMS can't be asked at all; undefined when it can. */
export function omsFault(
  migration: Pick<MigrationRecord, 'order'>,
  options: Pick<StepOptions, 'projects'>,
): Cause | undefined {
  if (projectOf(migration, options)) return undefined;
  const { region } = targetOf(migration);
  return {
    provider: 'waybill',
    code: 'ROUTE_ABSENT',
    class: 'request',
    message: `No project is configured in ${region}: set HUAWEICLOUD_SDK_REGION and HUAWEICLOUD_SDK_PROJECT_ID, or WAYBILL_OMS_PROJECTS.`,
  };
}

/** @param manifest undefined for all behind the prefix of the source @throws StoreError */
export async function openOmsRun(
  migration: MigrationRecord,
  { overwrites, role, runId }: Pick<RunEntry, 'overwrites' | 'role' | 'runId'>,
  manifest: { readonly key: string; readonly etag: string } | undefined,
  options: StepOptions,
): Promise<void> {
  const { migrationId, order, route } = migration;
  const { bucket } = targetOf(migration);
  const project = projectOf(migration, options);
  if (!project) return;
  const { credentials } = order;
  await openCreation(
    { runId, trigger: 'migration', migrationId },
    {
      project,
      ...(credentials !== undefined && { credentials }),
      ...(manifest && { list: { key: manifest.key, etag: manifest.etag, bucket } }),
      ...(!manifest && { makes: formOf(migration) }),
      order: {
        objectOverwriteMode: modeOf(order.onKeyExist, overwrites ?? role === 'again'),
        dstNode: { bucket },
        ...(manifest
          ? { taskType: route === 'oms-url-list' ? 'url_list' : 'list' }
          : { taskType: 'prefix', ...prefixOf(migration, options) }),
      },
    },
    options,
  );
}

/** What differs from the source may have the same size at the target, and be newer there. */
function modeOf(onKeyExist: MigrationOrder['onKeyExist'], overwrites: boolean) {
  if (overwrites) return 'FULL_OVERWRITE';
  return onKeyExist === 'ignore' ? 'NO_OVERWRITE' : 'SIZE_LAST_MODIFIED_COMPARISON_OVERWRITE';
}

function formOf(migration: MigrationRecord): 'group' | 'task' {
  const { written, bytes } = latestRound(migration).list ?? { written: 0, bytes: '0' };
  return omsForm(written, Number(bytes));
}

/** Source and target of a task that takes all behind a prefix; the plan has seen that they fit. */
function prefixOf(migration: MigrationRecord, { sources }: StepOptions) {
  const { bucket, prefix } = targetOf(migration);
  const address = parseSourceUrl(migration.order.source ?? '', 'prefix');
  const found = 'fault' in address ? undefined : sources.find(address);
  const node = found && !('names' in found) && nodeOf(found);
  if ('fault' in address || !node) throw new Error('The plan allowed a prefix without a source.');
  const savePrefix = prefix.slice(0, prefix.length - address.key.length);
  return {
    srcNode: { ...node, objectKey: [address.key] },
    dstNode: { bucket, ...(savePrefix !== '' && { savePrefix }) },
  };
}
