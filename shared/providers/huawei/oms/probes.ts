/**
 * The calls of OMS that look at sources before anything moves: the check of a URL list, the clouds
 * and regions it knows, the region of a bucket and what its CDN gives out (OMS tasks reference,
 * sections 3 and 4). Values that answers leave out are undefined.
 */

import { ReplyError } from '../../../lib/errors.ts';
import { isRecord } from '../../../lib/values.ts';
import type { OmsCall } from './call.ts';
import type { OmsOrder } from './create-request.ts';
import { snake } from './create-wire.ts';
import { type OmsKeys, secretsOf } from './start-request.ts';
import { record, text } from './task.ts';

type Call = (call: OmsCall) => Promise<unknown>;

export interface ListPlace {
  readonly bucket: string;
  readonly key: string;
}

interface DataCentre {
  readonly service: string;
  readonly regions: readonly {
    readonly cloudType: string;
    readonly region: string;
    readonly description: string;
  }[];
}

export function createProbes(call: Call, region: string) {
  const post = (path: string, body: object, keys: OmsKeys, doing: string) =>
    call({
      method: 'POST',
      path: `objectstorage/${path}`,
      body: { ...body },
      doing,
      secrets: secretsOf(keys),
    });
  return {
    /** Throws ProviderError with what is wrong with the list; 404 where the region has no such call. */
    async checkUrlList({ bucket, key }: ListPlace, keys: OmsKeys): Promise<void> {
      const { dstAk: ak, dstSk: sk } = keys;
      const body = { obs_bucket: bucket, list_file_key: key, ak, sk, region };
      await post('buckets/url-source-list-file', body, keys, 'checking a URL list');
    },
    async cloudTypes(of: 'src' | 'dst'): Promise<readonly string[]> {
      const doing = 'listing clouds';
      const path = 'objectstorage/cloud-type';
      return texts(await call({ method: 'GET', path, query: [['type', of]], doing }), doing);
    },
    async dataCentres(): Promise<readonly DataCentre[]> {
      const doing = 'listing data centres';
      const answer = await call({ method: 'GET', path: 'objectstorage/data-center', doing });
      return list(answer, doing).map((each) => ({
        service: text(record(each)['service_name']),
        regions: list(record(each)['region_list'] ?? [], doing).map((one) => ({
          cloudType: text(record(one)['cloud_type']),
          region: text(record(one)['value']),
          description: text(record(one)['description']),
        })),
      }));
    },
    /** Where a bucket is, and whether OMS moves it. */
    async bucketRegion(
      { cloudType, bucket, appId }: Pick<OmsOrder['srcNode'], 'cloudType' | 'bucket' | 'appId'>,
      keys: OmsKeys,
    ): Promise<{ readonly id: string; readonly isSupported: boolean }> {
      const doing = 'looking up the region of a bucket';
      const body = {
        cloud_type: cloudType,
        bucket_name: bucket,
        app_id: appId,
        ...sourceKeys(keys),
      };
      const answer = record(await post('buckets/regions', body, keys, doing));
      const id = text(answer['id']);
      if (id === '') throw new ReplyError(`The answer to ${doing} has no id.`);
      return { id, isSupported: answer['support'] !== false };
    },
    /** Finds a CDN that is stale or compresses, before the run. */
    async cdnInfo({ srcNode, sourceCdn }: OmsOrder, keys: OmsKeys) {
      const body = {
        ...sourceKeys(keys),
        region: srcNode.region,
        bucket: srcNode.bucket,
        prefix: { keys: srcNode.objectKey ?? [''] },
        source_cdn: {
          ...snake(sourceCdn ?? {}),
          authentication_key: keys.sourceCdnAuthenticationKey,
        },
      };
      const answer = record(await post('buckets/cdn-info', body, keys, 'checking a CDN'));
      return {
        isSameCloud: answer['is_same_cloud_type'] === true,
        isDownloadable: answer['is_download_available'] === true,
        keys: list(answer['checked_keys'] ?? [], 'checking a CDN').map((each) => ({
          key: text(record(each)['key']),
          exists: record(each)['is_object_existing'] === true,
          hasSameEtag: record(each)['is_etag_matching'] === true,
        })),
      };
    },
  };
}

const sourceKeys = ({ srcAk, srcSk, connectionString, jsonAuthFile }: OmsKeys) => ({
  ak: srcAk,
  sk: srcSk,
  connection_string: connectionString,
  json_auth_file: jsonAuthFile,
});

function list(value: unknown, doing: string): readonly unknown[] {
  if (Array.isArray(value)) return value;
  throw new ReplyError(`The answer to ${doing} is no list.`);
}

const texts = (value: unknown, doing: string): readonly string[] =>
  list(value, doing).map((each) =>
    isRecord(each) ? text(each['value'] ?? each['type']) : text(each),
  );
