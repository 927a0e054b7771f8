/** The audit of a migration: by itself when all is moved, on request, and what the certificate says of it. */
import { expect, it } from 'vitest';
import { TARGET } from '../fixtures/live.ts';
import { startMigrations } from '../fixtures/migration.ts';

const contentsOf = (count: number): Record<string, string> =>
  Object.fromEntries(
    Array.from({ length: count }, (_, n) => [`photos/${n % 3}/${n} +ü.jpg`, `content ${n}`]),
  );

it('G13: a migration ends with an audit and a certificate, and is audited again on request', {
  timeout: 60_000,
}, async () => {
  const live = await startMigrations(contentsOf(60));
  await live.start();
  const id = await live.open({ pilot: 5 });
  const done = await live.reaches(id, 'completed');
  const read = async (name: string) => (await live.call(`/migrations/${id}/${name}`)).text();
  expect(done).toMatchObject({
    audit: { level: 'list', isWhole: true, objects: 60, proved: 60, missing: 0, extra: 0 },
    readiness: { verdict: 'NO-GO', reasons: [expect.stringMatching(/No catch-up/)] },
  });
  const first = JSON.parse(await read('certificate.json'));
  expect(first).toMatchObject({
    verdict: 'GO',
    audit: { migrationId: id, level: 'list' },
    outcomes: { listed: 60, succeeded: 60, failed: 0 },
    source: { kind: 'list', lines: 60, objects: 60 },
    target: { prefix: 'copies/', objects: 60 },
  });

  const key = 'copies/1/1 +ü.jpg';
  live.simulator.objects.delete(`${TARGET.bucket}/${key}`);
  expect((await live.steer(id, 'audit', { audit: 'head' })).status).toBe(202);
  const again = await live.until(async () => {
    const shown = await live.show(id);
    const audits = Object.values(shown.roles).filter((role) => role === 'audit');
    return shown.state === 'completed' && audits.length === 2 ? shown : undefined;
  });
  expect(again).toMatchObject({
    audit: { level: 'head', proved: 59, missing: 1 },
    counts: done.counts,
  });
  expect(again.readiness.reasons).toContain('1 object is missing at the target.');
  expect(await read('missing.csv')).toContain(`,${key},`);
  expect(JSON.parse(await read('certificate.json')).verdict).toBe('NO-GO');
  expect((await live.steer(id, 'audit', { audit: 'none' })).status).toBe(400);

  // Nothing failed, so a retry sends what the audit found, and audits again at the same level.
  expect((await live.steer(id, 'retry')).status).toBe(202);
  const last = await live.until(async () => {
    const shown = await live.show(id);
    const isAgain = Object.values(shown.roles).includes('again');
    return shown.state === 'completed' && isAgain ? shown : undefined;
  });
  expect(Object.values(last.roles).slice(-2)).toEqual(['again', 'audit']);
  expect(last).toMatchObject({ audit: { level: 'head', proved: 60 }, counts: done.counts });
  expect(live.simulator.objects.get(`${TARGET.bucket}/${key}`)).toBeDefined();
  expect((await live.steer(id, 'retry')).status).toBe(409);
});

it('G13: a migration without an audit is completed, and ready for nothing', {
  timeout: 60_000,
}, async () => {
  const live = await startMigrations(contentsOf(5));
  await live.start();
  const id = await live.open({ pilot: 0, audit: 'none' });
  const done = await live.reaches(id, 'completed');
  expect(Object.values(done.roles)).toEqual(['list', 'move']);
  expect(done.readiness.reasons).toContain('No audit has compared the target with the list.');
  expect((await live.call(`/migrations/${id}/certificate.json`)).status).toBe(404);
});
