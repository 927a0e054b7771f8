/** Migrations of a simulated bucket, from list to end, through the HTTP API of the service. */
import { setTimeout as sleep } from 'node:timers/promises';
import { expect, it } from 'vitest';
import { arrived, startMigrations, sumOf } from '../fixtures/migration.ts';
import { refusal } from '../fixtures/s3-peer.ts';

const contentsOf = (count: number): Record<string, string> =>
  Object.fromEntries(
    Array.from({ length: count }, (_, n) => [`photos/${n % 3}/${n} +ü.jpg`, `content ${n}`]),
  );

it('carries a bucket from its list to its end: listed, piloted, moved', {
  timeout: 60_000,
}, async () => {
  const contents = contentsOf(120);
  const live = await startMigrations({ ...contents, 'photos/empty/': '', other: 'x' });
  await live.start();
  const id = await live.open();
  const done = await live.reaches(id, 'completed');
  expect(done.counts).toEqual({
    listed: 121,
    excluded: 1,
    bytes: Object.values(contents).join('').length,
    quarantined: 0,
    planned: 0,
    submitting: 0,
    submitted: 0,
    succeeded: 120,
    failed: 0,
    cancelled: 0,
  });
  expect(done.excluded).toEqual([{ reason: 'FOLDER_MARKER', count: 1 }]);
  expect(Object.values(done.roles)).toEqual(['list', 'pilot', 'move', 'audit']);
  expect(done.closedAt).not.toBeNull();
  expect(sumOf(done)).toBe(done.counts['listed']);
  const keys = Object.keys(contents).map((key) => key.replace('photos/', 'copies/'));
  expect(arrived(live.simulator)).toEqual(keys.sort());
  // Each object was sent once.
  expect(live.simulator.submissions()).toHaveLength(120);
});

it('stops after a pilot that failed by one cause, and says what to do; resuming retries the pilot', {
  timeout: 60_000,
}, async () => {
  const contents = contentsOf(60);
  const live = await startMigrations(contents);
  await live.start();
  // The provider finds no object at all.
  for (const key of Object.keys(contents)) live.bucket.hide(key);
  const id = await live.open();
  const stopped = await live.reaches(id, 'paused');
  expect(stopped).toMatchObject({
    resumeTo: 'pilot',
    error: { code: 'PILOT_FAILED', class: 'source' },
    counts: { listed: 60, failed: 20, planned: 40, succeeded: 0 },
  });
  expect(stopped.error?.message).toMatch(
    /^20 of 20 objects of the pilot failed by .*resume the migration/,
  );
  for (const key of Object.keys(contents)) live.bucket.show(key);
  await live.steer(id, 'resume');
  const done = await live.reaches(id, 'completed');
  expect(done.counts).toMatchObject({ listed: 60, succeeded: 60, failed: 0, planned: 0 });
  expect(Object.values(done.roles)).toEqual(['list', 'pilot', 'retry', 'move', 'audit']);
  expect(arrived(live.simulator)).toHaveLength(60);
  const pilot = done.runs.find((runId) => done.roles[runId] === 'pilot');
  const run = (await (await live.call(`/runs/${pilot}`)).json()) as { handedTo: string };
  expect(done.roles[run.handedTo]).toBe('retry');
});

it('pauses above stopAbove percent of failures, and goes on when somebody resumes it', {
  timeout: 60_000,
}, async () => {
  const contents = contentsOf(100);
  const live = await startMigrations(contents);
  await live.start();
  const keys = Object.keys(contents);
  for (const key of keys.slice(0, 30)) live.bucket.hide(key);
  const id = await live.open({ pilot: 0, stopAbove: 25 });
  const stopped = await live.reaches(id, 'paused');
  expect(stopped).toMatchObject({ resumeTo: 'moving', error: { code: 'STOPPED_ABOVE' } });
  expect(sumOf(stopped)).toBe(100);
  // It counts anew from each resume.
  const done = await live.until(async () => {
    const shown = await live.show(id);
    if (shown.state === 'paused') await live.steer(id, 'resume');
    return shown.state === 'completed' ? shown : undefined;
  });
  expect(done.counts).toMatchObject({ succeeded: 70, failed: 30 });
  const failed = await (await live.call(`/migrations/${id}/failed.csv`)).text();
  const [header, ...lines] = failed.trimEnd().split('\r\n');
  expect(header).toMatch(/^url,key,md5,/);
  expect(lines).toHaveLength(30);
  const summary = (await (await live.call(`/migrations/${id}/summary.json`)).json()) as {
    failures: readonly object[];
  };
  expect(summary.failures).toMatchObject([{ class: 'source', count: 30 }]);

  // A person retries once the objects are back; of one class or all.
  expect((await live.steer(id, 'retry', { class: ['quota'] })).status).toBe(409);
  for (const key of keys.slice(0, 20)) live.bucket.show(key);
  await live.steer(id, 'retry', { class: ['source'] });
  const again = await live.reaches(id, 'completed');
  expect(again.counts).toMatchObject({ listed: 100, succeeded: 90, failed: 10 });
  expect(sumOf(again)).toBe(100);
  const [run] = again.runs.filter((runId) => again.roles[runId] === 'move');
  expect((await live.call(`/runs/${run}/retry`, {})).status).toBe(409);
});

it('waits for a start, pauses and resumes with its runs, and is cancelled with what is left', {
  timeout: 60_000,
}, async () => {
  const live = await startMigrations(contentsOf(300), { env: { WAYBILL_COS_FETCH_RPS: '20' } });
  await live.start();
  const id = await live.open({ start: false, pilot: 10 });
  const waiting = await live.reaches(id, 'planned');
  expect(waiting.counts).toMatchObject({ listed: 300, planned: 300 });
  const plan = await live.until(async () => {
    const answer = await live.call(`/migrations/${id}/plan`);
    return answer.status === 200 ? answer.json() : undefined;
  });
  expect(plan).toMatchObject({
    recommended: { route: 'cos-fetch' },
    counts: { objects: 300 },
    routes: expect.arrayContaining([
      expect.objectContaining({
        route: 'cos-fetch',
        seconds: expect.objectContaining({ from: 15 }),
      }),
    ]),
  });
  expect(live.simulator.submissions()).toEqual([]);
  await live.steer(id, 'start');
  await live.until(async () => (live.simulator.submissions().length > 40 ? true : undefined));
  await live.steer(id, 'pause');
  const paused = await live.until(async () => {
    const { runs } = (await (await live.call(`/runs?migration=${id}&state=paused`)).json()) as {
      runs: readonly object[];
    };
    return runs.length > 0 ? live.show(id) : undefined;
  });
  expect(paused).toMatchObject({ state: 'paused', resumeTo: 'moving' });
  expect(sumOf(paused)).toBe(300);
  await live.steer(id, 'resume');
  const sent = live.simulator.submissions().length;
  await live.until(async () =>
    live.simulator.submissions().length > sent + 20 ? true : undefined,
  );
  await live.steer(id, 'cancel');
  const cancelled = await live.until(async () => {
    const { runs } = (await (await live.call(`/runs?migration=${id}&state=cancelled`)).json()) as {
      runs: readonly object[];
    };
    return runs.length > 0 ? live.show(id) : undefined;
  });
  expect(cancelled.state).toBe('cancelled');
  expect(sumOf(cancelled)).toBe(300);
  expect((await live.steer(id, 'resume')).status).toBe(409);
});

it('retries its failures at night in one run of its own, and counts each object once', {
  timeout: 60_000,
}, async () => {
  const contents = contentsOf(60);
  const live = await startMigrations(contents);
  await live.start();
  const hidden = Object.keys(contents).slice(0, 5);
  for (const key of hidden) live.bucket.hide(key);
  const id = await live.open();
  expect((await live.reaches(id, 'completed')).counts).toMatchObject({ succeeded: 55, failed: 5 });
  for (const key of hidden.slice(0, 3)) live.bucket.show(key);
  const nightRuns = (shown: { readonly roles: Readonly<Record<string, string>> }) =>
    Object.values(shown.roles).filter((role) => role === 'retry').length;
  await live.call('/nightly', {});
  const after = await live.until(async () => {
    const shown = await live.show(id);
    expect(sumOf(shown)).toBe(60);
    return shown.state === 'completed' && nightRuns(shown) === 1 ? shown : undefined;
  });
  expect(after.counts).toMatchObject({ listed: 60, succeeded: 58, failed: 2, planned: 0 });
  // The common pass leaves them alone, and the list of runs shows none of them.
  const { runs } = (await (await live.call('/runs')).json()) as {
    runs: readonly { readonly operation: string; readonly counts: { readonly lines: number } }[];
  };
  expect(runs.map(({ operation, counts }) => [operation, counts.lines])).toEqual([
    ['retry-failed-objects', 0],
  ]);
});

it('pauses when a key is refused, and goes on with its runs once it is fixed', {
  timeout: 90_000,
}, async () => {
  const live = await startMigrations(contentsOf(40));
  const service = await live.start({ TENCENTCLOUD_SECRET_KEY: 'wrong' });
  const id = await live.open({ pilot: 5 });
  const stopped = await live.reaches(id, 'paused');
  expect(stopped).toMatchObject({ resumeTo: 'pilot', error: { class: 'credentials' } });
  expect(sumOf(stopped)).toBe(40);
  await service.kill('SIGTERM');
  await live.start();
  await live.steer(id, 'resume');
  const done = await live.reaches(id, 'completed');
  expect(done.counts).toMatchObject({ listed: 40, succeeded: 40, failed: 0, cancelled: 0 });
  expect(Object.values(done.roles)).toEqual(['list', 'pilot', 'move', 'audit']);
});

it('P03: an object whose signed address ended while the provider waited is signed anew and sent again, without a night', {
  timeout: 90_000,
}, async () => {
  const urls: string[] = [];
  const live = await startMigrations(contentsOf(3), {
    // Signed a minute in the past: good for a second.
    source: { presignSeconds: 61 },
    env: { WAYBILL_MAX_ATTEMPTS: '3' },
    onGet: async (key, url) => {
      if (!key.startsWith('photos/1/')) return undefined;
      urls.push(url);
      if (urls.length > 1) return undefined;
      await sleep(1_500);
      return refusal(403, 'AccessDenied');
    },
  });
  await live.start();
  const id = await live.open({ pilot: 0, audit: 'none' });
  const done = await live.reaches(id, 'completed');
  expect(done.counts).toMatchObject({ listed: 3, succeeded: 3, failed: 0 });
  expect(urls).toHaveLength(2);
  expect(urls[0]).not.toBe(urls[1]);
  const move = done.runs.find((runId) => done.roles[runId] === 'move');
  const answer = await live.call(`/runs/${move}/transfers`);
  const { transfers } = (await answer.json()) as {
    transfers: readonly { key: string; attempt: number; history: readonly { code?: string }[] }[];
  };
  const again = transfers.find(({ attempt }) => attempt === 2);
  expect(again?.history.map(({ code }) => code)).toContain('SOURCE_ADDRESS_ENDED');
  expect(Object.values(done.roles)).not.toContain('retry');
});
