import { readFileSync } from 'node:fs';
import * as v from 'valibot';
import { describe, expect, it } from 'vitest';
import { createClock } from '../../../../../../shared/lib/clock.ts';
import { ProviderError, ReplyError, WaybillError } from '../../../../../../shared/lib/errors.ts';
import { createSend } from '../../../../../../shared/lib/http.ts';
import { strictObject } from '../../../../../../shared/lib/validate.ts';
import { signWith } from '../../../../../../shared/providers/huawei/auth.ts';
import {
  GROUP_FIELDS,
  type OmsOrder,
  orderFaults,
  TASK_FIELDS,
} from '../../../../../../shared/providers/huawei/oms/create-request.ts';
import { describeWith, markerOf } from '../../../../../../shared/providers/huawei/oms/marker.ts';
import { createOmsV2Client } from '../../../../../../shared/providers/huawei/oms/v2.ts';
import { startPeer } from '../../../../../fixtures/http.ts';
import { omsKeys } from '../../../../../fixtures/tasks.ts';

const AT = new Date('2026-11-20T02:00:00Z');

async function setup() {
  const peer = await startPeer();
  const client = createOmsV2Client({
    endpoint: peer.origin,
    region: 'cn-north-4',
    projectId: 'p1',
    authenticator: signWith({ secretId: 'ak', secretKey: 'sk' }),
    send: createSend(),
    clock: createClock({ now: () => AT }),
  });
  const sent = () => JSON.parse(peer.arrived.at(-1)?.body ?? '');
  return { client, peer, sent };
}

const ORDER: OmsOrder = {
  taskType: 'prefix',
  srcNode: { cloudType: 'AWS', region: 'us-east-1', bucket: 'media', objectKey: ['photos/'] },
  dstNode: { bucket: 'target' },
};

/** Each documented field with its value in JSON, and what stands on the wire. */
const FIELDS: readonly (readonly [name: string, given: Partial<OmsOrder>, wire: object])[] = [
  ['taskType', { taskType: 'url_list' }, { task_type: 'url_list' }],
  ['description', { description: 'nightly' }, { description: 'nightly' }],
  ['migrateSince', { migrateSince: 1_700_000_000 }, { migrate_since: 1_700_000_000 }],
  [
    'bandwidthPolicy',
    { bandwidthPolicy: [{ start: '22:00', end: '23:59', maxBandwidth: 209_715_200 }] },
    { bandwidth_policy: [{ start: '22:00', end: '23:59', max_bandwidth: 209_715_200 }] },
  ],
  [
    'smnConfig',
    {
      smnConfig: {
        topicUrn: 'urn:smn:cn-north-4:p:t',
        triggerConditions: ['SUCCESS', 'FAILURE'],
        language: 'en-us',
        messageTemplateName: 'waybill',
      },
    },
    {
      smn_config: {
        topic_urn: 'urn:smn:cn-north-4:p:t',
        trigger_conditions: ['SUCCESS', 'FAILURE'],
        language: 'en-us',
        message_template_name: 'waybill',
      },
    },
  ],
  [
    'enableMetadataMigration',
    { enableMetadataMigration: true },
    { enable_metadata_migration: true },
  ],
  ['enableRestore', { enableRestore: true }, { enable_restore: true }],
  [
    'enableFailedObjectRecording',
    { enableFailedObjectRecording: false },
    { enable_failed_object_recording: false },
  ],
  [
    'objectOverwriteMode',
    { objectOverwriteMode: 'NO_OVERWRITE' },
    { object_overwrite_mode: 'NO_OVERWRITE' },
  ],
  ['consistencyCheck', { consistencyCheck: 'no_check' }, { consistency_check: 'no_check' }],
  [
    'dstStoragePolicy',
    { dstStoragePolicy: 'DEEP_ARCHIVE' },
    { dst_storage_policy: 'DEEP_ARCHIVE' },
  ],
  ['enableRequesterPays', { enableRequesterPays: true }, { enable_requester_pays: true }],
];

const TASK_ONLY: typeof FIELDS = [
  ['taskPriority', { taskPriority: 'HIGH' }, { task_priority: 'HIGH' }],
];

const NODES: readonly (readonly [name: string, given: Partial<OmsOrder>, wire: object])[] = [
  ...(
    [
      ['cloudType', { cloudType: 'Tencent' }, { cloud_type: 'Tencent' }],
      ['region', { region: 'ap-beijing' }, { region: 'ap-beijing' }],
      ['bucket', { bucket: 'b' }, { bucket: 'b' }],
      ['appId', { appId: '1250000000' }, { app_id: '1250000000' }],
      ['objectKey', { objectKey: ['a/', ''] }, { object_key: ['a/', ''] }],
      [
        'listFile',
        { listFile: { obsBucket: 'o', listFileKey: 'l/1.txt', listFileNum: '2' } },
        { list_file: { obs_bucket: 'o', list_file_key: 'l/1.txt', list_file_num: '2' } },
      ],
    ] as const
  ).map(
    ([name, node, wire]) =>
      [
        `srcNode.${name}`,
        { srcNode: { ...ORDER.srcNode, ...node } as OmsOrder['srcNode'] },
        { src_node: wire },
      ] as const,
  ),
  ['dstNode.bucket', { dstNode: { bucket: 'other' } }, { dst_node: { bucket: 'other' } }],
  [
    'dstNode.savePrefix',
    { dstNode: { bucket: 't', savePrefix: 'backup/' } },
    { dst_node: { save_prefix: 'backup/', region: 'cn-north-4' } },
  ],
  [
    'sourceCdn',
    {
      sourceCdn: {
        domain: 'cdn.example',
        protocol: 'https',
        authenticationType: 'TENCENT_COS_D',
      },
    },
    {
      source_cdn: {
        domain: 'cdn.example',
        protocol: 'https',
        authentication_type: 'TENCENT_COS_D',
        authentication_key: omsKeys.sourceCdnAuthenticationKey,
        crypto_type: 'KMS',
        kms_key_id: omsKeys.sourceCdnKmsKeyId,
      },
    },
  ],
];

const KEYS_ON_WIRE = {
  src_node: {
    ak: omsKeys.srcAk,
    sk: omsKeys.srcSk,
    connection_string: omsKeys.connectionString,
    json_auth_file: omsKeys.jsonAuthFile,
    crypto_type: 'KMS',
    kms_key_id: omsKeys.srcKmsKeyId,
  },
  dst_node: {
    ak: omsKeys.dstAk,
    sk: omsKeys.dstSk,
    crypto_type: 'DEFAULT',
    kms_key_id: omsKeys.dstKmsKeyId,
  },
};

describe('a task that is created', () => {
  it.each([...FIELDS, ...TASK_ONLY, ...NODES])('says %s', async (_name, given, wire) => {
    const order = { ...ORDER, ...given };
    const parsed = v.parse(strictObject(TASK_FIELDS), order);
    const { client, peer, sent } = await setup();
    peer.answer({ body: '{"id": 4042, "task_name": "t"}' });
    expect(await client.createTask(parsed, omsKeys)).toEqual({ id: '4042', name: 't' });
    expect(peer.arrived[0]).toMatchObject({ method: 'POST', url: '/v2/p1/tasks' });
    expect(sent()).toMatchObject(wire);
  });

  it('takes keys and tokens from the credential set alone', async () => {
    const { client, peer, sent } = await setup();
    peer.answer({ body: '{"id": "4042", "task_name": "t"}' });
    await client.createTask(ORDER, omsKeys);
    expect(sent()).toMatchObject({
      src_node: { ...KEYS_ON_WIRE.src_node, security_token: omsKeys.srcSecurityToken },
      dst_node: { ...KEYS_ON_WIRE.dst_node, security_token: omsKeys.dstSecurityToken },
    });
    for (const name of ['ak', 'sk', 'securityToken', 'connectionString', 'jsonAuthFile']) {
      const order = { ...ORDER, srcNode: { ...ORDER.srcNode, [name]: 'x' } };
      expect(v.safeParse(strictObject(TASK_FIELDS), order).success).toBe(false);
    }
  });
});

describe('a group that is created', () => {
  it.each([...FIELDS.slice(1), ...NODES])('says %s', async (_name, given, wire) => {
    const order = { ...ORDER, ...given };
    const parsed = v.parse(strictObject(GROUP_FIELDS), order);
    const { client, peer, sent } = await setup();
    peer.answer({ body: '{"group_id": "g-1"}' });
    expect(await client.createGroup(parsed, omsKeys)).toEqual({ id: 'g-1', name: '' });
    expect(peer.arrived[0]).toMatchObject({ method: 'POST', url: '/v2/p1/taskgroups' });
    expect(sent()).toMatchObject(wire);
  });

  it.each([
    ['prefix', 'PREFIX'],
    ['list', 'LIST'],
    ['url_list', 'URL_LIST'],
  ] as const)('writes its type %s in capitals, and sends no tokens', async (taskType, written) => {
    const { client, peer, sent } = await setup();
    peer.answer({ body: '{"group_id": "g-1"}' });
    await client.createGroup({ ...ORDER, taskType }, omsKeys);
    expect(sent()).toMatchObject({ task_type: written, ...KEYS_ON_WIRE });
    expect(sent().dst_node.cloud_type).toBe('HEC');
    expect(JSON.stringify(sent())).not.toContain('token');
  });

  it('has neither single objects nor a priority', () => {
    const schema = strictObject(GROUP_FIELDS);
    expect(v.safeParse(schema, { ...ORDER, taskType: 'object' }).success).toBe(false);
    expect(v.safeParse(schema, { ...ORDER, taskPriority: 'HIGH' }).success).toBe(false);
  });
});

describe('what does not fit together', () => {
  const URL_LIST = {
    taskType: 'url_list',
    srcNode: { cloudType: 'URLSource', listFile: { obsBucket: 'o', listFileKey: 'l.txt' } },
  } as const;

  it.each<[string, Parameters<typeof orderFaults>[0], boolean, string[]]>([
    ['a prefix', ORDER, false, []],
    ['a URL list', URL_LIST, false, []],
    ['a URL list of Waybill', { ...URL_LIST, srcNode: { cloudType: 'URLSource' } }, true, []],
    [
      'a URL list of a bucket',
      { ...ORDER, taskType: 'url_list' },
      true,
      ['taskType', 'srcNode.objectKey'],
    ],
    ['two lists', URL_LIST, true, ['srcNode.listFile']],
    [
      'a prefix without any',
      { ...ORDER, srcNode: { cloudType: 'AWS', region: 'r', bucket: 'b' } },
      false,
      ['srcNode.objectKey'],
    ],
    [
      'a list of no bucket',
      { taskType: 'list', srcNode: { cloudType: 'AWS', region: 'r' } },
      true,
      ['srcNode.bucket'],
    ],
    ['a CRC-64 of AWS', { ...ORDER, consistencyCheck: 'crc64' }, false, ['consistencyCheck']],
    [
      'a CRC-64 of Aliyun',
      { ...ORDER, consistencyCheck: 'crc64', srcNode: { ...ORDER.srcNode, cloudType: 'Aliyun' } },
      false,
      [],
    ],
  ])('%s is told by its fields', (_name, order, hasList, expected) => {
    expect([...orderFaults(order, hasList)].map(([path]) => path.join('.'))).toEqual(expected);
  });

  it.each([
    [
      'overlapping slots',
      [
        ['01:00', '03:00'],
        ['03:00', '04:00'],
      ],
    ],
    ['a slot over midnight', [['22:00', '06:00']]],
    ['six slots', ['01', '02', '03', '04', '05', '06'].map((h) => [`${h}:00`, `${h}:30`])],
  ])('%s', (_name, slots) => {
    const bandwidthPolicy = slots.map(([start, end]) => ({ start, end, maxBandwidth: 1_048_576 }));
    expect(v.safeParse(strictObject(TASK_FIELDS), { ...ORDER, bandwidthPolicy }).success).toBe(
      false,
    );
  });
});

describe('O07: the description', () => {
  const { marker, descriptions } = JSON.parse(
    readFileSync('test/fixtures/cases/oms-create/description.json', 'utf8'),
  ) as { marker: string; descriptions: string[] };

  it.each([...descriptions, `${'x'.repeat(236)}𝄞𝄞`])('of %s holds the whole marker', (text) => {
    const sent = describeWith(marker, text);
    expect(sent.length).toBeLessThanOrEqual(255);
    expect(sent).not.toMatch(/[\^<>&"']/);
    expect(sent.endsWith(marker)).toBe(true);
    expect(sent.isWellFormed()).toBe(true);
  });

  it('says as much of the text as fits', () => {
    expect(describeWith(marker, 'nightly copy')).toBe(`nightly copy ${marker}`);
    expect(describeWith(marker, 'y'.repeat(400))).toHaveLength(255);
  });

  it('of one transfer is found in no other', () => {
    expect(describeWith(markerOf('r.0.10'))).not.toContain(markerOf('r.0.1'));
  });
});

describe('an answer to create', () => {
  it.each([
    ['without an id', { body: '{}' }],
    ['that is empty', { body: '' }],
    ['that is cut off', { body: '{"id": 40', breakOff: 'in-body' as const }],
    ['that is no JSON', { body: '{"id": 40' }],
  ])('O08: %s leaves it open whether there is a task', async (_name, reply) => {
    const { client, peer } = await setup();
    peer.answer(reply);
    for (const create of [client.createTask, client.createGroup]) {
      const error = await create(ORDER, omsKeys).catch((thrown: unknown) => thrown);
      expect(error).toBeInstanceOf(WaybillError);
      expect(error).toMatchObject({ sent: 'unknown', class: 'transient' });
    }
  });

  it('that quotes a key shows none of it', async () => {
    const { client, peer } = await setup();
    const body = JSON.stringify({
      error_code: 'OMS.0057',
      error_msg: `sk ${omsKeys.srcSk} is bad`,
    });
    peer.answer({ status: 400, body });
    const error = await client.createTask(ORDER, omsKeys).catch((thrown: unknown) => thrown);
    expect(error).toBeInstanceOf(ProviderError);
    expect(String(error)).not.toContain('canary');
  });
});

describe('other calls', () => {
  const policy = [{ start: '01:00', end: '05:00', maxBandwidth: 1_048_576 }];
  const wire = { bandwidth_policy: [{ start: '01:00', end: '05:00', max_bandwidth: 1_048_576 }] };

  it('delete tasks and groups, and change their bandwidth', async () => {
    const { client, peer } = await setup();
    await client.deleteTask('4042');
    await client.deleteGroup('g-1');
    await client.setTaskBandwidth('4042', policy);
    await client.setGroupBandwidth('g-1', []);
    expect(
      peer.arrived.map(({ method, url, body }) => [method, url, body && JSON.parse(body)]),
    ).toEqual([
      ['DELETE', '/v2/p1/tasks/4042', ''],
      ['DELETE', '/v2/p1/taskgroups/g-1', ''],
      ['PUT', '/v2/p1/tasks/4042/bandwidth-policy', wire],
      ['PUT', '/v2/p1/taskgroups/g-1/update', { bandwidth_policy: [] }],
    ]);
  });

  it('check a URL list with the keys of the destination', async () => {
    const { client, peer, sent } = await setup();
    await client.checkUrlList({ bucket: 'o', key: 'l.txt' }, omsKeys);
    expect(peer.arrived[0]?.url).toBe('/v2/p1/objectstorage/buckets/url-source-list-file');
    expect(sent()).toEqual({
      obs_bucket: 'o',
      list_file_key: 'l.txt',
      ak: omsKeys.dstAk,
      sk: omsKeys.dstSk,
      region: 'cn-north-4',
    });
  });

  it('tell clouds and data centres', async () => {
    const { client, peer } = await setup();
    peer.answer(
      { body: '["AWS", {"value": "Azure"}]' },
      {
        body: JSON.stringify([
          {
            service_name: 'AWS',
            region_list: [{ cloud_type: 'AWS', value: 'us-east-1', description: 'Virginia' }],
          },
        ]),
      },
    );
    expect(await client.cloudTypes('src')).toEqual(['AWS', 'Azure']);
    expect(peer.arrived[0]?.url).toBe('/v2/p1/objectstorage/cloud-type?type=src');
    expect(await client.dataCentres()).toEqual([
      {
        service: 'AWS',
        regions: [{ cloudType: 'AWS', region: 'us-east-1', description: 'Virginia' }],
      },
    ]);
  });

  it('tell the region of a bucket, and what its CDN gives out', async () => {
    const { client, peer, sent } = await setup();
    peer.answer(
      { body: '{"id": "us-east-1", "name": "Virginia", "support": true}' },
      {
        body: JSON.stringify({
          is_same_cloud_type: true,
          is_download_available: true,
          checked_keys: [{ key: 'a', is_etag_matching: false, is_object_existing: true }],
        }),
      },
    );
    const found = await client.bucketRegion({ cloudType: 'AWS', bucket: 'media' }, omsKeys);
    expect(found).toEqual({ id: 'us-east-1', isSupported: true });
    expect(sent()).toMatchObject({ cloud_type: 'AWS', bucket_name: 'media', ak: omsKeys.srcAk });
    const sourceCdn = { domain: 'cdn.example', protocol: 'http' } as const;
    expect(await client.cdnInfo({ ...ORDER, sourceCdn }, omsKeys)).toEqual({
      isSameCloud: true,
      isDownloadable: true,
      keys: [{ key: 'a', exists: true, hasSameEtag: false }],
    });
    expect(sent()).toMatchObject({
      bucket: 'media',
      prefix: { keys: ['photos/'] },
      source_cdn: { domain: 'cdn.example', authentication_key: omsKeys.sourceCdnAuthenticationKey },
    });
  });

  it('that are answered with something else are open', async () => {
    const { client, peer } = await setup();
    peer.answer({ body: '{}' });
    await expect(client.dataCentres()).rejects.toBeInstanceOf(ReplyError);
    await expect(
      client.bucketRegion({ cloudType: 'AWS', bucket: 'b' }, omsKeys),
    ).rejects.toBeInstanceOf(ReplyError);
  });
});
