/** Completes what a request or an uploaded list asks OMS to create, from the configuration. */
import type * as v from 'valibot';
import { InputError } from '../lib/errors.ts';
import { withoutUndefined } from '../lib/values.ts';
import { parseFileName } from '../manifest/key.ts';
import { type OmsProject, REGION } from '../providers/huawei/config.ts';
import type { CreateOrder } from '../runs/oms/order.ts';
import type { ObjectInfo, Objects } from '../stores/objects.ts';
import type { createGroupBody, createTaskBody } from './oms-creation.ts';
import { completePlace } from './oms-task-refs.ts';

type Body = v.InferOutput<typeof createTaskBody> | v.InferOutput<typeof createGroupBody>;

const listOf = ({ etag, key }: ObjectInfo, bucket: string) => ({ key, etag, bucket });

/** @throws InputError (BODY_INVALID, NOT_FOUND); StoreError */
export async function orderOfRequest(
  makes: 'task' | 'group',
  { credentials, list: asked, projectId, region, ...given }: Body,
  {
    objects,
    projects,
  }: { readonly objects: Pick<Objects, 'head'>; readonly projects: readonly OmsProject[] },
): Promise<CreateOrder> {
  const project = completePlace(withoutUndefined({ region, projectId, credentials }), projects);
  const info = asked && (await objects.head(asked.key));
  if (asked && !info) {
    const fault = { path: 'list.key', message: 'expected the key of an object in the store' };
    throw new InputError('NOT_FOUND', `There is no list ${asked.key}.`, [fault]);
  }
  const { srcNode, taskType } = given;
  const listed = srcNode?.cloudType === 'URLSource' ? 'url_list' : 'list';
  const plain = makes === 'group' ? 'prefix' : undefined;
  const type = taskType ?? (info ? srcNode && listed : plain);
  return {
    project,
    makes,
    ...(credentials !== undefined && { credentials }),
    ...(info && { list: listOf(info, given.dstNode.bucket) }),
    order: { ...given, ...(type !== undefined && { taskType: type }) },
  };
}

const KEY = /^oms-lists\/([^/]+)\/([^/]+)\/.*?([^/]+)$/s;

/** `oms-lists/<region>/<bucket>/<name>.csv`. @throws InputError (MANIFEST_INVALID, BODY_INVALID, NOT_FOUND) */
export function orderOfUpload(info: ObjectInfo, projects: readonly OmsProject[]): CreateOrder {
  const [, region = '', bucket = '', name = ''] = KEY.exec(info.key) ?? [];
  if (!REGION.test(region) || bucket === '') {
    const message = 'expected oms-lists/<region>/<bucket>/<name>.csv or .jsonl, optionally .gz';
    throw new InputError('MANIFEST_INVALID', `List ${info.key}: ${message}.`, [
      { path: 'key', message },
    ]);
  }
  parseFileName(name, info.key);
  return {
    project: completePlace({ region }, projects),
    list: listOf(info, bucket),
    order: { dstNode: { bucket } },
  };
}
