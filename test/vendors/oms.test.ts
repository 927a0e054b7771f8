/** OMS as the vendor's client for Python uses it; version 1 through the core of that client. */
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { createSend } from '../../shared/lib/http.ts';
import { signWith } from '../../shared/providers/huawei/auth.ts';
import { createOmsV2Client, type OmsV2Client } from '../../shared/providers/huawei/oms/v2.ts';
import {
  DEFAULT_HUAWEI_KEY,
  type HuaweiSimulator,
  startHuawei,
} from '../../simulator/huawei/simulator.ts';
import { runClient } from './programs.ts';

const PROJECT = '0123456789abcdef0123456789abcdef';
const REGION = 'cn-north-4';

describe('huaweicloudsdkoms', () => {
  let simulator: HuaweiSimulator;
  let results: Record<string, unknown>;
  let group = '';
  let pausedGroup = '';
  let ourGroup = '';
  let client: OmsV2Client;
  beforeAll(async () => {
    // Tasks run longer than the program, so that it finds each in the state it left it in.
    simulator = await startHuawei({ runMs: 600_000, running: 50 });
    const place = { region: REGION, projectId: PROJECT };
    const v2 = { ...place, apiVersion: 'v2' } as const;
    const failedObjects = [{ key: 'a', code: 'MIGRATE_SRC_ARCHIVE_OBJ_FAILURE', message: 'b' }];
    const photos = { name: 'photos', totalNum: 10, failedObjects };
    simulator.tasks.add({ ...v2, ...photos, id: '1', status: 4 });
    simulator.tasks.add({ ...v2, id: '2', status: 3 });
    simulator.tasks.add({ ...v2, id: '3', status: 5 });
    simulator.tasks.add({ ...place, apiVersion: 'v1', id: '16', status: 3 });
    group = simulator.groups.add({ ...place, status: 5 }).id;
    pausedGroup = simulator.groups.add({ ...place, status: 3 }).id;
    simulator.obs.put('target', 'lists/urls.txt', 'http://a.example/1\t1\n');
    client = createOmsV2Client({
      endpoint: `${simulator.omsUrl}/{region}`,
      ...place,
      authenticator: signWith({
        secretId: DEFAULT_HUAWEI_KEY.ak,
        secretKey: DEFAULT_HUAWEI_KEY.sk,
      }),
      send: createSend(),
    });
    const keys = { srcAk: 'a', srcSk: 'b', dstAk: 'c', dstSk: 'd' };
    const dstNode = { bucket: 'target' };
    const description = '[waybill:r.0.0]';
    const listFile = { obsBucket: 'target', listFileKey: 'lists/urls.txt' };
    const ours = await client.createTask(
      { taskType: 'url_list', srcNode: { cloudType: 'URLSource', listFile }, dstNode, description },
      { dstAk: 'c', dstSk: 'd' },
    );
    const cloudType = 'AWS' as const;
    const srcNode = { cloudType, region: 'r', bucket: 'media', objectKey: [''] };
    ourGroup = (
      await client.createGroup({ taskType: 'prefix', srcNode, dstNode, description }, keys)
    ).id;
    results = await runClient('huaweicloudsdkoms', {
      ...{ ...DEFAULT_HUAWEI_KEY, projectId: PROJECT, omsUrl: simulator.omsUrl },
      ...{ failed: '1', paused: '2', done: '3', old: '16', group, pausedGroup },
      ...{ ours: ours.id, ourGroup, region: REGION },
    });
  });
  afterAll(() => simulator?.close());

  it('lists and shows tasks', () => {
    expect(results).toMatchObject({
      list: expect.arrayContaining(['1', '2', '3']),
      failed: ['1'],
      show: ['1', 4, 1],
      missing: [400, 'OMS.1009'],
    });
  });

  it('starts a failed task, and no other', () => {
    expect(results).toMatchObject({
      start: 200,
      startAgain: [400, 'OMS.0065'],
      startDone: [400, 'OMS.0070'],
    });
    expect(simulator.stats().starts).toMatchObject({ 1: 1, 2: 0 });
  });

  it('stops a task that runs, and no other', () => {
    expect(results).toMatchObject({ stop: 200, stopPaused: [400, 'OMS.0066'] });
  });

  it('lists, shows, retries, stops and starts groups', () => {
    expect(results).toMatchObject({
      groups: [group, pausedGroup, ourGroup],
      group: 5,
      retryGroup: 200,
      stopGroup: 200,
      startGroup: 200,
    });
  });

  it('creates tasks and groups, which Waybill reads', async () => {
    expect(results).toMatchObject({ checkList: 200 });
    expect(await client.showTask(String(results['made']))).toMatchObject({
      description: 'made by the client',
      dstBucket: 'target',
      isUrlList: true,
      counts: { total: 1 },
    });
    expect(await client.showGroup(String(results['madeGroup']))).toMatchObject({
      description: 'made by the client',
      srcBucket: 'media',
      totalTasks: 1,
    });
  });

  it('reads, paces and stops what Waybill created, and deletes what does not run', () => {
    expect(results).toMatchObject({
      ours: ['[waybill:r.0.0]', 'url_list', 'lists/urls.txt'],
      bandwidth: [['01:00', '05:00', 1_048_576]],
      deleteRunning: [400, 'OMS.0063'],
      stopOurs: 200,
      delete: 200,
      ourGroup: '[waybill:r.0.0]',
      deleteGroup: [400, 'OMS.1036'],
    });
  });

  it('lists, shows, starts and stops tasks of version 1', () => {
    expect(results).toMatchObject({ v1List: ['16'], v1Show: 3, v1Started: 2, v1Stopped: 3 });
  });

  it('is refused with a wrong key, and for a foreign project', () => {
    expect(results).toMatchObject({
      wrongKey: [401, 'APIGW.0301'],
      foreign: [403, 'APIGW.0310'],
      v1Foreign: [403, 'APIGW.0310'],
    });
  });
});
