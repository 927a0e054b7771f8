/** Catch-ups of migrations: what is new or changed at the source, what is gone, and when to cut over. */
import { expect, it } from 'vitest';
import { TARGET } from '../fixtures/live.ts';
import { type MigrationView, startMigrations, sumOf } from '../fixtures/migration.ts';
import { refusal } from '../fixtures/s3-peer.ts';

const contentsOf = (count: number): Record<string, string> =>
  Object.fromEntries(
    Array.from({ length: count }, (_, n) => [
      `photos/${String(n).padStart(2, '0')}.jpg`,
      `v1 ${n}`,
    ]),
  );

type Live = Awaited<ReturnType<typeof startMigrations>>;

async function catchUp(live: Live, id: string): Promise<MigrationView> {
  const { rounds } = await live.show(id);
  expect((await live.steer(id, 'catch-up')).status).toBe(202);
  return live.until(async () => {
    const shown = await live.show(id);
    if (shown.counts['planned'] !== undefined) expect(sumOf(shown)).toBe(shown.counts['listed']);
    const isDone = shown.rounds.length > rounds.length && shown.state === 'completed';
    return isDone ? shown : undefined;
  });
}

const lines = async (live: Live, path: string): Promise<readonly string[]> =>
  (await (await live.call(path)).text()).trimEnd().split('\r\n').slice(1);

const atTarget = ({ simulator }: Live, name: string): string | undefined =>
  simulator.objects.get(`${TARGET.bucket}/copies/${name}`)?.body?.toString();

it('C01, C02, C09: moves what differs from the older list of the source, whatever the target says', {
  timeout: 60_000,
}, async () => {
  const live = await startMigrations(contentsOf(12));
  await live.start();
  const id = await live.open({ pilot: 2 });
  const first = await live.reaches(id, 'completed');
  expect(first.readiness).toMatchObject({ verdict: 'NO-GO' });
  // Same size and time, other content; an older time; a new key. The copies are newer than all of them.
  live.bucket.set('photos/00.jpg', 'v2 0');
  live.bucket.set('photos/01.jpg', 'v1 1', '2019-01-01T00:00:00.000Z');
  live.bucket.set('photos/new.jpg', 'fresh');
  const second = await catchUp(live, id);
  expect(second.rounds[1]).toMatchObject({
    kind: 'catch-up',
    new: 1,
    changed: 2,
    changedBy: { etag: 1, size: 0, modified: 1 },
    unknown: 0,
    unchanged: 10,
    gone: 0,
  });
  expect(second.counts).toMatchObject({ listed: 15, succeeded: 15, failed: 0 });
  expect(live.simulator.submissions()).toHaveLength(15);
  expect(atTarget(live, '00.jpg')).toBe('v2 0');
  expect(atTarget(live, 'new.jpg')).toBe('fresh');
  expect(second.readiness.verdict).toBe('NO-GO');
  expect(second.readiness.reasons.join()).toMatch(/moved 3 objects/);
  const third = await catchUp(live, id);
  expect(third.readiness).toEqual({ verdict: 'GO', reasons: [] });
  expect(third.counts).toEqual(second.counts);
});

it('C03: an object that changed between list and fetch is moved again by the next catch-up', {
  timeout: 60_000,
}, async () => {
  const live = await startMigrations(contentsOf(4));
  await live.start();
  const id = await live.open({ pilot: 0, start: false });
  await live.reaches(id, 'planned');
  live.bucket.set('photos/00.jpg', 'changed before it was fetched');
  await live.steer(id, 'start');
  const { audit } = await live.reaches(id, 'completed');
  // What arrived is not what the list had.
  expect(audit).toMatchObject({ proved: 3, different: 1 });
  const second = await catchUp(live, id);
  expect(second.rounds[1]).toMatchObject({ changed: 1, new: 0 });
  expect(second.audit).toMatchObject({ proved: 4, different: 0 });
  expect(atTarget(live, '00.jpg')).toBe('changed before it was fetched');
});

it('C04: what was gone before it was fetched is closed by the catch-up, and the gate can be GO', {
  timeout: 60_000,
}, async () => {
  const live = await startMigrations(contentsOf(20));
  await live.start();
  const id = await live.open({ pilot: 0, start: false });
  await live.reaches(id, 'planned');
  live.bucket.delete('photos/07.jpg');
  await live.steer(id, 'start');
  const first = await live.reaches(id, 'completed');
  expect(first.counts).toMatchObject({ listed: 20, succeeded: 19, failed: 1 });
  expect(await lines(live, `/migrations/${id}/failed.csv`)).toHaveLength(1);
  const second = await catchUp(live, id);
  expect(second.counts).toMatchObject({ listed: 20, succeeded: 19, failed: 0, excluded: 1 });
  expect(second.excluded).toEqual([{ reason: 'GONE', count: 1 }]);
  expect(second.readiness).toEqual({ verdict: 'GO', reasons: [] });
  expect(await lines(live, `/migrations/${id}/gone.csv`)).toEqual([
    's3://examplebucket/photos/07.jpg,copies/07.jpg',
  ]);
  expect(await lines(live, `/migrations/${id}/failed.csv`)).toEqual([]);
});

it('takes over what failed before: moved again where it is still there, changed or not', {
  timeout: 60_000,
}, async () => {
  const live = await startMigrations(contentsOf(30));
  await live.start();
  for (const key of ['photos/03.jpg', 'photos/04.jpg']) live.bucket.hide(key);
  const id = await live.open({ pilot: 0 });
  const first = await live.reaches(id, 'completed');
  expect(first.counts).toMatchObject({ succeeded: 28, failed: 2 });
  for (const key of ['photos/03.jpg', 'photos/04.jpg']) live.bucket.show(key);
  live.bucket.set('photos/04.jpg', 'v2');
  const second = await catchUp(live, id);
  expect(second.rounds[1]).toMatchObject({ changed: 1, unchanged: 29, new: 0 });
  expect(second.counts).toMatchObject({ listed: 30, succeeded: 30, failed: 0 });
  expect(atTarget(live, '04.jpg')).toBe('v2');
});

it('tells what is left out now from what is gone', { timeout: 60_000 }, async () => {
  const live = await startMigrations(contentsOf(30));
  await live.start();
  live.bucket.hide('photos/03.jpg');
  const id = await live.open({ pilot: 0 });
  expect((await live.reaches(id, 'completed')).counts).toMatchObject({ succeeded: 29, failed: 1 });
  for (const key of ['photos/03.jpg', 'photos/05.jpg']) live.bucket.archive(key);
  const second = await catchUp(live, id);
  expect(second.rounds[1]).toMatchObject({ new: 0, changed: 0, unchanged: 28, gone: 0 });
  expect(second.excluded).toEqual([{ reason: 'ARCHIVED', count: 1 }]);
  expect(second.counts).toMatchObject({ listed: 30, succeeded: 29, failed: 0, excluded: 1 });
});

it('C05: a second list that was cut short takes nothing away; the older list stands', {
  timeout: 90_000,
}, async () => {
  let isBroken = false;
  let pages = 0;
  const live = await startMigrations(contentsOf(12), {
    pageKeys: 5,
    onList: () => {
      pages += 1;
      return isBroken && pages === 3 ? refusal(403, 'AccessDenied') : undefined;
    },
  });
  await live.start();
  const id = await live.open({ pilot: 0 });
  const first = await live.reaches(id, 'completed');
  [isBroken, pages] = [true, 0];
  live.bucket.delete('photos/00.jpg');
  live.bucket.set('photos/01.jpg', 'v2');
  const failed = await catchUp(live, id);
  expect(failed.error).toMatchObject({ message: expect.stringMatching(/examplebucket/) });
  expect(failed.rounds[1]).toMatchObject({ listed: null, error: expect.any(String) });
  expect(failed.counts).toEqual(first.counts);
  expect(failed.readiness.verdict).toBe('NO-GO');
  expect(await lines(live, `/migrations/${id}/gone.csv`)).toEqual([]);
  isBroken = false;
  const again = await catchUp(live, id);
  expect(again).not.toHaveProperty('error');
  expect(again.rounds[2]).toMatchObject({ gone: 1, changed: 1, unchanged: 10 });
});
