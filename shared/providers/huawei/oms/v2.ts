/**
 * The client of OMS v2: tasks and groups of tasks. A start is not idempotent: after a lost answer,
 * read the task first.
 *
 * Start: https://support.huaweicloud.com/intl/en-us/api-oms/StartTask.html, groups:
 * …/CreateTaskGroup.html and its neighbours (OMS reference, section 3)
 */
import type { Pair } from '../../../lib/api-request.ts';
import { ReplyError } from '../../../lib/errors.ts';
import {
  createOmsCall,
  type ListTasksOptions,
  type OmsCall,
  type OmsOptions,
  type OmsPage,
  showItem,
} from './call.ts';
import type { BandwidthPolicy, OmsOrder } from './create-request.ts';
import { groupBody, snake, taskBody } from './create-wire.ts';
import { toOmsGroup } from './group.ts';
import { createProbes } from './probes.ts';
import { type OmsKeys, secretsOf } from './start-request.ts';
import { number, record, text, toOmsTask } from './task.ts';

export type OmsV2Client = ReturnType<typeof createOmsV2Client>;

/** Every call throws ProviderError (PROVIDER_REFUSED), ReplyError (REPLY_INVALID), TransportError. */
export function createOmsV2Client(options: OmsOptions) {
  const call = createOmsCall(options, '/v2/{project_id}/');
  const { region } = options;

  return {
    ...createProbes(call, region),

    /**
     * Starts at once, and takes no token: after a lost answer look for the description's marker.
     * @returns its id, and the name that OMS chose
     */
    async createTask(order: OmsOrder, keys: OmsKeys) {
      const doing = 'creating a task';
      const body = taskBody(order, region, keys);
      const secrets = secretsOf(keys);
      const answer = record(await call({ method: 'POST', path: 'tasks', body, doing, secrets }));
      return { id: idIn(answer['id'], doing), name: text(answer['task_name']) };
    },
    /** While it runs OMS refuses, and for a moment after a stop. */
    async deleteTask(taskId: string) {
      const path = `tasks/${taskId}`;
      await call({ method: 'DELETE', path, doing: `deleting task ${taskId}` });
    },
    /** @param policy an empty one lifts the limit */
    async setTaskBandwidth(taskId: string, policy: BandwidthPolicy) {
      await call({
        method: 'PUT',
        path: `tasks/${taskId}/bandwidth-policy`,
        body: snake({ bandwidthPolicy: policy }),
        doing: `changing the bandwidth of task ${taskId}`,
      });
    },
    /** From status 3 or 4 only. @param migrateFailedObject true: only the recorded failed objects */
    async startTask(taskId: string, keys: OmsKeys, migrateFailedObject: boolean) {
      await call({
        method: 'POST',
        path: `tasks/${taskId}/start`,
        body: { ...taskKeys(keys), migrate_failed_object: migrateFailedObject, ...crypto(keys) },
        doing: `starting task ${taskId}`,
        secrets: secretsOf(keys),
      });
    },
    async stopTask(taskId: string) {
      const path = `tasks/${taskId}/stop`;
      await call({ method: 'POST', path, doing: `stopping task ${taskId}` });
    },
    /** Undefined when there is no such task. */
    showTask: (taskId: string) =>
      showItem(call, `tasks/${taskId}`, `reading task ${taskId}`, toOmsTask),
    listTasks: (wanted: ListTasksOptions) =>
      listItems(call, 'tasks', wanted, 'listing tasks', 'tasks', toOmsTask),

    /** As `createTask`; the keys may hold no tokens. */
    async createGroup(order: OmsOrder, keys: OmsKeys) {
      const doing = 'creating a group';
      const body = groupBody(order, region, keys);
      const secrets = secretsOf(keys);
      const path = 'taskgroups';
      const answer = record(await call({ method: 'POST', path, body, doing, secrets }));
      return { id: idIn(answer['group_id'], doing), name: '' };
    },
    async deleteGroup(groupId: string) {
      const path = `taskgroups/${groupId}`;
      await call({ method: 'DELETE', path, doing: `deleting group ${groupId}` });
    },
    async setGroupBandwidth(groupId: string, policy: BandwidthPolicy) {
      await call({
        method: 'PUT',
        path: `taskgroups/${groupId}/update`,
        body: snake({ bandwidthPolicy: policy }),
        doing: `changing the bandwidth of group ${groupId}`,
      });
    },
    /** From status 3 only. */
    async startGroup(groupId: string, keys: OmsKeys) {
      await call({
        method: 'PUT',
        path: `taskgroups/${groupId}/start`,
        body: { ...groupKeys(keys), ...crypto(keys) },
        doing: `starting group ${groupId}`,
        secrets: secretsOf(keys),
      });
    },
    async stopGroup(groupId: string) {
      const path = `taskgroups/${groupId}/stop`;
      await call({ method: 'PUT', path, doing: `stopping group ${groupId}` });
    },
    /** From status 4 or 5 only. */
    async retryGroup(groupId: string, keys: OmsKeys, migrateFailedObject: boolean) {
      await call({
        method: 'PUT',
        path: `taskgroups/${groupId}/retry`,
        body: { ...groupKeys(keys), migrate_failed_object: migrateFailedObject, ...crypto(keys) },
        doing: `retrying group ${groupId}`,
        secrets: secretsOf(keys),
      });
    },
    showGroup: (groupId: string) =>
      showItem(call, `taskgroups/${groupId}`, `reading group ${groupId}`, toOmsGroup),
    listGroups: (wanted: Omit<ListTasksOptions, 'groupId'>) =>
      listItems(call, 'taskgroups', wanted, 'listing groups', 'taskgroups', toOmsGroup),
  };
}

/** Success without an id leaves it open whether there is something new. */
function idIn(value: unknown, doing: string): string {
  const id = text(value);
  if (id === '') throw new ReplyError(`The answer to ${doing} has no id.`);
  return id;
}

async function listItems<Item>(
  call: (call: OmsCall) => Promise<unknown>,
  path: string,
  { status, groupId, offset, limit }: ListTasksOptions,
  doing: string,
  field: string,
  read: (value: unknown) => Item | undefined,
): Promise<OmsPage<Item>> {
  const query: Pair[] = [
    ['limit', String(limit)],
    ['offset', String(offset)],
  ];
  if (status !== undefined) query.push(['status', String(status)]);
  if (groupId !== undefined) query.unshift(['group_id', groupId]);
  const answer = record(await call({ method: 'GET', path, query, doing }));
  const items = answer[field];
  if (!Array.isArray(items)) throw new ReplyError(`The answer to ${doing} has no ${field}.`);
  const count = number(answer['count']);
  return {
    items: items.map(read).filter((item) => item !== undefined),
    ...(count !== undefined && { count }),
  };
}

/** In the order of the page; what is not given is not sent. */
const taskKeys = (keys: OmsKeys) => ({
  src_ak: keys.srcAk,
  src_sk: keys.srcSk,
  connection_string: keys.connectionString,
  json_auth_file: keys.jsonAuthFile,
  src_security_token: keys.srcSecurityToken,
  dst_ak: keys.dstAk,
  dst_sk: keys.dstSk,
  dst_security_token: keys.dstSecurityToken,
  // One edition's example says `src_cdn_…`; its table, all others and the SDKs say this.
  source_cdn_authentication_key: keys.sourceCdnAuthenticationKey,
});

/** Seen in the SDK since mid-2026 only, so they go last and only when given. */
const crypto = (keys: OmsKeys) => ({
  src_crypto_type: keys.srcCryptoType,
  src_kms_key_id: keys.srcKmsKeyId,
  dst_crypto_type: keys.dstCryptoType,
  dst_kms_key_id: keys.dstKmsKeyId,
  source_cdn_crypto_type: keys.sourceCdnCryptoType,
  source_cdn_kms_key_id: keys.sourceCdnKmsKeyId,
});

/** Groups take no security tokens. */
function groupKeys(keys: OmsKeys) {
  const { src_security_token: _src, dst_security_token: _dst, ...others } = taskKeys(keys);
  return others;
}
