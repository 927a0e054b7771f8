/** A migration of a simulated bucket of S3 into OBS, by OMS tasks that Waybill creates. */
import { expect, it } from 'vitest';
import { type MigrationView, startMigrations, sumOf } from '../fixtures/migration.ts';

const OBS = 'obs://ap-southeast-3/target/backup/photos/';

const contentsOf = (count: number): Record<string, string> =>
  Object.fromEntries(
    Array.from({ length: count }, (_, n) => [`photos/${n} +ü.jpg`, `content ${n}`]),
  );

const AWS = { kind: 's3', addressing: 'path' } as const;

it('carries a bucket into OBS from its list to its end, by tasks made from lists, none twice', {
  timeout: 90_000,
}, async () => {
  const contents = contentsOf(60);
  const live = await startMigrations(contents, {
    source: AWS,
    huawei: {
      region: 'ap-southeast-3',
      runMs: 50,
      source: ({ key }) => Buffer.from(contents[key] ?? ''),
    },
    faults: [{ api: 'oms-create', kind: 'reset-after', nth: [2] }],
  });
  await live.start();
  const id = await live.open({ target: OBS, route: 'oms-list', pilot: 5 });
  const done = await live.reaches(id, 'completed');
  expect(done.counts).toMatchObject({
    listed: 60,
    succeeded: 60,
    failed: 0,
    planned: 0,
    submitted: 0,
  });
  expect(sumOf(done)).toBe(60);
  const { huawei } = live.simulator;
  expect(huawei?.stats().created).toHaveLength(2);
  const arrived = [...(huawei?.obs.paths() ?? [])].filter((path) =>
    path.startsWith('target/backup/'),
  );
  expect(arrived.sort()).toEqual(
    Object.keys(contents)
      .map((key) => `target/backup/${key}`)
      .sort(),
  );
  expect([...(huawei?.tasks.all() ?? [])].map(({ created }) => created)).toMatchObject([
    {
      task_type: 'list',
      object_overwrite_mode: 'NO_OVERWRITE',
      dst_node: { save_prefix: 'backup/' },
    },
    { task_type: 'list', src_node: { cloud_type: 'AWS', bucket: 'examplebucket' } },
  ]);
});

it('has what failed in a task in failed.csv, and OMS sends only that again', {
  timeout: 120_000,
}, async () => {
  const contents = contentsOf(40);
  let isBroken = true;
  const live = await startMigrations(contents, {
    source: AWS,
    huawei: {
      region: 'ap-southeast-3',
      runMs: 50,
      source: ({ key }) =>
        isBroken && key.startsWith('photos/7 ') ? 'UPLOAD_DST_OBJ_FAILURE' : Buffer.from(key),
    },
  });
  await live.start();
  const id = await live.open({ target: OBS, route: 'oms-list', pilot: 0, audit: 'none' });
  const failed = await live.reaches(id, 'completed');
  expect(failed.counts).toMatchObject({ listed: 40, succeeded: 39, failed: 1 });
  const report = async () => (await live.call(`/migrations/${id}/failed.csv`)).text();
  const row = 's3://examplebucket/photos/7%20%2B%C3%BC.jpg,backup/photos/7 +ü.jpg,,1,transient';
  expect((await report()).split('\r\n').slice(1)).toEqual([
    expect.stringContaining(`${row},UPLOAD_DST_OBJ_FAILURE,simulated,`),
    '',
  ]);
  isBroken = false;
  // The pass of a night leaves it to its migration, which starts the task again.
  await live.call('/nightly', {});
  const again = await live.until(async () => {
    const found = await live.show(id);
    return found.counts['failed'] === 0 && found.state === 'completed' ? found : undefined;
  });
  expect(again.counts).toMatchObject({ listed: 40, succeeded: 40, failed: 0, planned: 0 });
  expect(again.runs).toEqual(failed.runs);
  const { huawei } = live.simulator;
  const [task] = [...(huawei?.tasks.all() ?? [])];
  expect(task?.lastStart).toMatchObject({ migrate_failed_object: true });
  expect([huawei?.stats().created.length, task?.starts]).toEqual([1, 1]);
  expect((await report()).split('\r\n')).toHaveLength(2);
});

it('takes the same list once more where OMS no longer has the task', {
  timeout: 120_000,
}, async () => {
  const contents = contentsOf(30);
  let isBroken = true;
  const live = await startMigrations(contents, {
    source: AWS,
    huawei: {
      region: 'ap-southeast-3',
      runMs: 50,
      listSource: () => Object.keys(contents),
      source: ({ key }) =>
        isBroken && key.startsWith('photos/7 ') ? 'UPLOAD_DST_OBJ_FAILURE' : Buffer.from(key),
    },
  });
  await live.start();
  const id = await live.open({ target: OBS, pilot: 0, audit: 'none' });
  await live.reaches(id, 'completed');
  isBroken = false;
  for (const task of live.simulator.huawei?.tasks.all() ?? []) {
    Object.assign(task, { projectId: 'another' });
  }
  await live.steer(id, 'retry');
  const gone = await live.until(async () => {
    const text = await (await live.call(`/migrations/${id}/summary.json`)).text();
    const known = await live.show(id);
    return known.state === 'completed' && text.includes('OMS.1009') ? known : undefined;
  });
  expect(gone.counts).toMatchObject({ succeeded: 29, failed: 1 });
  await live.steer(id, 'retry');
  const done = await live.until(async () => {
    const known = await live.show(id);
    return known.state === 'completed' && known.counts['failed'] === 0 ? known : undefined;
  });
  expect(done.counts).toMatchObject({ listed: 30, succeeded: 30, failed: 0 });
  expect(sumOf(done)).toBe(30);
  expect(Object.values(done.roles)).toEqual(['list', 'move', 'retry']);
  expect(live.simulator.huawei?.stats().created).toHaveLength(2);
});

it('carries a whole prefix by one task that OMS lists itself, with the pilot in it', {
  timeout: 90_000,
}, async () => {
  const contents = contentsOf(50);
  const live = await startMigrations(contents, {
    source: AWS,
    huawei: {
      region: 'ap-southeast-3',
      runMs: 50,
      // One that the list did not have yet.
      listSource: (_, prefix) => [...Object.keys(contents), `${prefix}new`],
      source: ({ key }) =>
        key.startsWith('photos/7 ')
          ? 'UPLOAD_DST_OBJ_FAILURE'
          : Buffer.from(contents[key] ?? 'new'),
    },
  });
  await live.start();
  const id = await live.open({ target: OBS, pilot: 50, stopAbove: 90 });
  const done = await live.reaches(id, 'completed');
  expect(await (await live.call(`/migrations/${id}/plan`)).json()).toMatchObject({
    recommended: { route: 'oms-prefix' },
  });
  expect(done.counts).toMatchObject({ listed: 50, succeeded: 49, failed: 1, planned: 0 });
  expect(sumOf(done)).toBe(50);
  const { huawei } = live.simulator;
  expect([...(huawei?.tasks.all() ?? [])].map(({ created }) => created)).toMatchObject([
    { task_type: 'list', object_overwrite_mode: 'NO_OVERWRITE' },
    {
      task_type: 'prefix',
      object_overwrite_mode: 'NO_OVERWRITE',
      src_node: { cloud_type: 'AWS', bucket: 'examplebucket', object_key: ['photos/'] },
      dst_node: { bucket: 'target', save_prefix: 'backup/' },
    },
  ]);
  const certificate = await (await live.call(`/migrations/${id}/certificate.json`)).json();
  expect(certificate).toMatchObject({ verdict: 'NO-GO' });
});

it('sends again what the audit found missing or different, over what is there', {
  timeout: 120_000,
}, async () => {
  const contents = contentsOf(30);
  const live = await startMigrations(contents, {
    source: AWS,
    huawei: {
      region: 'ap-southeast-3',
      runMs: 50,
      listSource: () => Object.keys(contents),
      source: ({ key }) => Buffer.from(contents[key] ?? ''),
    },
  });
  await live.start();
  const id = await live.open({ target: OBS, pilot: 0, audit: 'head' });
  await live.reaches(id, 'completed');
  const obs = live.simulator.huawei?.obs;
  obs?.remove('target', 'backup/photos/7 +ü.jpg');
  // Of the same size.
  obs?.put('target', 'backup/photos/8 +ü.jpg', 'another 8');
  await live.steer(id, 'audit');
  const found = await live.until(async () => {
    const { audit, state } = (await live.show(id)) as {
      audit?: { missing: number };
      state: string;
    };
    return state === 'completed' && audit?.missing === 1 ? audit : undefined;
  });
  expect(found).toMatchObject({ missing: 1, different: 1 });
  expect((await live.steer(id, 'retry')).status).toBe(202);
  const done = await live.until(async () => {
    const known = (await live.show(id)) as MigrationView & { audit?: { missing: number } };
    return known.state === 'completed' && known.audit?.missing === 0 ? known : undefined;
  });
  expect(done.audit).toMatchObject({ missing: 0, different: 0 });
  expect(done.counts).toMatchObject({ listed: 30, succeeded: 30, failed: 0 });
  const task = [...(live.simulator.huawei?.tasks.all() ?? [])].at(-1);
  expect(task?.created).toMatchObject({
    task_type: 'list',
    object_overwrite_mode: 'FULL_OVERWRITE',
  });
  expect(task?.totalNum).toBe(2);
  expect(obs?.get('target', 'backup/photos/8 +ü.jpg')?.toString()).toBe('content 8');
});

it('overwrites by a catch-up what changed, and nothing else that the target has', {
  timeout: 120_000,
}, async () => {
  const contents = contentsOf(20);
  const live = await startMigrations(contents, {
    source: AWS,
    huawei: {
      region: 'ap-southeast-3',
      runMs: 50,
      listSource: () => Object.keys(contents),
      source: ({ key }) => Buffer.from(key.endsWith('7 +ü.jpg') ? 'changed' : 'as it is'),
    },
  });
  await live.start();
  const id = await live.open({ target: OBS, pilot: 0, audit: 'none' });
  await live.reaches(id, 'completed');
  const obs = live.simulator.huawei?.obs;
  obs?.put('target', 'backup/photos/7 +ü.jpg', 'older');
  obs?.put('target', 'backup/photos/new.jpg', 'of somebody');
  live.bucket.set('photos/7 +ü.jpg', 'changed', '2026-11-21T08:00:00.107Z');
  live.bucket.set('photos/new.jpg', 'as it is');
  await live.steer(id, 'catch-up');
  const done = await live.until(async () => {
    const known = await live.show(id);
    return known.state === 'completed' && known.rounds.length === 2 ? known : undefined;
  });
  expect(done.counts).toMatchObject({ listed: 22, succeeded: 22, failed: 0 });
  const tasks = [...(live.simulator.huawei?.tasks.all() ?? [])].slice(1);
  expect(tasks.map(({ overwrite, totalNum }) => `${overwrite} ${totalNum}`).sort()).toEqual([
    'FULL_OVERWRITE 1',
    'NO_OVERWRITE 1',
  ]);
  expect(obs?.get('target', 'backup/photos/7 +ü.jpg')?.toString()).toBe('changed');
  expect(obs?.get('target', 'backup/photos/new.jpg')?.toString()).toBe('of somebody');
});

it('takes no prefix where the filters leave a part of it', { timeout: 60_000 }, async () => {
  const live = await startMigrations(contentsOf(3), {
    source: AWS,
    huawei: { region: 'ap-southeast-3', runMs: 50 },
  });
  await live.start();
  const filters = { include: ['*1*'] };
  const id = await live.open({ target: OBS, route: 'oms-prefix', filters });
  const paused = await live.reaches(id, 'paused');
  expect(paused.error).toMatchObject({
    code: 'ROUTE_ABSENT',
    message: expect.stringContaining('only a part of it'),
  });
  expect(live.simulator.huawei?.stats().created).toEqual([]);
});

it('refuses routes that do not lead to the target', { timeout: 60_000 }, async () => {
  const live = await startMigrations({}, { source: AWS });
  await live.start();
  await expect(live.open({ target: OBS, route: 'cos-fetch' })).rejects.toThrow('ROUTE_ABSENT');
  await expect(live.open({ route: 'oms-list' })).rejects.toThrow('ROUTE_ABSENT');
});
