/** A run fifty times as large is neither slower per object nor larger in memory. */
import { setTimeout as sleep } from 'node:timers/promises';
import { expect, it } from 'vitest';
import { type MeasuredService, startMeasured } from '../fixtures/measured-service.ts';

const SIZES = [20_000, 200_000, 1_000_000] as const;

function manifest(url: string, lines: number): string {
  const keys = Array.from({ length: lines }, (_, line) => String(line).padStart(7, '0'));
  return `url,key\n${keys.map((key) => `${url},grown/${key}\n`).join('')}`;
}

interface Grown {
  readonly objects: number;
  readonly perSecond: number;
  readonly peakMiB: number;
}

/** From the first answer that tells of an object to the one that tells of all. */
async function carry(service: MeasuredService, objects: number): Promise<Grown> {
  const [{ url } = { url: '' }] = service.site.files;
  const runId = await service.start(`${objects}.csv`, manifest(url, objects));
  const succeeded = async (): Promise<number> => {
    const answer = await service.call(`/runs/${runId}`);
    return ((await answer.json()) as { counts: { succeeded: number } }).counts.succeeded;
  };
  let [firstAt, before, now] = [0, 0, 0];
  for (; now < objects; now = await succeeded()) {
    if (before === 0 && now > 0) [firstAt, before] = [performance.now(), now];
    await sleep(250);
  }
  const seconds = (performance.now() - firstAt) / 1_000;
  const perSecond = Math.round((objects - before) / seconds);
  return { objects, perSecond, peakMiB: Math.round(service.peakMiB()) };
}

it(`grows from ${SIZES[0]} to ${SIZES[2]} objects without slowing down`, {
  timeout: 3_600_000,
}, async () => {
  const grown: Grown[] = [];
  for (const objects of SIZES) {
    const service = await startMeasured();
    grown.push(await carry(service, objects));
    await service.stop();
  }
  process.stdout.write(`${JSON.stringify(grown, null, 2)}\n`);
  const rates = grown.map(({ perSecond }) => perSecond);
  expect(Math.min(...rates)).toBeGreaterThan(0.8 * Math.max(...rates));
  for (const { peakMiB } of grown) expect(peakMiB).toBeLessThan(256);
});
