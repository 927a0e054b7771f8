/** A machine whose clock is 90 s ahead, and private sources that refuse what is signed in their future. */
import { writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { expect, it, onTestFinished } from 'vitest';
import { startSimulator } from '../../simulator/main.ts';
import { startSourceSite } from '../../simulator/source-site.ts';
import { startProgram, until } from '../fixtures/processes.ts';
import { temporaryFolder } from '../fixtures/stores.ts';

const TOKEN = 'a-token-of-the-clock-test';
const KEYS = { accessKeyId: 'AKIDexample', secretAccessKey: 'example' };
const KEY = 'cos-fetch/ap-shanghai/examplebucket-1250000000/m.csv';

/** Of Node.js: what the program believes to be the time. */
const AHEAD = `--import=data:text/javascript,${encodeURIComponent(`
  const now = Date.now;
  globalThis.Date = class extends Date {
    constructor(...given) { if (given.length > 0) super(...given); else super(Date.now()); }
    static now() { return now() + 90_000; }
  };
`)}`;

it('P08: signs for private sources by the clock of the provider once that has answered', {
  timeout: 60_000,
}, async () => {
  const bucket = { name: 'media', region: 'eu-central-1', keys: KEYS };
  const site = await startSourceSite({ files: 30, bucket: () => bucket });
  const simulator = await startSimulator({});
  onTestFinished(async () => {
    await Promise.all([site.close(), simulator.close()]);
  });
  const folder = temporaryFolder();
  const [sources, sets] = [join(folder, 'sources.json'), join(folder, 'sets.json')];
  const place = { kind: 's3-compatible', bucket: 'media', region: 'eu-central-1' };
  writeFileSync(
    sources,
    JSON.stringify({ media: { ...place, endpoint: site.url, credentials: 'reader' } }),
  );
  writeFileSync(sets, JSON.stringify({ reader: KEYS }));
  const service = startProgram('local/main.ts', [], {
    ...simulator.env(),
    NODE_OPTIONS: AHEAD,
    PORT: '0',
    WAYBILL_API_TOKENS: TOKEN,
    WAYBILL_COS_FETCH_IN_FLIGHT: '1',
    WAYBILL_CREDENTIALS_FILE: sets,
    WAYBILL_DATA: folder,
    WAYBILL_LOST_AFTER_SECONDS: '2',
    WAYBILL_MAX_ATTEMPTS: '2',
    WAYBILL_SOURCES_FILE: sources,
    WAYBILL_SWEEP_SECONDS: '1',
  });
  const [, url = ''] = await service.says(/listens on (\S+)/);
  const call = (path: string, init: RequestInit = {}) =>
    fetch(url + path, { ...init, headers: { authorization: `Bearer ${TOKEN}` } });
  const lines = site.files.map(
    ({ path, md5 }) =>
      `s3://media/${path.split('/').map(encodeURIComponent).join('/')},"${path}",${md5}`,
  );
  await call(`/objects/${KEY}`, { method: 'PUT', body: `url,key,md5\n${lines.join('\n')}\n` });
  const started = await call('/manifests', { method: 'POST', body: JSON.stringify({ key: KEY }) });
  const { runId } = (await started.json()) as { runId: string };
  const counts = await until(async () => {
    const run = (await (await call(`/runs/${runId}`)).json()) as {
      state: string;
      counts: Readonly<Record<string, number>>;
    };
    return run.state === 'completed' ? run.counts : undefined;
  }, 40);
  expect(counts).toMatchObject({ succeeded: 30, failed: 0 });
  expect(service.output()).toMatch(/"behindSeconds":-(?:89|90|91)\b/);
  // Only what was signed before the first answer had to be signed again.
  expect(simulator.submissions().length).toBeLessThan(40);
});
