import { describe, expect, it } from 'vitest';
import type { OmsTaskRef } from '../../../../../../shared/ledger/model.ts';
import { InputError } from '../../../../../../shared/lib/errors.ts';
import { keysFor } from '../../../../../../shared/providers/huawei/oms/choose-keys.ts';
import { type OmsTask, toOmsTask } from '../../../../../../shared/providers/huawei/oms/task.ts';
import { taskStateOf } from '../../../../../../shared/providers/huawei/oms/task-state.ts';
import type { OmsSet } from '../../../../../../shared/stores/credential-kinds.ts';

const KMS_ID = '11111111-2222-3333-4444-555555555555';
const place = {
  kind: 'oms',
  region: 'cn-north-4',
  projectId: 'p1',
  credentials: 'photos',
} as const;
const v1: OmsTaskRef = { ...place, version: 'v1', taskId: '16' };
const v2: OmsTaskRef = { ...place, version: 'v2', taskId: '4042' };
const inGroup: OmsTaskRef = { ...place, version: 'v2', groupId: 'g1' };
const dst = { dstAk: 'canary-dst-ak', dstSk: 'canary-dst-sk' };
const pair = { srcAk: 'canary-src-ak', srcSk: 'canary-src-sk' };

const readingOf = (cloud: string, type = 'object') =>
  taskStateOf(toOmsTask({ id: 1, task_type: type, src_node: { cloud_type: cloud } }) as OmsTask);

function faultOf(act: () => unknown): string {
  try {
    act();
  } catch (error) {
    if (!(error instanceof InputError)) throw error;
    expect(error.code).toBe('BODY_INVALID');
    expect(error.errors).toMatchObject([{ path: 'credentials' }]);
    expect(JSON.stringify([error.message, error.errors])).not.toContain('canary');
    return error.errors[0]?.message ?? '';
  }
  return 'none';
}

describe('the keys of a start', () => {
  it('are a source and a destination pair', () => {
    expect(keysFor(v2, readingOf('AWS'), { ...pair, ...dst })).toEqual({ ...pair, ...dst });
    expect(keysFor(v1, readingOf('Aliyun'), { ...pair, ...dst })).toEqual({ ...pair, ...dst });
    expect(keysFor(inGroup, readingOf('AWS'), { ...pair, ...dst })).toEqual({ ...pair, ...dst });
  });

  it('never hold what is for other uses', () => {
    const set: OmsSet = {
      ...pair,
      ...dst,
      sdkAk: 'a',
      sdkSk: 'b',
      sdkSecurityToken: 'c',
      sourceBuckets: ['d'],
    };
    expect(keysFor(v2, readingOf('AWS'), set)).toEqual({ ...pair, ...dst });
    expect(keysFor(v1, readingOf('AWS'), set)).toEqual({ ...pair, ...dst });
  });

  it.each([
    ['by type', readingOf('AWS', 'url_list')],
    ['by source', readingOf('URLSource')],
  ])('are those of the destination alone for a URL list, known %s', (_name, reading) => {
    const more = { dstSecurityToken: 't', dstCryptoType: 'KMS', dstKmsKeyId: KMS_ID } as const;
    expect(keysFor(v2, reading, { ...pair, ...dst })).toEqual(dst);
    expect(keysFor(v2, reading, dst)).toEqual(dst);
    expect(keysFor(v2, reading, { ...pair, ...dst, ...more, srcSecurityToken: 's' })).toEqual({
      ...dst,
      ...more,
    });
  });

  it.each(['Azure', 'azure', 'AZURE'])('hold the connection string of %s', (cloud) => {
    const set = { ...dst, connectionString: 'canary-connection' };
    expect(keysFor(v2, readingOf(cloud), set)).toEqual(set);
    expect(faultOf(() => keysFor(v2, readingOf(cloud), { ...dst, ...pair }))).toBe(
      'expected a set with connection string',
    );
  });

  it.each(['Google', 'google'])('hold the key file of %s', (cloud) => {
    const set = { ...dst, jsonAuthFile: '{"canary":1}' };
    expect(keysFor(v2, readingOf(cloud), set)).toEqual(set);
    expect(faultOf(() => keysFor(v2, readingOf(cloud), { ...dst, ...pair }))).toBe(
      'expected a set with key file of the service account',
    );
  });

  it.each<[string, OmsTaskRef, OmsSet]>([
    ['v1', v1, dst],
    ['v2', v2, dst],
    ['a group', inGroup, dst],
    ['v1 with half of it', v1, { ...dst, srcAk: 'canary' }],
    ['v2 with the other half', v2, { ...dst, srcSk: 'canary' }],
    ['v2 with a connection string', v2, { ...dst, connectionString: 'canary' }],
  ])('lack a source pair: %s', (_name, ref, set) => {
    expect(faultOf(() => keysFor(ref, readingOf('AWS'), set))).toBe(
      'expected a set with source key pair',
    );
  });

  it('lack a source pair when nothing is told about the source', () => {
    expect(faultOf(() => keysFor(v2, readingOf(''), dst))).toContain('source key pair');
  });

  it('lack a source pair for a URL list of v1, which makes no exception for it', () => {
    expect(faultOf(() => keysFor(v1, readingOf('URLSource'), dst))).toContain('source key pair');
  });

  it.each(['srcSecurityToken', 'dstSecurityToken'])('of v1 and of groups take no %s', (token) => {
    const set = { ...pair, ...dst, [token]: 'canary' };
    for (const ref of [v1, inGroup]) {
      expect(faultOf(() => keysFor(ref, readingOf('AWS'), set))).toBe(
        'expected a set without security tokens',
      );
    }
    expect(keysFor(v2, readingOf('AWS'), set)).toEqual(set);
  });

  it.each(['srcCryptoType', 'dstCryptoType', 'sourceCdnCryptoType'])(
    'of v1 can not be encrypted: %s',
    (type) => {
      const set = { ...pair, ...dst, [type]: 'KMS' };
      expect(faultOf(() => keysFor(v1, readingOf('AWS'), set))).toBe(
        'expected a set without encrypted secrets',
      );
      const plain = { ...pair, ...dst, [type]: 'DEFAULT' };
      expect(keysFor(v1, readingOf('AWS'), plain)).toEqual(plain);
    },
  );

  it('name the set that lacks something', () => {
    expect(() => keysFor(v2, readingOf('AWS'), dst)).toThrow(
      'The credential set photos has no source key pair.',
    );
  });
});
