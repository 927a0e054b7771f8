/** `npm run demo` as a newcomer runs it, in an empty folder. */
import { existsSync, readdirSync, readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { expect, it, onTestFinished } from 'vitest';
import { lockFolder } from '../../local/lock.ts';
import { startProgram } from '../fixtures/processes.ts';
import { temporaryFolder } from '../fixtures/stores.ts';

it('ends well, says what happened, and leaves the reports it names', async () => {
  const folder = temporaryFolder();
  const demo = startProgram('local/demo/main.ts', [], {}, folder);
  expect(await demo.ended).toBe(0);
  const output = demo.output();
  expect(output).toMatch(/listed +306\nexcluded +3\n +2 x ARCHIVED\n +1 x FOLDER_MARKER\n/);
  expect(output).toMatch(/succeeded +301\nfailed +2\n/);
  expect(output).toContain('1 x NotFound (source)');
  expect(output).toContain('1 x Forbidden (source)');
  for (const role of ['list', 'pilot', 'move']) {
    expect(output).toMatch(new RegExp(`^[0-9a-f]{24} +${role} +completed `, 'm'));
  }
  expect(output).toContain('Every one of 306 objects is accounted for: 301 arrived, 2 failed,');
  const reports = [...output.matchAll(/^(data\/demo\/reports\/\S+\.(?:json|csv))$/gm)].map(
    ([, path]) => path ?? '',
  );
  expect(reports.length).toBeGreaterThanOrEqual(3);
  for (const path of reports) expect(existsSync(join(folder, path))).toBe(true);
  const summary = JSON.parse(readFileSync(join(folder, reports[0] ?? ''), 'utf8'));
  expect(summary).toMatchObject({
    state: 'completed',
    counts: { listed: 306, excluded: 3, succeeded: 301, failed: 2 },
  });
}, 60_000);

it('keeps out of what is configured for real work', async () => {
  const folder = temporaryFolder();
  writeFileSync(join(folder, '.env'), 'WAYBILL_SHARD_BYTES=nonsense\n');
  const real = join(folder, 'real.db');
  const env = {
    TENCENTCLOUD_SECRET_ID: 'AKIDreal',
    TENCENTCLOUD_SECURITY_TOKEN: 'real',
    WAYBILL_LEDGER: `sqlite:${real}`,
    WAYBILL_OBJECTS: `folder:${join(folder, 'real')}`,
    WAYBILL_API_TOKENS: 'real-token-0000000',
    WAYBILL_COS_FETCH_RPS: '1',
  };
  const demo = startProgram('local/demo/main.ts', [], env, folder);
  await demo.says(/\[[#.]+\] /);
  expect(existsSync(join(folder, 'data/demo/waybill.db'))).toBe(true);
  expect(readdirSync(folder).sort()).toEqual(['.env', 'data']);
  expect(await demo.kill('SIGTERM')).toBe(130);
});

it.each(['SIGINT', 'SIGTERM'] as const)('ends in order on %s', async (signal) => {
  const folder = temporaryFolder();
  const demo = startProgram('local/demo/main.ts', [], {}, folder);
  await demo.says(/\[[#.]+\] /);
  expect(await demo.kill(signal)).toBe(130);
  expect(demo.output()).toMatch(/\nstopped\n$/);
  // Free again: nothing of it lives on.
  lockFolder(join(folder, 'data/demo')).release();
});

it('leaves the folder of a demo that is still running alone', async () => {
  const folder = temporaryFolder();
  const running = join(folder, 'data/demo');
  const lock = lockFolder(running);
  onTestFinished(() => lock.release());
  writeFileSync(join(running, 'waybill.db'), 'in use');
  const demo = startProgram('local/demo/main.ts', [], {}, folder);
  expect(await demo.ended).toBe(1);
  expect(demo.output()).toContain(`the folder ${running} is in use by another service`);
  expect(readFileSync(join(running, 'waybill.db'), 'utf8')).toBe('in use');
});
