/** `npm run demo` as a newcomer runs it, in an empty folder. */
import { existsSync, readdirSync, readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { expect, it, onTestFinished } from 'vitest';
import { demoManifest, EXPECTED, SAMPLE_ORIGIN } from '../../local/demo/manifest.ts';
import { lockFolder } from '../../local/lock.ts';
import { startSourceSite } from '../../simulator/source-site.ts';
import { startProgram } from '../fixtures/processes.ts';
import { temporaryFolder } from '../fixtures/stores.ts';

it('ends well, says what happened, and leaves the reports it names', async () => {
  const folder = temporaryFolder();
  const demo = startProgram('local/demo/main.ts', [], {}, folder);
  expect(await demo.ended).toBe(0);
  const output = demo.output();
  expect(output).toMatch(/succeeded +301/);
  expect(output).toMatch(/failed +2/);
  expect(output).toMatch(/quarantined +2/);
  expect(output).toContain('1 x NotFound (source)');
  expect(output).toContain('1 x MD5Mismatch (source)');
  expect(output).toContain(`Every one of ${EXPECTED.lines} lines is accounted for.`);
  const reports = [...output.matchAll(/^ {2}(data\/demo\/\S+\.(?:json|csv))$/gm)].map(
    ([, path]) => path ?? '',
  );
  expect(reports).toHaveLength(3);
  for (const path of reports) expect(existsSync(join(folder, path))).toBe(true);
  const summary = JSON.parse(readFileSync(join(folder, reports[0] ?? ''), 'utf8'));
  expect(summary).toMatchObject({ state: 'completed', counts: EXPECTED });
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

it("its manifest fits the source site's files", async () => {
  const site = await startSourceSite();
  await site.close();
  const lines = demoManifest(site.url).split('\n');
  expect(demoManifest(site.url)).not.toContain(`${SAMPLE_ORIGIN}/docs/0`);
  for (const { url } of [...site.files, site.slow]) {
    expect(lines.filter((line) => line.startsWith(`${url},`)).length).toBeGreaterThan(0);
  }
  expect(lines).toHaveLength(EXPECTED.lines + 2);
});
