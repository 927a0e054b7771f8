/**
 * G11 at its full size: the embedded service beside its simulators, in real time; the parts of AWS, in
 * virtual time.
 */
import { setTimeout as sleep } from 'node:timers/promises';
import { expect, it } from 'vitest';
import { aws, SECOND, waitOfOne } from '../fixtures/fair.ts';
import { startLive, TARGET } from '../fixtures/live.ts';

const LINES = 1_000_000;

function manifest(url: string): string {
  const lines = ['url,key,md5'];
  for (let line = 0; line < LINES; line += 1) {
    const number = String(line).padStart(7, '0');
    lines.push(`${url},large/${number},`);
  }
  return `${lines.join('\n')}\n`;
}

it('G11: an object that is asked for beside a million lines is there within a minute', async () => {
  const service = await startLive({ env: { WAYBILL_COS_FETCH_RPS: '100' } });
  const [{ url } = { url: '' }] = service.site.files;
  const large = await service.start('large.csv', manifest(url));
  await sleep(30_000);
  const askedAt = Date.now();
  const body = { ...TARGET, objects: [{ url, key: 'small/one' }] };
  const asked = await service.call('/fetches', {
    method: 'POST',
    body: JSON.stringify(body),
    headers: { 'content-type': 'application/json' },
  });
  const { runId } = (await asked.json()) as { runId: string };
  const counts = async (id: string) => {
    const answer = await service.call(`/runs/${id}`);
    return ((await answer.json()) as { counts: Record<string, number> }).counts;
  };
  while ((await counts(runId))['succeeded'] !== 1 && Date.now() - askedAt < 90_000) {
    await sleep(250);
  }
  const seconds = (Date.now() - askedAt) / 1_000;
  const { submitted = 0, succeeded = 0, failed = 0 } = await counts(large);
  process.stdout.write(
    `one object beside ${LINES} lines: ${seconds} s, of these ${submitted + succeeded + failed} sent\n`,
  );
  expect(seconds).toBeLessThan(60);
  expect(submitted + succeeded + failed).toBeGreaterThan(2_000);
  expect(submitted + succeeded + failed).toBeLessThan(LINES / 10);
  await service.stop();
});

it('G11: it is sent within a minute by two functions on AWS', async () => {
  const options = { ...aws, requestsPerSecond: 100, workers: 2, idleMs: 100 };
  const waited = await waitOfOne(options, LINES, 30 * SECOND);
  process.stdout.write(`by two functions on AWS: sent after ${waited / SECOND} s\n`);
  expect(waited).toBeLessThan(60 * SECOND);
});
