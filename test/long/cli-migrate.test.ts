/** `waybill migrate` and the commands around it, against a live service and a simulated source bucket. */
import { readdirSync, readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { Ajv2020 } from 'ajv/dist/2020.js';
import { expect, it } from 'vitest';
import { schemaFiles } from '../../scripts/cli-schemas.ts';
import { arrived, startMigrations, TO, TOKEN } from '../fixtures/migration.ts';
import { startProgram } from '../fixtures/processes.ts';
import { temporaryFolder } from '../fixtures/stores.ts';

const SOURCE = 's3://examplebucket/photos/';

const ajv = new Ajv2020({ formats: { 'date-time': /^\d{4}-\d\d-\d\dT[\d:.]+Z$/ } });
const schemas = schemaFiles();

async function setup(count: number) {
  const contents = Object.fromEntries(
    Array.from({ length: count }, (_, n) => [`photos/${n}.jpg`, `content ${n}`]),
  );
  const live = await startMigrations(contents);
  await live.start();
  const call = async (...args: readonly string[]) => {
    const program = startProgram('cli/waybill.ts', args, {
      WAYBILL_URL: live.url,
      WAYBILL_TOKEN: TOKEN,
    });
    const code = await program.ended;
    return { code, output: program.output() };
  };
  /** The documents that a command printed, which fit its schema. */
  const documents = async (code: number, ...args: readonly string[]) => {
    const answer = await call(...args, '--json');
    expect(answer.code, answer.output).toBe(code);
    const judge = ajv.compile(JSON.parse(schemas.get(`${args[0]}.json`) ?? ''));
    return answer.output
      .trim()
      .split('\n')
      .map((line) => {
        const document = JSON.parse(line);
        expect(judge(document), line).toBe(true);
        return document;
      });
  };
  return { live, call, documents };
}

it('a bucket is migrated, caught up with, and ready to cut over', { timeout: 90_000 }, async () => {
  const { live, call, documents } = await setup(30);
  const [{ migrationId = '' } = {}, ...looks] = await documents(
    0,
    ...['migrate', SOURCE, TO, '--pilot', '5', '--watch'],
  );
  expect(looks.at(-1)).toMatchObject({ state: 'completed', counts: { succeeded: 30, failed: 0 } });
  expect(arrived(live.simulator)).toHaveLength(30);
  const [page] = await documents(0, 'migrations');
  expect(page.migrations).toMatchObject([{ migrationId, source: SOURCE, target: TO }]);
  // Nothing has shown yet that the source did not change.
  expect((await call('show', migrationId.slice(0, 6), '--check')).code).toBe(1);
  live.bucket.set('photos/new.jpg', 'new');
  await documents(0, 'catch-up', migrationId, '--watch');
  expect(arrived(live.simulator)).toHaveLength(31);
  const ready = await call('catch-up', migrationId, '--watch');
  expect(ready.output).toMatch(/ready +GO/);
  expect((await call('show', migrationId, '--check')).code).toBe(0);
});

it('one that waits is started, its failures retried and reported, and it is steered', {
  timeout: 90_000,
}, async () => {
  const { live, call, documents } = await setup(30);
  const waits = await call('migrate', SOURCE, TO, '--pilot', '0', '--no-start', '--watch');
  expect(waits.output).toContain('planned, waiting for start');
  const [, migrationId = ''] = /^migration (m[0-9a-f]{23})$/m.exec(waits.output) ?? [];
  live.bucket.delete('photos/7.jpg');
  const moved = await call('start', migrationId, '--watch');
  expect(moved.code).toBe(1);
  expect(moved.output).toContain('1 x NotFound (source)');
  const folder = join(temporaryFolder(), 'out');
  await documents(0, 'report', migrationId, '--out', folder);
  expect(readdirSync(folder)).toEqual(
    expect.arrayContaining(['failed.csv', 'plan.json', 'rejected.csv', 'summary.json']),
  );
  expect(readFileSync(join(folder, 'failed.csv'), 'utf8')).toContain('photos/7.jpg');
  live.bucket.set('photos/7.jpg', 'content 7');
  const looks = await documents(0, 'retry', migrationId, '--class', 'source', '--watch');
  expect(looks.at(-1)).toMatchObject({ state: 'completed', counts: { succeeded: 30, failed: 0 } });
  const late = await call('pause', migrationId);
  expect(late.code).toBe(4);
  expect(late.output).toContain('npx waybill show <migration>');
});

it('a local list is uploaded and migrated, and what is wrong with it is told', {
  timeout: 60_000,
}, async () => {
  const { live, call, documents } = await setup(20);
  const list = join(temporaryFolder(), 'some photos.csv');
  const keys = [3, 5, 8].map((n) => `s3://examplebucket/photos/${n}.jpg,photos/${n}.jpg`);
  writeFileSync(list, `url,key\n${keys.join('\n')}\n`);
  const [, ...looks] = await documents(0, 'migrate', '--list', list, TO, '--watch');
  expect(looks.at(-1)).toMatchObject({ state: 'completed', counts: { succeeded: 3, failed: 0 } });
  const [stored = ''] = readdirSync(join(live.folder, 'objects/lists')).filter((name) =>
    name.endsWith('some photos.csv'),
  );
  expect(stored).toMatch(/^[0-9a-f]{12}-some photos\.csv$/);
  expect((await call('migrate', '--list', `lists/${stored}`, TO)).code).toBe(0);
  const gone = await call('migrate', '--list', 'none.csv', TO);
  expect([gone.code, gone.output]).toEqual([2, expect.stringContaining('none.csv')]);
});
