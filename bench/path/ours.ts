/** The embedded service, as `npm start` runs it, without a limit on requests per second. */
import { mkdtempSync, readFileSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import { startService } from '../../local/main.ts';
import { KEY, readInput, report } from './common.ts';

const { manifest, objects, env } = readInput();
const folder = mkdtempSync(join(tmpdir(), 'waybill-bench-'));
Object.assign(process.env, env, {
  LOG_LEVEL: 'error',
  PORT: '0',
  WAYBILL_COS_FETCH_RPS: '1000000',
  WAYBILL_DATA: folder,
});
const service = await startService(() => {});
const headers = { authorization: `Bearer ${service.apiToken}` };
const call = (path: string, init: RequestInit = {}) =>
  fetch(service.url + path, { ...init, headers });
const body = readFileSync(manifest);

const start = performance.now();
await call(`/objects/${KEY}`, { method: 'PUT', body });
const started = await call('/manifests', { method: 'POST', body: JSON.stringify({ key: KEY }) });
const { runId } = (await started.json()) as { runId: string };
for (;;) {
  const run = (await (await call(`/runs/${runId}`)).json()) as { counts: { succeeded: number } };
  if (run.counts.succeeded === objects) break;
  await sleep(20);
}
report((performance.now() - start) / 1_000);
await service.stop();
rmSync(folder, { recursive: true });
process.exit(0);
