/** Moves a manifest by tasks of OMS: opens the run that creates them. */
import type { Cause } from '../lib/errors.ts';
import type { OmsProject } from '../providers/huawei/config.ts';
import { openCreation } from '../runs/oms/open.ts';
import type { MigrationRecord } from './record.ts';
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

/** @throws StoreError */
export async function openOmsRun(
  migration: MigrationRecord,
  runId: string,
  manifest: { readonly key: string; readonly etag: string },
  options: StepOptions,
): Promise<void> {
  const { migrationId, order, route } = migration;
  const { bucket } = targetOf(migration);
  const project = projectOf(migration, options);
  if (!project) return;
  const { credentials, onKeyExist } = order;
  await openCreation(
    { runId, trigger: 'migration', migrationId },
    {
      project,
      ...(credentials !== undefined && { credentials }),
      list: { key: manifest.key, etag: manifest.etag, bucket },
      order: {
        taskType: route === 'oms-url-list' ? 'url_list' : 'list',
        dstNode: { bucket },
        objectOverwriteMode:
          onKeyExist === 'ignore' ? 'NO_OVERWRITE' : 'SIZE_LAST_MODIFIED_COMPARISON_OVERWRITE',
      },
    },
    options,
  );
}
