/** Completes what a request or an uploaded list asks OMS to start, from the configuration. */
import type * as v from 'valibot';
import type { OmsTaskRef } from '../ledger/model.ts';
import { InputError } from '../lib/errors.ts';
import { withoutUndefined } from '../lib/values.ts';
import { type OmsProject, REGION } from '../providers/huawei/config.ts';
import { DEFAULT_SET } from '../stores/credential-sets.ts';
import { GROUP_ID, TASK_ID } from './oms-ids.ts';
import type { omsStartBody, TaskList } from './requests.ts';

export type OmsVersion = 'v1' | 'v2';

interface Place {
  readonly region?: string;
  readonly projectId?: string;
  readonly credentials?: string;
}

/**
 * Region, project and credential set, from the configured projects where they are left out: the
 * first one of the region, or the first of all.
 * @throws InputError (BODY_INVALID; NOT_FOUND for a region or project that is not configured) that names what is missing
 */
export function completePlace(place: Place, projects: readonly OmsProject[]) {
  const fits = ({ region, projectId }: OmsProject): boolean =>
    (place.region === undefined || region === place.region) &&
    (place.projectId === undefined || projectId === place.projectId);
  const known = projects.find(fits);
  const region = place.region ?? known?.region;
  const projectId = place.projectId ?? known?.projectId;
  const lacks = (path: string, variable: string): InputError => {
    const message = `is missing; expected here or in ${variable}`;
    // With projects at hand nothing must be said: what is said here names none of them.
    const code = projects.length > 0 ? 'NOT_FOUND' : 'BODY_INVALID';
    return new InputError(code, `The request names no ${path}.`, [{ path, message }]);
  };
  if (region === undefined) throw lacks('region', 'HUAWEICLOUD_SDK_REGION');
  if (projectId === undefined) throw lacks('projectId', 'HUAWEICLOUD_SDK_PROJECT_ID');
  return { region, projectId, credentials: place.credentials ?? known?.credentials ?? DEFAULT_SET };
}

/**
 * The task of `POST /oms/{version}/tasks/{taskId}/start`, or the group of
 * `POST /oms/v2/taskgroups/{groupId}/start`.
 */
export function refOfRequest(
  version: OmsVersion,
  { taskId, groupId }: Readonly<Record<string, string | undefined>>,
  body: v.InferOutput<typeof omsStartBody>,
  projects: readonly OmsProject[],
): OmsTaskRef {
  if (groupId !== undefined && !GROUP_ID.test(groupId)) {
    const message = 'expected a group id of 1 to 64 letters, digits and hyphens';
    throw new InputError('PATH_INVALID', 'The path has no group id.', [
      { path: 'groupId', message },
    ]);
  }
  if (groupId === undefined && !TASK_ID.test(taskId ?? '')) {
    const fault = { path: 'taskId', message: 'expected a task id of 1 to 15 digits' };
    throw new InputError('PATH_INVALID', 'The path has no task id.', [fault]);
  }
  const { failedObjectsOnly } = body;
  return {
    kind: 'oms',
    version,
    ...withoutUndefined({ taskId, groupId }),
    ...completePlace(body, projects),
    ...withoutUndefined({ failedObjectsOnly }),
  };
}

/** Region of `oms/<region>/<name>.json`; undefined for any other key. */
export function regionOfList(key: string): string | undefined {
  const region = /^oms\/([^/]+)\/.*[^/]\.json$/s.exec(key)?.[1];
  return region !== undefined && REGION.test(region) ? region : undefined;
}

/**
 * The tasks of a list that are this version's; v2 unless the list or the item says otherwise.
 * @throws InputError (BODY_INVALID) that names the first item that repeats another
 */
export function refsOfList(
  version: OmsVersion,
  region: string,
  list: TaskList,
  projects: readonly OmsProject[],
): readonly OmsTaskRef[] {
  const seen = new Map<string, number>();
  const refs: OmsTaskRef[] = [];
  for (const [index, item] of list.tasks.entries()) {
    const own = item.version ?? (item.groupId === undefined ? list.version : 'v2') ?? 'v2';
    const place = {
      region,
      ...withoutUndefined({
        projectId: item.projectId ?? list.projectId,
        credentials: item.credentials ?? list.credentials,
      }),
    };
    const ref: OmsTaskRef = {
      kind: 'oms',
      version: own,
      ...completePlace(place, projects),
      ...withoutUndefined({
        taskId: item.taskId,
        groupId: item.groupId,
        failedObjectsOnly: item.failedObjectsOnly ?? list.failedObjectsOnly,
      }),
    };
    const name = JSON.stringify([own, ref.projectId, ref.taskId, ref.groupId]);
    const first = seen.get(name);
    if (first !== undefined) {
      const fault = { path: `tasks[${index}]`, message: `is the same as tasks[${first}]` };
      throw new InputError('BODY_INVALID', 'The list names a task twice.', [fault]);
    }
    seen.set(name, index);
    if (own === version) refs.push(ref);
  }
  return refs;
}
