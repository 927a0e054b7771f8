import { describe, expect, it } from 'vitest';
import { ACCOUNT, DEFAULT_KEYS } from '../../simulator/main.ts';
import { SOURCE, startBatchMigrations, TARGET } from '../fixtures/batch-migration.ts';
import { sumOf } from '../fixtures/migration.ts';
import { putObject } from '../fixtures/providers.ts';

const KEYS = Array.from({ length: 30 }, (_, at) => `${String(at).padStart(2, '0')}.jpg`);

describe('a migration from COS to COS', () => {
  it('goes by jobs of Batch, which the plan chooses, and is audited and certified', async () => {
    const service = await startBatchMigrations(KEYS);
    await service.start();
    const migrationId = await service.open({ pilot: 5 });
    const done = await service.reaches(migrationId, 'completed');
    expect(done).toMatchObject({ route: 'cos-batch' });
    expect(done.readiness.reasons).toEqual([
      'No catch-up has shown that nothing changed since the list.',
    ]);
    expect(done.counts).toMatchObject({ listed: 30, succeeded: 30, failed: 0 });
    expect(sumOf(done)).toBe(30);
    expect(service.arrived()).toEqual(KEYS.map((key) => `copies/${key}`));
    expect(service.simulator.stats()).toMatchObject({ submissions: 0, batchJobs: 2 });
    const certificate = await service.call(`/migrations/${migrationId}/certificate.json`);
    expect(await certificate.json()).toMatchObject({ verdict: 'GO' });
  });

  it('G3: a kill while its jobs are made makes no second one', async () => {
    const service = await startBatchMigrations(KEYS, {
      // Taken, and not answered: who asks again finds the job by its marker.
      faults: [{ api: 'batch-create', kind: 'reset-after', nth: [1] }],
    });
    const program = await service.start();
    const migrationId = await service.open({ pilot: 5 });
    await service.until(async () => service.simulator.stats().batchCreates > 0 || undefined);
    await program.kill('SIGKILL');
    await service.start();
    const done = await service.reaches(migrationId, 'completed');
    expect(done.counts).toMatchObject({ listed: 30, succeeded: 30, failed: 0 });
    expect(service.simulator.stats()).toMatchObject({ batchJobs: 2 });
  });

  it('leaves alone what the target has, unless it is told to override', {
    timeout: 120_000,
  }, async () => {
    const service = await startBatchMigrations(KEYS);
    await putObject(service.simulator, `${TARGET}/copies/00.jpg`, 'older');
    await putObject(service.simulator, `${TARGET}/copies/07.jpg`, 'older');
    await service.start();
    const content = (key: string) =>
      service.simulator.objects.get(`${TARGET}/copies/${key}`)?.body?.toString();
    const kept = await service.open({ pilot: 0, audit: 'none' });
    const done = await service.reaches(kept, 'completed');
    expect(done.counts).toMatchObject({ listed: 30, succeeded: 30, failed: 0 });
    expect([content('00.jpg'), content('07.jpg'), content('08.jpg')]).toEqual([
      'older',
      'older',
      'of 08.jpg',
    ]);
    const override = { onKeyExist: 'override', pilot: 0, audit: 'none' };
    await service.reaches(await service.open(override), 'completed');
    expect([content('00.jpg'), content('07.jpg')]).toEqual(['of 00.jpg', 'of 07.jpg']);
    // All of it is there: no job is made.
    const { batchJobs } = service.simulator.stats();
    const last = await service.reaches(
      await service.open({ pilot: 0, audit: 'none' }),
      'completed',
    );
    expect(last.counts).toMatchObject({ listed: 30, succeeded: 30 });
    expect(service.simulator.stats().batchJobs).toBe(batchJobs);
  });

  it('sends by fetch what no list of Batch can say', async () => {
    const odd = ['a,b.jpg', 'c"d.jpg', 'tail '];
    const service = await startBatchMigrations([...KEYS, ...odd]);
    await service.start();
    const migrationId = await service.open({ pilot: 0 });
    const done = await service.reaches(migrationId, 'completed');
    expect(done.counts).toMatchObject({ listed: 33, succeeded: 33, failed: 0 });
    expect(service.arrived()).toEqual([...KEYS, ...odd].map((key) => `copies/${key}`).sort());
    expect(service.simulator.stats()).toMatchObject({ submissions: 3, batchJobs: 1 });
  });

  it('names what failed with its cause, and retries it by fetch', {
    timeout: 120_000,
  }, async () => {
    const service = await startBatchMigrations(KEYS);
    await service.start();
    const migrationId = await service.open({ pilot: 0, audit: 'none', start: false });
    await service.reaches(migrationId, 'planned');
    const path = `${SOURCE}/photos/04.jpg`;
    service.simulator.objects.delete(path);
    await service.steer(migrationId, 'start');
    const done = await service.reaches(migrationId, 'completed');
    expect(done.counts).toMatchObject({ listed: 30, succeeded: 29, failed: 1 });
    const failed = await (await service.call(`/migrations/${migrationId}/failed.csv`)).text();
    expect(failed.split('\r\n')[1]).toMatch(
      new RegExp(`^cos://${SOURCE}/photos/04.jpg,copies/04.jpg,,1,source,NoSuchKey,`),
    );
    await putObject(service.simulator, path, 'of 04.jpg');
    expect((await service.steer(migrationId, 'retry')).status).toBe(202);
    const again = await service.until(async () => {
      const view = await service.show(migrationId);
      return view.counts['succeeded'] === 30 && view.state === 'completed' ? view : undefined;
    });
    expect(again.counts).toMatchObject({ listed: 30, succeeded: 30, failed: 0 });
    expect(service.simulator.stats()).toMatchObject({ submissions: 1, batchJobs: 1 });
  });

  it('stops when a job is refused, and retries all of its list by fetch', async () => {
    const service = await startBatchMigrations(KEYS, { maxJobs: 0 });
    await service.start();
    const migrationId = await service.open({ pilot: 0, audit: 'none' });
    const paused = await service.reaches(migrationId, 'paused');
    expect(paused.error).toMatchObject({ code: 'STOPPED_ABOVE' });
    expect(paused.counts).toMatchObject({ listed: 30, succeeded: 0, failed: 30 });
    const failed = await (await service.call(`/migrations/${migrationId}/failed.csv`)).text();
    expect(failed.trimEnd().split('\r\n')).toHaveLength(31);
    expect(failed.split('\r\n')[1]).toMatch(/,copies\/00\.jpg,,1,quota,TooManyJobs,/);
    await service.steer(migrationId, 'resume');
    await service.until(async () => {
      const { status } = await service.steer(migrationId, 'retry');
      return status === 202 || undefined;
    });
    const done = await service.until(async () => {
      const view = await service.show(migrationId);
      return view.counts['succeeded'] === 30 && view.state === 'completed' ? view : undefined;
    });
    expect(sumOf(done)).toBe(30);
    expect(service.simulator.stats()).toMatchObject({ submissions: 30, batchJobs: 0 });
  });

  it('catches up by jobs that write over what changed', { timeout: 120_000 }, async () => {
    const service = await startBatchMigrations(KEYS.slice(0, 5));
    await service.start();
    const migrationId = await service.open({ pilot: 0, audit: 'none' });
    await service.reaches(migrationId, 'completed');
    await putObject(service.simulator, `${SOURCE}/photos/02.jpg`, 'changed');
    await putObject(service.simulator, `${SOURCE}/photos/new.jpg`, 'new');
    await service.steer(migrationId, 'catch-up');
    const done = await service.until(async () => {
      const view = await service.show(migrationId);
      return view.rounds.length === 2 && view.state === 'completed' ? view : undefined;
    });
    expect(done.counts).toMatchObject({ succeeded: 7, failed: 0 });
    const content = (key: string) =>
      service.simulator.objects.get(`${TARGET}/copies/${key}`)?.body?.toString();
    expect([content('02.jpg'), content('new.jpg')]).toEqual(['changed', 'new']);
    expect(service.simulator.stats()).toMatchObject({ submissions: 0, batchJobs: 3 });
  });

  it('takes the account of its credentials, and goes on when a set is made that lacked', async () => {
    const service = await startBatchMigrations(KEYS);
    await service.start();
    const order = { credentials: 'team', pilot: 0, audit: 'none' };
    const migrationId = await service.open(order);
    const paused = await service.reaches(migrationId, 'paused');
    expect(paused.error).toMatchObject({
      code: 'NOT_FOUND',
      message: expect.stringContaining('"team"'),
    });
    service.setKeys({ team: { ...DEFAULT_KEYS, ...ACCOUNT } });
    await service.steer(migrationId, 'resume');
    const done = await service.reaches(migrationId, 'completed');
    expect(done.counts).toMatchObject({ listed: 30, succeeded: 30, failed: 0 });
    const [runId] = done.runs.filter((each) => done.roles[each] === 'move');
    const transfers = await (await service.call(`/runs/${runId}/transfers`)).json();
    expect(transfers).toMatchObject({ transfers: [{ task: { credentials: 'team' } }] });
  });
});
