/**
 * The provider pages the project was founded on, as acceptance tests: the request each page shows as
 * its example leaves our client as the page writes it, and the documented answer is understood.
 * docs/providers.md maps every parameter of these pages to our field.
 */
import { readFileSync } from 'node:fs';
import { describe, expect, it } from 'vitest';
import { createClock } from '../../../../shared/lib/clock.ts';
import { createSend } from '../../../../shared/lib/http.ts';
import { signWith, tokenOf } from '../../../../shared/providers/huawei/auth.ts';
import { createOmsV1Client } from '../../../../shared/providers/huawei/oms/v1.ts';
import { createOmsV2Client } from '../../../../shared/providers/huawei/oms/v2.ts';
import { createCosBatchClient } from '../../../../shared/providers/tencent/batch/client.ts';
import type { BatchJob } from '../../../../shared/providers/tencent/batch/request.ts';
import { createCosFetchClient } from '../../../../shared/providers/tencent/offline-fetch/client.ts';
import { createCosSigner } from '../../../../shared/signing/cos.ts';
import { startPeer } from '../../../fixtures/http.ts';
import { batchJob, omsKeys } from '../../../fixtures/tasks.ts';

const tencent = createCosSigner({
  credentials: { secretId: 'AKIDexample', secretKey: 'example-key' },
});
const send = createSend();

/** The one request that arrived. */
const only = <Request>(arrived: readonly Request[]): Request => {
  expect(arrived).toHaveLength(1);
  return arrived[0] as Request;
};

describe('COS offline fetch, 离线回源 (cos-offline-fetch.zh)', () => {
  it('sends the example and reads its answer', async () => {
    const peer = await startPeer();
    peer.answer({
      headers: { 'x-cos-request-id': 'NThhNWFlYjJfOGVmYTUwXzRkYjVf' },
      body: '{"code":0,"message":"SUCCESS","request_id":"NThhNjZiOTRfOGZmYTUwXzJlNWRf","data":{"taskid":"NThhNjZiOTRfOGZmYTUwXzJlNWRfMw=="}}',
    });
    const client = createCosFetchClient({
      endpoint: peer.origin,
      onKeyExist: 'override',
      send,
      sign: tencent,
    });
    const target = { region: 'ap-shanghai', bucket: 'examplebucket-1250000000' };
    const accepted = await client.submit(target, {
      url: 'examplebucket-1250000000.ap-beijing.myqcloud.com/doc',
      key: 'movie.mp4',
      successCallbackUrl: 'http://example.com/api/mocker/cos/',
      failureCallbackUrl: 'http://example.com/api/mocker/cos/',
    });
    expect(accepted.taskId).toBe('NThhNjZiOTRfOGZmYTUwXzJlNWRfMw==');
    const request = only(peer.arrived);
    expect(request).toMatchObject({ method: 'POST', url: '/examplebucket-1250000000/' });
    expect(request.headers).toMatchObject({
      'content-type': 'application/json',
      authorization: expect.stringMatching(/^q-sign-algorithm=sha1&q-ak=AKIDexample&/),
    });
    // OnKeyExist is always sent: what happens without it is not documented.
    expect(request.body).toBe(
      '{"Url":"examplebucket-1250000000.ap-beijing.myqcloud.com/doc","Key":"movie.mp4",' +
        '"SuccessCallbackUrl":"http://example.com/api/mocker/cos/",' +
        '"FailureCallbackUrl":"http://example.com/api/mocker/cos/","OnKeyExist":"override"}',
    );
  });

  it('sends MD5, and the two words of OnKeyExist or in their place IgnoreSameKey', async () => {
    const bodyOf = async (onKeyExist: 'ignore' | 'override', ignoreSameKey?: boolean) => {
      const peer = await startPeer();
      peer.answer({ body: '{"code":0,"message":"","data":{"taskid":"t"}}' });
      const client = createCosFetchClient({
        endpoint: peer.origin,
        onKeyExist,
        send,
        sign: tencent,
      });
      await client.submit(
        { region: 'r', bucket: 'b-1250000000' },
        {
          url: 'http://o/a',
          key: 'k',
          md5: 'f'.repeat(32),
          ...(ignoreSameKey !== undefined && { ignoreSameKey }),
        },
      );
      return JSON.parse(only(peer.arrived).body) as Record<string, unknown>;
    };
    expect(await bodyOf('ignore')).toMatchObject({ MD5: 'f'.repeat(32), OnKeyExist: 'ignore' });
    expect(await bodyOf('override')).toMatchObject({ OnKeyExist: 'override' });
    const both = await bodyOf('override', true);
    expect(both).toMatchObject({ IgnoreSameKey: true });
    expect(both).not.toHaveProperty('OnKeyExist');
  });
});

describe('COS Batch, CreateJob (cos-batch-create-job.en)', () => {
  const at = new Date('2019-12-19T18:00:29Z');
  const setup = async () => {
    const peer = await startPeer();
    peer.answer({
      headers: { 'content-type': 'application/xml', 'x-cos-request-id': 'NWRmYmJhYmRf' },
      body: '<CreateJobResult><JobId>53dc6228-c50b-46f7-8ad7-65e7159f1aae</JobId></CreateJobResult>',
    });
    const client = createCosBatchClient({
      endpoint: peer.origin,
      uin: '100000000001',
      appId: '1250000000',
      send,
      sign: tencent,
      clock: createClock({ now: () => at }),
    });
    return { peer, client };
  };

  it('sends the example and reads its answer', async () => {
    const { peer, client } = await setup();
    const { jobId } = await client.createJob('ap-chengdu', batchJob());
    expect(jobId).toBe('53dc6228-c50b-46f7-8ad7-65e7159f1aae');
    const request = only(peer.arrived);
    const page = readFileSync('test/fixtures/pages/cos-batch-create-job.xml', 'utf8');
    expect(request).toMatchObject({ method: 'POST', url: '/jobs', body: page });
    expect(request.headers).toMatchObject({
      date: 'Thu, 19 Dec 2019 18:00:29 GMT',
      'x-cos-appid': '1250000000',
      'content-type': 'application/xml',
      'content-length': String(Buffer.byteLength(page)),
      'content-md5': 'GXBuEgudZezDX/7/zgAc7A==',
      authorization: expect.stringContaining(
        '&q-header-list=content-length;content-md5;content-type;date;host;x-cos-appid&q-url-param-list=&q-signature=',
      ),
    });
  });

  it('fills account and region into the host', async () => {
    const client = createCosBatchClient({
      endpoint: 'https://{uin}.cos-control.{region}.myqcloud.com',
      uin: '100000000001',
      appId: '1250000000',
      send: async (request) => {
        expect(request.origin).toBe('https://100000000001.cos-control.ap-chengdu.myqcloud.com');
        expect(request.path).toBe('/jobs');
        return {
          status: 200,
          headers: {},
          body: '<CreateJobResult><JobId>j</JobId></CreateJobResult>',
        };
      },
      sign: (request) => request,
    });
    await client.createJob('ap-chengdu', batchJob());
  });

  it('sends every node of the page, in the order of its sample, escaped', async () => {
    const { peer, client } = await setup();
    await client.createJob(
      'ap-chengdu',
      batchJob({
        confirmationRequired: true,
        description: 'a < b & "c" \r\n>',
        manifest: {
          location: {
            etag: '"e"',
            objectArn: 'qcs::cos:ap-chengdu::b-1250000000/目录/manifest.csv',
            objectVersionId: 'v1',
          },
          spec: {
            fields: ['Bucket', 'Ignore', 'Key', 'VersionId'],
            format: 'COSBatchOperations_CSV_V1',
          },
        },
        operation: {
          cosPutObjectCopy: {
            targetResource: 'qcs::cos:ap-chengdu:uid/1250000000:t-1250000000',
            accessControlDirective: 'Replaced',
            accessControlGrants: [
              {
                grantee: {
                  displayName: 'n',
                  identifier: 'qcs::cam::uin/1:uin/1',
                  typeIdentifier: 'ID',
                },
                permission: 'READ',
              },
              {
                grantee: { identifier: 'qcs::cam::uin/2:uin/2', typeIdentifier: 'ID' },
                permission: 'FULL_CONTROL',
              },
            ],
            prefixReplace: true,
            resourcesPrefix: 'pic',
            targetKeyPrefix: 'abc',
            cannedAccessControlList: 'private',
            metadataDirective: 'Replaced',
            modifiedSinceConstraint: 1_576_778_429,
            unModifiedSinceConstraint: 1_576_778_430,
            newObjectMetadata: {
              cacheControl: 'no-cache',
              contentDisposition: 'inline',
              contentEncoding: 'gzip',
              contentType: 'text/plain',
              httpExpiresDate: '2020-01-01T00:00:00Z',
              sseAlgorithm: 'AES256',
              userMetadata: [
                { key: 'a', value: '1' },
                { key: 'b', value: '2' },
              ],
            },
            taggingDirective: 'Add',
            newObjectTagging: [{ key: 't', value: 'u' }],
            storageClass: 'STANDARD_IA',
          },
        },
      }),
    );
    expect(only(peer.arrived).body).toBe(
      '<CreateJobRequest><ClientRequestToken>184ce261-18af-5e3d-3e30-253723cfd937</ClientRequestToken>' +
        '<ConfirmationRequired>true</ConfirmationRequired><Description>a &lt; b &amp; "c" &#13;\n&gt;</Description>' +
        '<Manifest><Location><ETag>"e"</ETag><ObjectArn>qcs::cos:ap-chengdu::b-1250000000/目录/manifest.csv</ObjectArn>' +
        '<ObjectVersionId>v1</ObjectVersionId></Location><Spec><Fields><member>Bucket</member><member>Ignore</member>' +
        '<member>Key</member><member>VersionId</member></Fields><Format>COSBatchOperations_CSV_V1</Format></Spec></Manifest>' +
        '<Operation><COSPutObjectCopy><AccessControlDirective>Replaced</AccessControlDirective><AccessControlGrants>' +
        '<COSGrant><Grantee><DisplayName>n</DisplayName><Identifier>qcs::cam::uin/1:uin/1</Identifier>' +
        '<TypeIdentifier>ID</TypeIdentifier></Grantee><Permission>READ</Permission></COSGrant>' +
        '<COSGrant><Grantee><Identifier>qcs::cam::uin/2:uin/2</Identifier><TypeIdentifier>ID</TypeIdentifier></Grantee>' +
        '<Permission>FULL_CONTROL</Permission></COSGrant></AccessControlGrants><PrefixReplace>true</PrefixReplace>' +
        '<ResourcesPrefix>pic</ResourcesPrefix><TargetKeyPrefix>abc</TargetKeyPrefix>' +
        '<CannedAccessControlList>private</CannedAccessControlList><MetadataDirective>Replaced</MetadataDirective>' +
        '<ModifiedSinceConstraint>1576778429</ModifiedSinceConstraint>' +
        '<UnModifiedSinceConstraint>1576778430</UnModifiedSinceConstraint><NewObjectMetadata>' +
        '<CacheControl>no-cache</CacheControl><ContentDisposition>inline</ContentDisposition>' +
        '<ContentEncoding>gzip</ContentEncoding><ContentType>text/plain</ContentType>' +
        '<HttpExpiresDate>2020-01-01T00:00:00Z</HttpExpiresDate><SSEAlgorithm>AES256</SSEAlgorithm><UserMetadata>' +
        '<member><Key>a</Key><Value>1</Value></member><member><Key>b</Key><Value>2</Value></member></UserMetadata>' +
        '</NewObjectMetadata><TaggingDirective>Add</TaggingDirective><NewObjectTagging><COSTag><Key>t</Key>' +
        '<Value>u</Value></COSTag></NewObjectTagging><StorageClass>STANDARD_IA</StorageClass>' +
        '<TargetResource>qcs::cos:ap-chengdu:uid/1250000000:t-1250000000</TargetResource></COSPutObjectCopy></Operation>' +
        '<Priority>10</Priority><Report><Bucket>qcs::cos:ap-chengdu::sourcebucket-1250000000</Bucket>' +
        '<Enabled>true</Enabled><Format>Report_CSV_V1</Format><Prefix>job-result</Prefix>' +
        '<ReportScope>AllTasks</ReportScope></Report><RoleArn>qcs::cam::uin/100000000001:roleName/COS_Batch_QcsRole</RoleArn></CreateJobRequest>',
    );
  });

  const operations: readonly (readonly [BatchJob['operation'], string])[] = [
    [
      { cosInitiateRestoreObject: { expirationInDays: 7, jobTier: 'Bulk' } },
      '<COSInitiateRestoreObject><ExpirationInDays>7</ExpirationInDays><JobTier>Bulk</JobTier></COSInitiateRestoreObject>',
    ],
    [{ cosDeleteObject: {} }, '<COSDeleteObject></COSDeleteObject>'],
    [
      {
        cosPutObjectTagging: { taggingDirective: 'Add', tagSet: [{ key: 'k', value: '' }] },
      },
      '<COSPutObjectTagging><TaggingDirective>Add</TaggingDirective><TagSet><COSTag><Key>k</Key><Value></Value></COSTag></TagSet></COSPutObjectTagging>',
    ],
  ];
  it.each(operations)('sends the operation %o', async (operation, xml) => {
    const { peer, client } = await setup();
    await client.createJob('ap-chengdu', batchJob({ operation }));
    expect(only(peer.arrived).body).toContain(`<Operation>${xml}</Operation>`);
  });
});

const v2 = (origin: string) =>
  createOmsV2Client({
    endpoint: origin,
    region: 'cn-north-4',
    projectId: 'p1',
    authenticator: signWith({ secretId: 'ak', secretKey: 'sk' }),
    send,
  });
const named = { srcAk: 'src_ak', srcSk: 'src_sk', dstAk: 'dst_ak', dstSk: 'dst_sk' };
const { srcAk: _ak, srcSk: _sk, ...urlList } = named;

describe('OMS v2, start task (oms-v2-start-task.en and .zh)', () => {
  it.each([
    [
      'with the keys of both ends',
      named,
      '{"src_ak":"src_ak","src_sk":"src_sk","dst_ak":"dst_ak","dst_sk":"dst_sk","migrate_failed_object":false}',
    ],
    [
      'of a URL list',
      urlList,
      '{"dst_ak":"dst_ak","dst_sk":"dst_sk","migrate_failed_object":false}',
    ],
    [
      // The 2020 edition's example says src_cdn_…, its table and all others source_cdn_….
      'with CDN authentication',
      { ...named, sourceCdnAuthenticationKey: 'xxxxxx' },
      '{"src_ak":"src_ak","src_sk":"src_sk","dst_ak":"dst_ak","dst_sk":"dst_sk","source_cdn_authentication_key":"xxxxxx","migrate_failed_object":false}',
    ],
  ])('sends the example %s, and takes 200 without a body', async (_name, keys, body) => {
    const peer = await startPeer();
    await v2(peer.origin).startTask('4042', keys, false);
    expect(only(peer.arrived)).toMatchObject({
      method: 'POST',
      url: '/v2/p1/tasks/4042/start',
      body,
      headers: { 'content-type': 'application/json' },
    });
  });

  it('sends every field of every edition', async () => {
    const peer = await startPeer();
    await v2(peer.origin).startTask('4042', omsKeys, true);
    expect(JSON.parse(only(peer.arrived).body)).toEqual({
      src_ak: omsKeys.srcAk,
      src_sk: omsKeys.srcSk,
      connection_string: omsKeys.connectionString,
      json_auth_file: omsKeys.jsonAuthFile,
      src_security_token: omsKeys.srcSecurityToken,
      dst_ak: omsKeys.dstAk,
      dst_sk: omsKeys.dstSk,
      dst_security_token: omsKeys.dstSecurityToken,
      source_cdn_authentication_key: omsKeys.sourceCdnAuthenticationKey,
      migrate_failed_object: true,
      src_crypto_type: 'KMS',
      src_kms_key_id: omsKeys.srcKmsKeyId,
      dst_crypto_type: 'DEFAULT',
      dst_kms_key_id: omsKeys.dstKmsKeyId,
      source_cdn_crypto_type: 'KMS',
      source_cdn_kms_key_id: omsKeys.sourceCdnKmsKeyId,
    });
  });

  it('carries X-Auth-Token in place of a signature, as the English page shows', async () => {
    const peer = await startPeer();
    const source = { token: async () => 'MIIEtoken', forget() {} };
    const client = createOmsV2Client({
      endpoint: peer.origin,
      region: 'cn-north-4',
      projectId: 'p1',
      authenticator: tokenOf(source, 'cn-north-4', 'p1'),
      send,
    });
    await client.startTask('4042', named, false);
    const { headers } = only(peer.arrived);
    expect(headers['x-auth-token']).toBe('MIIEtoken');
    expect(headers).not.toHaveProperty('authorization');
  });

  it('reads the documented refusal', async () => {
    const peer = await startPeer();
    peer.answer({
      status: 400,
      body: '{"error_msg":"The task has been started.","error_code":"OMS.0065"}',
    });
    await expect(v2(peer.origin).startTask('4042', named, false)).rejects.toMatchObject({
      providerCode: 'OMS.0065',
      class: 'state',
      sent: 'no',
    });
  });
});

describe('OMS v1, 启动任务 (oms-v1-start-task.zh)', () => {
  const keys = {
    srcAk: 'source_ak',
    srcSk: 'source_sk',
    dstAk: 'target_ak',
    dstSk: 'target_sk',
    sourceCdnAuthenticationKey: 'xxxxxx',
  };
  const v1 = (origin: string) =>
    createOmsV1Client({
      endpoint: origin,
      region: 'cn-north-4',
      projectId: 'p1',
      authenticator: signWith({ secretId: 'ak', secretKey: 'sk' }),
      send,
    });

  it('sends the example, and takes 200 without a body', async () => {
    const peer = await startPeer();
    await v1(peer.origin).startTask('16', keys, false);
    expect(only(peer.arrived)).toMatchObject({
      method: 'PUT',
      url: '/v1/p1/objectstorage/task/16',
      headers: { 'content-type': 'application/json' },
      body:
        '{"operation":"start","source_ak":"source_ak","source_sk":"source_sk","target_ak":"target_ak",' +
        '"target_sk":"target_sk","source_cdn_authentication_key":"xxxxxx","migration_failed_object":false}',
    });
  });

  it('asks for failed objects only under its own name', async () => {
    const peer = await startPeer();
    await v1(peer.origin).startTask('16', keys, true);
    expect(JSON.parse(only(peer.arrived).body)).toMatchObject({ migration_failed_object: true });
  });

  it.each(['S3M.0065', 'OMS.0065'])('reads a refusal as %s', async (code) => {
    const peer = await startPeer();
    peer.answer({ status: 400, body: JSON.stringify({ error_code: code, error_msg: 'started' }) });
    await expect(v1(peer.origin).startTask('16', keys, false)).rejects.toMatchObject({
      providerCode: code,
      class: 'state',
    });
  });
});
