import { text } from 'node:stream/consumers';
import { describe, expect, it } from 'vitest';
import { ProviderError } from '../../../../../shared/lib/errors.ts';
import { createLog } from '../../../../../shared/lib/log.ts';
import type { SourceConfig } from '../../../../../shared/manifest/sources/config.ts';
import { createCreations } from '../../../../../shared/runs/oms/creations.ts';
import { readLists } from '../../../../../shared/runs/oms/remove-lists.ts';
import { isStuck } from '../../../../../shared/runs/reconcile/stuck.ts';
import {
  type CreationsSetup,
  FOREVER,
  PLACE,
  PREFIX,
  setupCreations,
  urls,
} from '../../../../fixtures/creations.ts';

const OPEN = { runId: 'r1', trigger: 'http' } as const;

const prefix = { project: PLACE, order: PREFIX };

const media: SourceConfig = {
  name: 'media',
  kind: 's3',
  bucket: 'media',
  region: 'eu-central-1',
  credentials: 'source',
};

async function setupPrefix(options: CreationsSetup = {}) {
  const made = await setupCreations(options);
  await made.creations.open(OPEN, prefix);
  const count = () => made.huawei.stats().created.length;
  return { ...made, count };
}

describe('a task that is ordered', () => {
  it('is created with the marker of its transfer, and followed to its end', async () => {
    const { creations, huawei, ledger, summaryOf, sweepAll, transfer } = await setupPrefix({
      runMs: 5,
    });
    expect(await creations.work('r1', FOREVER)).toBe('ended');
    const { stats, tasks } = huawei;
    expect(stats().created).toEqual(['[waybill:r1.0.0]']);
    const made = await transfer('r1');
    const task = tasks.get(made?.providerId ?? '');
    expect(made).toMatchObject({
      state: 'submitted',
      task: { kind: 'oms-create', makes: 'task', credentials: 'default' },
      progress: { name: task?.name },
      history: [{ event: 'ordered' }, { event: 'submitting' }, { event: 'accepted' }],
    });
    expect(task?.created).toMatchObject({
      object_overwrite_mode: 'SIZE_LAST_MODIFIED_COMPARISON_OVERWRITE',
      consistency_check: 'size_last_modified',
      enable_failed_object_recording: true,
    });
    while ((await ledger.run('r1'))?.state === 'active') await sweepAll();
    expect(await transfer('r1')).toMatchObject({
      state: 'succeeded',
      progress: { name: task?.name },
    });
    expect(await summaryOf('r1')).toMatchObject({ state: 'completed' });
  });

  it('O03: fails at once, and is never created again by itself', async () => {
    const { count, creations, huawei, later, sweepAll, transfer } = await setupPrefix();
    await creations.work('r1', FOREVER);
    const id = (await transfer('r1'))?.providerId ?? '';
    const task = huawei.tasks.get(id);
    if (!task) throw new Error('no task');
    [task.status, task.errorCode] = [4, 'TRF.0155'];
    later(120_000);
    await sweepAll();
    expect(await transfer('r1')).toMatchObject({
      state: 'failed',
      providerId: id,
      cause: { code: 'TRF.0155', class: 'source' },
    });
    later(86_400_000);
    await creations.workOnAll(FOREVER);
    expect(count()).toBe(1);
  });

  it('O05: is gone at OMS, and its transfer is final', async () => {
    const { creations, huawei, later, ledger, sweepAll, transfer } = await setupPrefix();
    await creations.work('r1', FOREVER);
    const id = (await transfer('r1'))?.providerId ?? '';
    const task = huawei.tasks.get(id);
    if (task) Object.assign(task, { projectId: 'another' });
    later(120_000);
    await sweepAll();
    expect(await transfer('r1')).toMatchObject({
      state: 'failed',
      cause: { code: 'TASK_GONE', class: 'state' },
    });
    expect((await ledger.run('r1'))?.state).toBe('completed');
  });
});

describe('G2: a create whose answer was lost', () => {
  it.each(['reset-after', 'truncate', 'empty', 'odd-shape', 'bad-gateway'] as const)(
    'O08: by %s is found by its marker, and never sent again',
    async (kind) => {
      const faults = [{ api: 'oms-create', kind } as const];
      const { count, creations, huawei, transfer } = await setupPrefix({ faults });
      expect(await creations.work('r1', FOREVER)).toBe('ended');
      const [task] = [...huawei.tasks.all()];
      expect(await transfer('r1')).toMatchObject({
        state: 'submitted',
        attempt: 1,
        providerId: task?.id,
      });
      expect(count()).toBe(1);
    },
  );

  it('and that was not taken is sent again only once it has settled', async () => {
    const faults = [{ api: 'oms-create', kind: 'reset-before', nth: [1] } as const];
    const { count, creations, later, transfer } = await setupPrefix({ faults });
    expect(await creations.work('r1', FOREVER)).toBe('waiting');
    expect(await transfer('r1')).toMatchObject({ state: 'submitting', attempt: 1 });
    later(30_000);
    expect(await creations.work('r1', FOREVER)).toBe('waiting');
    expect(count()).toBe(0);
    later(60_000);
    expect(await creations.work('r1', FOREVER)).toBe('ended');
    expect(await transfer('r1')).toMatchObject({ state: 'submitted', attempt: 2 });
    expect(count()).toBe(1);
  });

  it('and can not be looked for stays open', async () => {
    const { count, creations, later, rules, transfer } = await setupPrefix({
      faults: [{ api: 'oms-create', kind: 'reset-after' }],
      wait: async () => rules.set([{ api: 'oms-read', kind: 'internal-error' }]),
    });
    expect(await creations.work('r1', FOREVER)).toBe('waiting');
    later(120_000);
    expect(await creations.workOrLog('r1', FOREVER)).toBe('failed');
    expect(await transfer('r1')).toMatchObject({ state: 'submitting', attempt: 1 });
    rules.set([]);
    expect(await creations.work('r1', FOREVER)).toBe('ended');
    expect(await transfer('r1')).toMatchObject({ state: 'submitted', attempt: 1 });
    expect(count()).toBe(1);
  });

  it('by a kill after it left is found by the next call', async () => {
    const { count, creations, deps, later, ledger, transfer } = await setupPrefix();
    const killed = createCreations({
      ...deps,
      creator: {
        ...deps.creator,
        async create(row, ref, order) {
          const { open, sets } = deps;
          const access = await open(ref);
          await ledger.record(row.transferId, {
            state: 'submitting',
            attempt: 1,
            accepted: [],
            at: deps.now(),
            event: 'submitting',
            task: ref,
          });
          const keys = await sets.get('oms', 'default');
          if (!order) throw new Error('no order');
          await access.v2.createTask({ ...order, description: ref.marker }, keys);
          throw new Error('killed');
        },
      },
    });
    await expect(killed.work('r1', FOREVER)).rejects.toThrow('killed');
    later(120_000);
    expect(await creations.work('r1', FOREVER)).toBe('ended');
    expect(await transfer('r1')).toMatchObject({ state: 'submitted', attempt: 1 });
    expect(count()).toBe(1);
  });

  it('of a run that was cancelled meanwhile is found and followed', async () => {
    const faults = [{ api: 'oms-create', kind: 'reset-after' } as const];
    const { creations, ledger, later, rules, transfer } = await setupPrefix({
      faults,
      // Its looks find nothing, as nothing is listed yet.
      wait: async () => rules.set([{ api: 'oms-read', kind: 'internal-error' }]),
    });
    await creations.work('r1', FOREVER);
    expect((await transfer('r1'))?.state).toBe('submitting');
    await ledger.stopRun('r1', { state: 'cancelled', at: new Date(), error: undefined as never });
    rules.set([]);
    later(120_000);
    await creations.workOnAll(FOREVER);
    expect(await transfer('r1')).toMatchObject({ state: 'submitted' });
  });
});

describe('a refusal', () => {
  it.each([
    ['the quota of a day', { quotas: { created: 0 } }, 'OMS.1021'],
    ['tasks that wait', { quotas: { waiting: 0 } }, 'OMS.0077'],
  ])('for %s waits in the ledger, and goes on later', async (_name, options, code) => {
    const { count, creations, huawei, later, sweepAll, transfer } = await setupPrefix(options);
    for (let day = 0; day < 3; day += 1) {
      expect(await creations.work('r1', FOREVER)).toBe('waiting');
      expect(await transfer('r1')).toMatchObject({
        state: 'planned',
        cause: { code, class: 'quota' },
      });
      const calls = huawei.stats().calls['v2 create'];
      // Not before its time, however often it is looked at.
      later(60_000);
      await creations.work('r1', FOREVER);
      expect(huawei.stats().calls['v2 create']).toBe(calls);
      later(86_400_000);
      await sweepAll();
    }
    expect(count()).toBe(0);
  });

  it('of the request ends the transfer with its cause', async () => {
    const { creations, transfer } = await setupCreations();
    const slot = { start: '01:00', end: '02:00', maxBandwidth: 1_048_576 };
    const order = { ...PREFIX, bandwidthPolicy: [slot, slot] };
    await creations.open(OPEN, { project: PLACE, order });
    expect(await creations.work('r1', FOREVER)).toBe('ended');
    const cause = { code: 'OMS.0085', class: 'request' };
    expect(await transfer('r1')).toMatchObject({ state: 'failed', attempt: 1, cause });
  });

  it('of temporary keys for a group is told without asking OMS', async () => {
    const token = { srcAk: 'a', srcSk: 'b', dstAk: 'c', dstSk: 'd', dstSecurityToken: 'canary-t' };
    const made = await setupCreations({ sets: { own: token } });
    await made.creations.open(OPEN, { ...prefix, makes: 'group', credentials: 'own' });
    await made.creations.work('r1', FOREVER);
    const transfer = await made.transfer('r1');
    expect(transfer).toMatchObject({
      state: 'failed',
      cause: { provider: 'waybill', class: 'request' },
    });
    expect(transfer?.cause?.message).toContain('A group takes no security tokens');
    expect(JSON.stringify(transfer)).not.toContain('canary');
    await made.creations.open({ ...OPEN, runId: 'r2' }, { ...prefix, credentials: 'own' });
    await made.creations.work('r2', FOREVER);
    expect((await made.transfer('r2'))?.state).toBe('submitted');
  });
});

describe('a region without a free place', () => {
  const AN_HOUR = 3_600_000;

  async function setupFull(makes: 'task' | 'group') {
    const made = await setupCreations();
    const { creations, huawei, later, ledger } = made;
    const about = { region: PLACE.region, projectId: PLACE.projectId } as const;
    const taken = Array.from({ length: 5 }, () =>
      makes === 'task'
        ? huawei.tasks.add({ ...about, apiVersion: 'v2', status: 2 })
        : huawei.groups.add({ ...about, status: 2 }),
    );
    await creations.open(OPEN, { ...prefix, makes });
    await creations.work('r1', FOREVER);
    later(7 * AN_HOUR);
    const stuck = async () => {
      const run = await ledger.run('r1');
      const shards = await Array.fromAsync(ledger.shards('r1'));
      return run && isStuck(run, shards, { ledger, now: made.deps.now });
    };
    return { ...made, stuck, taken };
  }

  it.each(['task', 'group'] as const)(
    'keeps a %s waiting, which is no stuck run',
    async (makes) => {
      const { creations, huawei, stuck, taken, transfer } = await setupFull(makes);
      expect(await stuck(), 'nobody looked').toBe(true);
      expect(await creations.work('r1', FOREVER)).toBe('waiting');
      expect(await stuck()).toBe(false);
      expect(await transfer('r1')).toMatchObject({
        state: 'planned',
        attempt: 1,
        cause: { code: 'REGION_FULL', class: 'quota' },
      });
      // At once, not after the time that a refusal takes.
      for (const each of taken) each.status = 3;
      expect(await creations.work('r1', FOREVER)).toBe('ended');
      expect(await transfer('r1')).toMatchObject({ state: 'submitted' });
      expect((await transfer('r1'))?.cause).toBeUndefined();
      expect(huawei.stats().created).toHaveLength(1);
    },
  );
});

describe('a list', () => {
  it('of URLs becomes list files and a task for each, as the region has room', async () => {
    const made = await setupCreations({ limits: { lines: 2, bytes: 1e9 }, most: 2, runMs: 60_000 });
    const { creations, huawei, ledger, order, transfer } = made;
    await order('r1', `${urls(5)}{"url": "ftp://a/b", "key": "x"}\n`);
    expect(await creations.work('r1', FOREVER)).toBe('waiting');
    expect(await ledger.run('r1')).toMatchObject({
      state: 'active',
      target: { region: PLACE.region, bucket: 'target' },
      counts: { lines: 4, quarantined: 1, planned: 1, submitted: 2 },
    });
    expect([...huawei.obs.paths()].sort()).toEqual(
      [1, 2, 3].map((n) => `target/waybill/lists/r1/000${n}.txt`),
    );
    expect(huawei.obs.get('target', 'waybill/lists/r1/0003.txt')?.toString()).toBe(
      'http://a.example/4\t4\n',
    );
    expect(huawei.stats().calls['v2 check list']).toBe(2);
    for (const task of huawei.tasks.all()) task.status = 5;
    expect(await creations.work('r1', FOREVER)).toBe('ended');
    expect(huawei.stats().created).toEqual([0, 1, 2].map((n) => `[waybill:r1.0.${n}]`));
    const last = huawei.tasks.get((await transfer('r1', 2))?.providerId ?? '');
    expect(last?.created).toMatchObject({
      task_type: 'url_list',
      src_node: {
        cloud_type: 'URLSource',
        list_file: { list_file_key: 'waybill/lists/r1/0003.txt' },
      },
    });
  });

  it('becomes one group over its folder where that is asked for', async () => {
    const { creations, huawei, order, transfer } = await setupCreations({
      limits: { lines: 2, bytes: 1e9 },
    });
    await order('r1', urls(5), { makes: 'group' });
    expect(await creations.work('r1', FOREVER)).toBe('ended');
    const group = huawei.groups.get((await transfer('r1'))?.providerId ?? '');
    expect(group?.created).toMatchObject({
      task_type: 'URL_LIST',
      src_node: { list_file: { list_file_key: 'waybill/lists/r1/', list_file_num: '3' } },
    });
    expect([...huawei.tasks.all()]).toHaveLength(1);
  });

  it('of a source is an object list with keys, of the cloud and region of the source', async () => {
    const { creations, huawei, order, transfer } = await setupCreations({
      sources: { find: () => media },
    });
    await order('r1', '{"url": "s3://media/a/1.jpg", "key": "to/a/1.jpg"}\n');
    await creations.work('r1', FOREVER);
    const task = huawei.tasks.get((await transfer('r1'))?.providerId ?? '');
    expect(task?.created).toMatchObject({
      task_type: 'list',
      src_node: { cloud_type: 'AWS', region: 'eu-central-1', bucket: 'media' },
      dst_node: { save_prefix: 'to/' },
    });
    expect(huawei.obs.get('target', 'waybill/lists/r1/0001.txt')?.toString()).toBe('a/1.jpg\n');
  });

  it('G1: accounts for every line: those that can not be listed are in rejected.csv', async () => {
    const { creations, huawei, ledger, objects, order, summaryOf, sweepAll, later } =
      await setupCreations();
    await order('r1', `{"url": "ftp://a/b", "key": "x"}\n${urls(2)}`);
    await creations.work('r1', FOREVER);
    for (const task of huawei.tasks.all()) task.status = 5;
    later(120_000);
    await sweepAll();
    expect(await ledger.run('r1')).toMatchObject({ state: 'completed' });
    expect(await text(objects.read('reports/r1/rejected.csv'))).toMatch(/\n1,0,URL_SCHEME,/);
    expect(await summaryOf('r1')).toMatchObject({
      counts: { lines: 2, quarantined: 1, succeeded: 1 },
    });
  });

  it('goes on after a kill with the files that are missing', async () => {
    const { creations, deps, huawei, order } = await setupCreations({
      limits: { lines: 2, bytes: 1e9 },
    });
    await order('r1', urls(5));
    let writes = 0;
    const killed = createCreations({
      ...deps,
      lists: {
        ...deps.lists,
        write(place, content, keys) {
          writes += 1;
          if (writes === 2) throw new Error('killed');
          return deps.lists.write(place, content, keys);
        },
      },
    });
    await expect(killed.work('r1', FOREVER)).rejects.toThrow('killed');
    const before = huawei.stats().calls['obs put'];
    expect(await creations.work('r1', FOREVER)).toBe('ended');
    expect(huawei.stats().calls['obs put']).toBe((before ?? 0) + 2);
    expect(huawei.stats().created).toHaveLength(3);
  });

  it.each([
    [
      'G10: changed',
      async (put: (text: string) => Promise<unknown>) => put(urls(3)),
      'MANIFEST_CHANGED',
    ],
    ['of nothing that can be listed', undefined, 'MANIFEST_INVALID'],
  ])('that is %s fails its run with one clear error', async (_name, change, code) => {
    const { creations, huawei, ledger, objects, order } = await setupCreations();
    await order('r1', change ? urls(2) : 'no json\n');
    await change?.((text) => objects.put('oms-lists/cn-north-4/target/r1.jsonl', text));
    expect(await creations.work('r1', FOREVER)).toBe('ended');
    expect(await ledger.run('r1')).toMatchObject({ state: 'failed', error: { code } });
    expect(huawei.stats().created).toEqual([]);
  });

  it('that OMS refuses in its check is never made a task', async () => {
    const { deps, huawei, order, transfer } = await setupCreations();
    const { lists } = deps;
    const write: typeof lists.write = async (place, content, keys) => {
      const sizeBytes = await lists.write(place, content, keys);
      huawei.obs.put(place.bucket, place.key, 'no URL');
      return sizeBytes;
    };
    const creations = createCreations({ ...deps, lists: { ...lists, write } });
    await order('r1', urls(1));
    expect(await creations.work('r1', FOREVER)).toBe('ended');
    expect(await transfer('r1')).toMatchObject({ state: 'failed', cause: { code: 'TRF.0016' } });
    expect(huawei.stats().calls['v2 create']).toBeUndefined();
  });
});

describe('list files', () => {
  const A_DAY = 86_400_000;

  async function setupEnded(status: 4 | 5, options: CreationsSetup = {}) {
    const made = await setupCreations({ limits: { lines: 2, bytes: 1e9 }, ...options });
    await made.order('r1', urls(5));
    await made.creations.work('r1', FOREVER);
    const lists = () => [...made.huawei.obs.paths()].filter((path) => path.includes('/waybill/'));
    const end = async () => {
      for (const task of made.huawei.tasks.all()) task.status = status;
      made.later(120_000);
      await made.sweepAll();
      await made.creations.workOnAll(FOREVER);
    };
    return { ...made, end, lists };
  }

  it('are removed once no task needs them, and forgotten', async () => {
    const { creations, end, huawei, ledger, lists } = await setupEnded(5);
    await creations.workOnAll(FOREVER);
    expect(lists()).toHaveLength(3);
    await end();
    expect(lists()).toEqual([]);
    expect(await readLists(ledger)).toEqual({});
    const asked = huawei.stats().calls['obs head'];
    await creations.workOnAll(FOREVER);
    expect(huawei.stats().calls['obs head']).toBe(asked);
  });

  it('stay for tasks that may be started again, for 30 days', async () => {
    const { creations, end, later, lists } = await setupEnded(4);
    await end();
    later(29 * A_DAY);
    await creations.workOnAll(FOREVER);
    expect(lists()).toHaveLength(3);
    later(2 * A_DAY);
    await creations.workOnAll(FOREVER);
    expect(lists()).toEqual([]);
  });

  it('that were handed on to another run go at once', async () => {
    const { creations, end, ledger, lists } = await setupEnded(4);
    await end();
    await ledger.handOver('r1', 'r2');
    await creations.workOnAll(FOREVER);
    expect(lists()).toEqual([]);
  });

  it('that the keys may not remove are left, and nobody asks again', async () => {
    const { deps, end, ledger, lists, rules } = await setupEnded(5);
    rules.set([{ api: 'obs', kind: 'internal-error' }]);
    await end();
    rules.set([]);
    const refused = createCreations({
      ...deps,
      lists: {
        ...deps.lists,
        remove: () =>
          Promise.reject(
            new ProviderError('AccessDenied', {
              provider: 'huawei',
              providerCode: 'AccessDenied',
              status: 403,
              class: 'credentials',
            }),
          ),
      },
    });
    await refused.workOnAll(FOREVER);
    expect([lists().length, await readLists(ledger)]).toEqual([3, {}]);
  });

  it('that can not be removed now are tried again', async () => {
    const { creations, end, ledger, lists, rules } = await setupEnded(5);
    rules.set([{ api: 'obs', kind: 'internal-error' }]);
    await end();
    expect([lists().length, Object.keys(await readLists(ledger))]).toEqual([3, ['r1']]);
    rules.set([]);
    await creations.workOnAll(FOREVER);
    expect([lists().length, Object.keys(await readLists(ledger))]).toEqual([0, []]);
  });
});

it('G6: O06: keys are in no log, ledger, object, error or report', async () => {
  const lines: string[] = [];
  const log = createLog({ level: 'debug', write: (line) => lines.push(line) });
  const canary = {
    srcAk: 'canary-src-ak',
    srcSk: 'canary-src-sk',
    dstAk: 'canary-dst-ak',
    dstSk: 'canary-dst-sk',
  };
  const made = await setupCreations({ sets: { own: canary } });
  const creations = createCreations({ ...made.deps, log });
  const runs = [
    ['r1', 'task', {}],
    ['r2', 'group', {}],
    ['r3', 'task', { consistencyCheck: 'crc64' }],
  ] as const;
  for (const [runId, makes, more] of runs) {
    const order = {
      ...PREFIX,
      ...more,
      srcNode: { ...PREFIX.srcNode, cloudType: 'Aliyun' as const },
    };
    await creations.open({ ...OPEN, runId }, { project: PLACE, credentials: 'own', makes, order });
    await creations.work(runId, FOREVER);
  }
  // Its destination keys are none that OBS knows: the list can't be written.
  await made.order('r4', urls(1), { credentials: 'own' });
  await creations.work('r4', FOREVER);
  expect(await made.ledger.run('r4')).toMatchObject({
    state: 'failed',
    error: { class: 'credentials' },
  });
  made.later(120_000);
  for (const task of made.huawei.tasks.all()) task.status = 4;
  await made.sweepAll();
  const kept = [lines.join('')];
  for (const [runId] of [...runs, ['r4'] as const]) {
    kept.push(JSON.stringify([await made.ledger.run(runId), await made.transfer(runId)]));
  }
  for await (const { key } of made.objects.list('')) kept.push(await text(made.objects.read(key)));
  expect(kept.join('\n')).not.toContain('canary');
  expect(lines.length).toBeGreaterThan(0);
});
