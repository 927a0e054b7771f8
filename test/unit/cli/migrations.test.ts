/** The commands of migrations against a scripted service: what is sent, shown, and which exit code. */
import { existsSync, readdirSync } from 'node:fs';
import { join } from 'node:path';
import { expect, it } from 'vitest';
import { progressLine } from '../../../cli/migrations/text.ts';
import { createProgram } from '../../../cli/program.ts';
import { type Reply, startPeer } from '../../fixtures/http.ts';
import { MIGRATION_ID, migrationOf } from '../../fixtures/migration-view.ts';
import { runView, screen } from '../../fixtures/runs.ts';
import { temporaryFolder } from '../../fixtures/stores.ts';

const TARGET = 'cos://ap-shanghai/examplebucket-1250000000/photos/';
const RUN = runView({ state: 'active', counts: { lines: 100, succeeded: 30, submitted: 70 } });

const reply = (body: unknown, status = 200): Reply => ({ status, body: JSON.stringify(body) });
const OPENED = reply({ migrationId: MIGRATION_ID }, 202);
const noRuns = reply({ runs: [], nextCursor: null });

/** Runs `waybill` with these words against a service that answers so. */
async function call(words: readonly string[], ...replies: readonly Reply[]) {
  const peer = await startPeer();
  peer.answer(...replies);
  const [stdout, stderr] = [screen(), screen()];
  let code: number | undefined;
  const io = {
    env: { WAYBILL_URL: peer.origin, WAYBILL_TOKEN: 't' },
    stdin: { isTTY: false },
    stdout,
    stderr,
    exitsWith: (given: number) => {
      code = given;
    },
  };
  const program = createProgram(io as unknown as Parameters<typeof createProgram>[0]);
  const failure = await program.parseAsync(words, { from: 'user' }).then(
    () => undefined,
    (error: Error & { exitCode: number }) => error,
  );
  const sent = peer.arrived.map(({ method, url, body }) => ({
    call: `${method} ${url}`,
    ...(body !== '' && { body: JSON.parse(body) }),
  }));
  return { code: failure?.exitCode ?? code, failure, output: stdout.text(), sent, peer };
}

it('migrate sends source, target and everything that was said', async () => {
  const { code, output, sent } = await call(
    [
      ...['migrate', 's3://media/photos/', TARGET, '--name', 'Photos', '--route', 'cos-fetch'],
      ...['--pilot', '0', '--audit', 'none', '--on-key-exist', 'override'],
      ...['--credentials', 'shop', '--schedule', '0 3 * * *', '--stop-above', '5', '--no-start'],
      ...['--include', '*.jpg', '--include', '*.png', '--exclude', 'tmp/*', '--min-size', '1'],
      ...['--max-size', '5000000000', '--modified-since', '2026-01-01', '--prefix', 'photos/2026'],
    ],
    OPENED,
  );
  expect(sent).toEqual([
    {
      call: 'POST /migrations',
      body: {
        source: 's3://media/photos/',
        target: TARGET,
        name: 'Photos',
        route: 'cos-fetch',
        pilot: 0,
        audit: 'none',
        onKeyExist: 'override',
        credentials: 'shop',
        schedule: '0 3 * * *',
        stopAbove: 5,
        start: false,
        filters: {
          prefix: 'photos/2026',
          include: ['*.jpg', '*.png'],
          exclude: ['tmp/*'],
          minSize: 1,
          maxSize: 5_000_000_000,
          modifiedSince: '2026-01-01T00:00:00.000Z',
        },
      },
    },
  ]);
  expect(code).toBe(0);
  expect(output).toBe(
    `migration ${MIGRATION_ID}\nfollow it with: npx waybill show ${MIGRATION_ID} --watch\n`,
  );
});

it('migrate leaves to the service what was not said, under a new key each time', async () => {
  const { peer, sent } = await call(['migrate', 's3://media/', TARGET, '--json'], OPENED);
  expect(sent[0]?.body).toEqual({ source: 's3://media/', target: TARGET });
  expect(peer.arrived[0]?.headers['idempotency-key']).toMatch(/^[0-9a-f-]{36}$/);
});

it.each([
  [['lists/a.csv', TARGET], { list: { key: 'lists/a.csv' }, target: TARGET }],
  [
    ['lists/a.csv', 's3://media', TARGET, '--from', 'manifest'],
    { list: { key: 'lists/a.csv', format: 'manifest', source: 's3://media' }, target: TARGET },
  ],
])('migrate --list %j moves what a list names', async ([key = '', ...more], body) => {
  expect((await call(['migrate', '--list', key, ...more], OPENED)).sent[0]?.body).toEqual(body);
});

it.each([
  [['migrate', 's3://media/'], 'the target is missing. Add it, such as cos://'],
  [['migrate', 's3://media/', TARGET, '--from', 'manifest'], '--from is for lists. Add --list'],
  [['catch-up', 'b3f1'], 'b3f1 is not the id of a migration: these start with m.'],
  [['transfers', MIGRATION_ID], `${MIGRATION_ID} is a migration, not a run.`],
  [['cancel', MIGRATION_ID], 'nothing was cancelled: expected --yes'],
])('%j is wrong usage, and nothing is sent', async (words, message) => {
  const { code, failure, sent } = await call(words, OPENED);
  expect(failure?.message).toContain(message);
  expect(code).toBe(2);
  expect(sent).toEqual([]);
});

it.each([
  ['start', 'starts'],
  ['pause', 'is paused'],
  ['resume', 'continues'],
  ['retry', 'retries its failures'],
  ['catch-up', 'catches up'],
  ['cancel', 'is cancelled'],
])('%s steers a migration by the beginning of its id', async (action, words) => {
  const page = reply({ migrations: [migrationOf()], nextCursor: null });
  const yes = action === 'cancel' ? ['--yes'] : [];
  const { code, output, sent } = await call([action, 'm67', ...yes], page, OPENED);
  expect(sent.map(({ call: each }) => each)).toEqual([
    'GET /migrations?limit=100',
    `POST /migrations/${MIGRATION_ID}/${action}`,
  ]);
  expect(output).toContain(`migration ${MIGRATION_ID} ${words}\n`);
  expect(code).toBe(0);
});

it('retry --class limits what a migration retries', async () => {
  const words = ['retry', MIGRATION_ID, '--class', 'source', 'transient'];
  expect((await call(words, OPENED)).sent[0]?.body).toEqual({ class: ['source', 'transient'] });
});

it('show tells phase, counts, excluded, runs, rate, failures, readiness and what to do', async () => {
  const createdAt = new Date(Date.now() - 10_000).toISOString();
  const migration = migrationOf({
    counts: {
      ...{ excluded: 3, quarantined: 2, planned: 70, submitted: 30, succeeded: 890, failed: 10 },
      bytes: 2_000_000_000,
    },
    excluded: [
      { reason: 'ARCHIVED', count: 2 },
      { reason: 'FOLDER_MARKER', count: 1 },
    ],
    runs: [RUN.runId],
    roles: { [RUN.runId]: 'move' },
  });
  const failures = [{ code: 'NotFound', class: 'source', message: 'No such key.', count: 10 }];
  const { code, output } = await call(
    ['show', MIGRATION_ID],
    reply(migration),
    reply({ runs: [{ ...RUN, createdAt }], nextCursor: null }),
    reply({ migrationId: MIGRATION_ID, failures }),
  );
  expect(output).toContain('listing > planned > pilot > [moving] > auditing > completed');
  expect(output).toMatch(/listed +1,005\nexcluded +3\n +2 x ARCHIVED\n +1 x FOLDER_MARKER\n/);
  expect(output).toMatch(/to move +1,000, 2.0 GB\nsucceeded +890\nfailed +10\nquarantined +2\n/);
  expect(output).toMatch(/open +100\nrate +(2\.\d|3\.0)\/s\ntime left +3\d s\n/);
  expect(output).toMatch(/b3f1d0c2a4e5968778695a4b +move +active +100 +0\n/);
  expect(output).toContain('10 x NotFound (source)');
  expect(output).toMatch(/ready +NO-GO\nbecause +The migration is moving, not completed.\n/);
  expect(output).toContain(`npx waybill show ${MIGRATION_ID} --watch`);
  expect(output).toContain(`npx waybill report ${MIGRATION_ID} --out <folder>`);
  expect(code).toBe(1);
});

it.each([
  [{ state: 'planned', options: { start: false } }, 'planned, waiting for start', 'start', 0],
  [
    {
      state: 'paused',
      resumeTo: 'pilot',
      error: { code: 'PILOT_FAILED', message: 'All failed. Fix it.', class: 'source' },
    },
    'paused (was pilot)',
    'resume',
    1,
  ],
  [{ state: 'completed', counts: { succeeded: 5 } }, 'completed', 'catch-up', 0],
  [{ state: 'completed', counts: { failed: 5 } }, 'completed', 'retry', 1],
  [{ state: 'cancelled', counts: { cancelled: 5 } }, 'cancelled', 'report', 1],
] as const)('show tells what comes next of %j', async (change, words, command, exitCode) => {
  const { code, output } = await call(
    ['show', MIGRATION_ID],
    reply(migrationOf(change as Parameters<typeof migrationOf>[0])),
    noRuns,
    reply({ migrationId: MIGRATION_ID, failures: [] }),
  );
  expect(output).toContain(words);
  expect(output).toContain(`npx waybill ${command} ${MIGRATION_ID}`);
  if ('error' in change) expect(output).toContain('PILOT_FAILED: All failed. Fix it.');
  expect(code).toBe(exitCode);
});

it('show --check ends with 0 for GO, and with 1 and the reasons else', async () => {
  const ready = { verdict: 'GO' as const, reasons: [] };
  const check = (change: object) =>
    call(['show', MIGRATION_ID, '--check'], reply(migrationOf(change)), noRuns);
  expect(await check({ state: 'completed', readiness: ready })).toMatchObject({ code: 0 });
  expect(await check({ state: 'completed' })).toMatchObject({ code: 1 });
});

it('--watch follows a migration until it waits for a person', async () => {
  const { code, output } = await call(
    ['migrate', 's3://media/photos/', TARGET, '--watch'],
    OPENED,
    reply(migrationOf({ state: 'listing', counts: { listed: 2_000 } })),
    reply(migrationOf({ state: 'paused', resumeTo: 'pilot', counts: { failed: 5, planned: 5 } })),
    noRuns,
    reply({ migrationId: MIGRATION_ID, failures: [] }),
  );
  expect(output).toContain('listing, 2,000 objects so far');
  expect(output).toContain('paused, 5 of 10, 5 failed');
  expect(code).toBe(1);
});

it('start --watch does not end because the migration still seems to wait', async () => {
  const waiting = { options: { start: false } };
  const { code, sent } = await call(
    ['start', MIGRATION_ID, '--watch', '--json'],
    OPENED,
    reply(migrationOf({ state: 'planned', ...waiting })),
    reply(migrationOf({ state: 'completed', ...waiting })),
  );
  expect(sent).toHaveLength(3);
  expect(code).toBe(0);
});

it('the progress line tells phase, done, failed, rate and time left', () => {
  const counts = { succeeded: 45, failed: 5, planned: 40, submitted: 10, excluded: 7 };
  expect(progressLine(migrationOf({ counts }), 5)).toBe(
    '[###############...............] moving, 50 of 100, 5 failed, 5.0/s, 10 s left',
  );
  expect(progressLine(migrationOf({ state: 'completed', counts: {} }), 0)).toMatch(
    /^\[#+\] completed, 0 of 0, 0\/s$/,
  );
});

it('migrations lists states, shares and failures, and what each is about', async () => {
  const migrations = [
    migrationOf({ counts: { succeeded: 750, failed: 5, planned: 245 } }),
    migrationOf({
      migrationId: `m7${MIGRATION_ID.slice(2)}`,
      state: 'failed',
      error: { code: 'SOURCE_REFUSED', message: 'media refused.', class: 'credentials' },
    }),
  ];
  const { code, output, sent } = await call(
    ['migrations', '--state', 'moving', 'failed', '--limit', '2'],
    reply({ migrations, nextCursor: 'c' }),
  );
  expect(sent[0]?.call).toBe('GET /migrations?limit=2&state=moving%2Cfailed');
  expect(output).toMatch(/^m6759d23 +moving +75% +755 +5 +2026-11-20 10:00$/m);
  expect(output).toContain('  s3://media/photos/ -> cos://ap-shanghai/');
  expect(output).toContain('  SOURCE_REFUSED: media refused.');
  expect(output).toContain('older ones: --cursor c');
  expect(code).toBe(0);
});

it.each([
  ['/migrations', ['show', MIGRATION_ID], 'List the migrations with: npx waybill migrations.'],
  ['/runs', ['show', RUN.runId], 'List the runs with: npx waybill runs.'],
  ['POST /migrations', ['migrate', 's3://x/', TARGET], 'Change the request, then try again.'],
])('what %s does not find tells where to look', async (_path, words, todo) => {
  const { code, failure } = await call(words, reply({ detail: 'Not found.' }, 404));
  expect(failure?.message).toBe(`Not found. ${todo}`);
  expect(code).toBe(4);
});

it('report --out writes the lists that a migration has', async () => {
  const folder = join(temporaryFolder(), 'out');
  const { code, output } = await call(
    ['report', MIGRATION_ID, '--out', folder],
    ...[{ body: '{}' }, { body: 'f' }, { body: 'r' }, { body: '{}' }],
    reply({ detail: 'There is none.' }, 404),
  );
  expect(code).toBe(0);
  expect(readdirSync(folder).sort()).toEqual([
    ...['failed.csv', 'plan.json', 'rejected.csv', 'summary.json'],
  ]);
  expect(existsSync(join(folder, 'gone.csv'))).toBe(false);
  expect(output.trim().split('\n')).toHaveLength(4);
});
