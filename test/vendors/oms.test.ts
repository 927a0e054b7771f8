/** OMS as the vendor's client for Python uses it; version 1 through the core of that client. */
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
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
  beforeAll(async () => {
    // Tasks run longer than the program, so that it finds each in the state it left it in.
    simulator = await startHuawei({ runMs: 600_000 });
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
    results = await runClient('huaweicloudsdkoms', {
      ...{ ...DEFAULT_HUAWEI_KEY, projectId: PROJECT, omsUrl: simulator.omsUrl },
      ...{ failed: '1', paused: '2', done: '3', old: '16', group, pausedGroup },
    });
  });
  afterAll(() => simulator?.close());

  it('lists and shows tasks', () => {
    expect(results).toMatchObject({
      list: ['1', '2', '3'],
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
    expect(simulator.stats().starts).toMatchObject({ 1: 1, 2: 0, 3: 0 });
  });

  it('stops a task that runs, and no other', () => {
    expect(results).toMatchObject({ stop: 200, stopPaused: [400, 'OMS.0066'] });
  });

  it('lists, shows, retries, stops and starts groups', () => {
    expect(results).toMatchObject({
      groups: [group, pausedGroup],
      group: 5,
      retryGroup: 200,
      stopGroup: 200,
      startGroup: 200,
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
