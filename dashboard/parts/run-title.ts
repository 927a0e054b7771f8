/** The title of a run. */
import type { Run } from '../api/types.ts';
import { nameOf } from '../model/run-name.ts';
import type { Translate } from '../text/types.ts';

export function runTitle(run: Run, t: Translate): string {
  const { manifest, operation } = nameOf(run);
  if (manifest !== undefined) return manifest;
  const { task } = run;
  const id = task?.taskId ?? task?.groupId;
  if (!task || (id === undefined && task.name === undefined))
    return t(`operation.${operation}.one`);
  if (task.name) return task.name;
  if (operation === 'cos-batch-job') return t('transfer.batchJob', { id: id ?? '' });
  return t(task.taskId === undefined ? 'transfer.omsGroup' : 'transfer.omsTask', { id: id ?? '' });
}
