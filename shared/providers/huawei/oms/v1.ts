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

/** Every call throws ProviderError (PROVIDER_REFUSED), ReplyError (REPLY_INVALID), TransportError. */
export interface OmsV1Client {
  /** From status 3 or 4 only. Takes no tokens, connection string, key file or crypto types. */
  startTask(taskId: string, keys: OmsKeys, migrationFailedObject: boolean): Promise<void>;
  /** Undefined when there is no such task. */
  showTask(taskId: string): Promise<OmsTask | undefined>;
  listTasks(options: Omit<ListTasksOptions, 'groupId'>): Promise<OmsPage<OmsTask>>;
}

export function createOmsV1Client(options: OmsOptions): OmsV1Client {
  const call = createOmsCall(options, '/v1/{project_id}/objectstorage/');
  return {
    async startTask(taskId, keys, migrationFailedObject) {
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

    showTask: (taskId) => showItem(call, `task/${taskId}`, `reading task ${taskId}`, toOmsTask),

    async listTasks({ status, offset, limit }) {
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
