/**
 * The client of OMS v1, "historical" and still served, with other verbs and field names than v2. A
 * start is not idempotent: after a lost answer, read the task first.
 *
 * Start: https://support.huaweicloud.com/intl/en-us/api-oms/oms_api_0016.html (OMS reference,
 * section 2)
 */
import type { Pair } from '../../../lib/api-request.ts';
import { ReplyError } from '../../../lib/errors.ts';
import {
  createOmsCall,
  type ListTasksOptions,
  type OmsOptions,
  type OmsPage,
  showItem,
} from './call.ts';
import { type OmsKeys, secretsOf } from './start-request.ts';
import { type OmsTask, toOmsTask } from './task.ts';

export type OmsV1Client = ReturnType<typeof createOmsV1Client>;

/** Every call throws ProviderError (PROVIDER_REFUSED), ReplyError (REPLY_INVALID), TransportError. */
export function createOmsV1Client(options: OmsOptions) {
  const call = createOmsCall(options, '/v1/{project_id}/objectstorage/');
  return {
    /** From status 3 or 4 only. Takes no tokens, connection string, key file or crypto types. */
    async startTask(taskId: string, keys: OmsKeys, migrationFailedObject: boolean) {
      await call({
        method: 'PUT',
        path: `task/${taskId}`,
        body: {
          operation: 'start',
          source_ak: keys.srcAk,
          source_sk: keys.srcSk,
          target_ak: keys.dstAk,
          target_sk: keys.dstSk,
          source_cdn_authentication_key: keys.sourceCdnAuthenticationKey,
          migration_failed_object: migrationFailedObject,
        },
        doing: `starting task ${taskId}`,
        secrets: secretsOf(keys),
      });
    },

    /** Undefined when there is no such task. */
    showTask: (taskId: string) =>
      showItem(call, `task/${taskId}`, `reading task ${taskId}`, toOmsTask),

    async listTasks({
      status,
      offset,
      limit,
    }: Omit<ListTasksOptions, 'groupId'>): Promise<OmsPage<OmsTask>> {
      const query: Pair[] = [
        ['start', String(offset)],
        ['limit', String(limit)],
      ];
      if (status !== undefined) query.push(['state', String(status)]);
      const answer = await call({ method: 'GET', path: 'task', query, doing: 'listing tasks' });
      if (!Array.isArray(answer))
        throw new ReplyError('The answer to listing tasks is not a list.');
      return { items: answer.map(toOmsTask).filter((task) => task !== undefined) };
    },
  };
}
