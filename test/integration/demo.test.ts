/** `npm run demo` as a newcomer runs it, in an empty folder. */
import { existsSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import { expect, it } from 'vitest';
import { demoManifest, EXPECTED, SAMPLE_ORIGIN } from '../../local/demo/manifest.ts';
import { startSourceSite } from '../../simulator/source-site.ts';
import { startProgram } from '../fixtures/processes.ts';
import { temporaryFolder } from '../fixtures/stores.ts';

it('ends well, says what happened, and leaves the reports it names', async () => {
  const folder = temporaryFolder();
  const demo = startProgram('local/demo.ts', [], {}, folder);
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
