/** Migrations of a simulated bucket, from list to end, through the HTTP API of the service. */
import { expect, it } from 'vitest';
import { arrived, startMigrations, sumOf } from '../fixtures/migration.ts';

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
  expect(Object.values(done.roles)).toEqual(['list', 'pilot', 'move']);
  expect(done.closedAt).not.toBeNull();
  expect(sumOf(done)).toBe(done.counts['listed']);
  const keys = Object.keys(contents).map((key) => key.replace('photos/', 'copies/'));
  expect(arrived(live.simulator)).toEqual(keys.sort());
  // Each object was sent once.
  expect(live.simulator.submissions()).toHaveLength(120);
});
