/** Promise G6 over a whole run: secrets with distinctive values, then every byte left behind is read. */
import { once } from 'node:events';
import { readdirSync, readFileSync } from 'node:fs';
import { createServer } from 'node:http';
import type { AddressInfo } from 'node:net';
import { join } from 'node:path';
import { expect, it, onTestFinished } from 'vitest';
import { startSimulator } from '../../simulator/main.ts';
import { startSourceSite } from '../../simulator/source-site.ts';
import { startProgram, until } from '../fixtures/processes.ts';
import { temporaryFolder } from '../fixtures/stores.ts';

const SECRETS = {
  secretId: 'AKIDcanaryidcanaryidcanaryid00',
  secretKey: 'canary-secret-key-4711-0815',
  securityToken: 'canary-security-token-4711',
  callbackSecret: 'canary-callback-secret-4711',
  apiToken: 'canary-api-token-4711-0815',
};
const KEY = 'cos-fetch/ap-shanghai/examplebucket-1250000000/m.csv';

it('G6: no secret is left in any log, row, message, report, object or answer', async () => {
  const site = await startSourceSite({ files: 40 });
  const keys = {
    secretId: SECRETS.secretId,
    secretKey: SECRETS.secretKey,
    securityToken: SECRETS.securityToken,
  };
  const simulator = await startSimulator({
    keys,
    faults: [
      { api: 'fetch-create', kind: 'slow-down', nth: [2, 3] },
      { api: 'fetch-create', kind: 'reset-after', nth: [5] },
      { api: 'fetch-create', kind: 'bad-gateway', nth: [7] },
      { api: 'fetch-progress', kind: 'internal-error', nth: [1] },
      { api: 'callback', kind: 'lost', nth: [4] },
    ],
  });
  const folder = temporaryFolder();
  const environment = (secretKey: string) => ({
    ...simulator.env(),
    LOG_LEVEL: 'debug',
    PORT: '0',
    TENCENTCLOUD_SECRET_KEY: secretKey,
    WAYBILL_API_TOKENS: SECRETS.apiToken,
    WAYBILL_CALLBACK_KEYS: `k1:${SECRETS.callbackSecret}`,
    WAYBILL_COS_FETCH_RPS: '1000',
    WAYBILL_DATA: folder,
    WAYBILL_LOST_AFTER_SECONDS: '1',
    WAYBILL_SETTLE_SECONDS: '0',
    WAYBILL_SWEEP_SECONDS: '1',
  });
  const answers: string[] = [];

  const runOnce = async (secretKey: string, key: string): Promise<string> => {
    const service = startProgram('local/main.ts', [], environment(secretKey));
    const [, url = ''] = await service.says(/listens on (\S+)/);
    const call = async (path: string, init: RequestInit = {}) => {
      const headers = { authorization: `Bearer ${SECRETS.apiToken}` };
      const answer = await fetch(url + path, { ...init, headers });
      const text = await answer.text();
      answers.push(text, JSON.stringify([...answer.headers]));
      return text;
    };
    const lines = [
      'url,key,md5',
      ...site.files.map(({ url: source, path }) => `${source},"${path}",`),
      `${site.missingUrl},missing,`,
      'https://secure.example/,https,',
    ];
    await call(`/objects/${key}`, { method: 'PUT', body: lines.join('\n') });
    const { runId } = JSON.parse(
      await call('/manifests', { method: 'POST', body: JSON.stringify({ key }) }),
    );
    const run = await until(async () => {
      const found = JSON.parse(await call(`/runs/${runId}`));
      return found.state === 'planning' || found.state === 'active' ? undefined : found;
    });
    for (const path of ['transfers?limit=1000', 'summary.json', 'failed.csv', 'rejected.csv']) {
      await call(`/runs/${runId}/${path}`);
    }
    await call('/callbacks/k1.forged', { method: 'POST', body: '{}' });
    await call('/runs?limit=nonsense');
    await service.kill('SIGTERM');
    answers.push(service.output());
    return run.state;
  };

  expect(await runOnce(SECRETS.secretKey, KEY)).toBe('completed');
  // Refused for its signature, so that the provider quotes what was signed.
  expect(await runOnce('canary-wrong-secret-4711-0815', KEY.replace('m.csv', 'n.csv'))).toBe(
    'failed',
  );
  await Promise.all([site.close(), simulator.close()]);
  expect(simulator.stats().signatureRefusals).toBeGreaterThan(0);

  const files = readdirSync(folder, { recursive: true, withFileTypes: true })
    .filter((entry) => entry.isFile())
    .map((entry) => join(entry.parentPath, entry.name));
  expect(files.map((file) => file.slice(folder.length + 1))).toContain('waybill.db');
  const places = [
    ...files
      .filter((file) => !file.endsWith('secrets.json'))
      .map((file) => [file, readFileSync(file, 'latin1')] as const),
    ...answers.map((text, at) => [`answer ${at}`, text] as const),
  ];
  const leaks = places.flatMap(([place, text]) =>
    [...Object.values(SECRETS), 'canary-wrong-secret-4711-0815']
      .filter((secret) => text.includes(secret))
      .map((secret) => `${secret} in ${place}`),
  );
  expect(leaks).toEqual([]);
  const signed = places.filter(([, text]) =>
    /q-signature=(?!\*)|authorization: ?bearer /i.test(text),
  );
  expect(signed.map(([place]) => place)).toEqual([]);
});

it('G6: a secret in a URL of a manifest stays in the manifest, the ledger and failed.csv, and the provider gets it', async () => {
  const secret = 'canary-url-secret-4711';
  const requested: string[] = [];
  const site = createServer((request, response) => {
    requested.push(request.url ?? '');
    response.writeHead(request.url?.startsWith('/good') ? 200 : 404).end('content');
  }).listen(0, '127.0.0.1');
  onTestFinished(() => void site.close());
  await once(site, 'listening');
  const origin = `http://127.0.0.1:${(site.address() as AddressInfo).port}`;
  const simulator = await startSimulator({});
  onTestFinished(() => simulator.close());
  const folder = temporaryFolder();
  const service = startProgram('local/main.ts', [], {
    ...simulator.env(),
    LOG_LEVEL: 'debug',
    PORT: '0',
    WAYBILL_API_TOKENS: SECRETS.apiToken,
    WAYBILL_CALLBACK_KEYS: `k1:${SECRETS.callbackSecret}`,
    WAYBILL_DATA: folder,
    WAYBILL_SWEEP_SECONDS: '1',
  });
  const [, url = ''] = await service.says(/listens on (\S+)/);
  const answers = new Map<string, string>();
  const call = async (path: string, init: RequestInit = {}) => {
    const headers = { authorization: `Bearer ${SECRETS.apiToken}` };
    const text = await (await fetch(url + path, { ...init, headers })).text();
    answers.set(path, text);
    return text;
  };
  const lines = [
    'url,key,md5',
    `${origin}/good?X-Amz-Signature=${secret},good,`,
    `${origin}/missing?txSecret=${secret}&x=1,missing,`,
    `https://user:${secret}@secure.example/,https,`,
    `${origin}/image?sig=${secret},w_100,image,`,
    `${origin}/two words?token=${secret},words,`,
  ];
  await call(`/objects/${KEY}`, { method: 'PUT', body: lines.join('\n') });
  const { runId } = JSON.parse(
    await call('/manifests', { method: 'POST', body: JSON.stringify({ key: KEY }) }),
  );
  const run = await until(async () => {
    const found = JSON.parse(await call(`/runs/${runId}`));
    return found.closedAt ? found : undefined;
  });
  expect(run.counts).toMatchObject({ succeeded: 1, failed: 1, quarantined: 3 });
  const object = { url: `https://user:${secret}@a.example/`, key: 'k' };
  const body = { region: 'ap-shanghai', bucket: 'examplebucket-1250000000', objects: [object] };
  await call('/fetches', { method: 'POST', body: JSON.stringify(body) });
  const { transfers } = JSON.parse(await call(`/runs/${runId}/transfers`));
  for (const path of [
    ...['summary.json', 'failed.csv', 'rejected.csv'],
    ...transfers.map(({ transferId }: { transferId: string }) => `transfers/${transferId}`),
  ]) {
    await call(`/runs/${runId}/${path}`);
  }
  await service.kill('SIGTERM');
  answers.set('output', service.output());

  expect(requested).toEqual(
    expect.arrayContaining([`/good?X-Amz-Signature=${secret}`, `/missing?txSecret=${secret}&x=1`]),
  );
  const files = readdirSync(folder, { recursive: true, withFileTypes: true })
    .filter((entry) => entry.isFile())
    .map((entry) => join(entry.parentPath, entry.name));
  const places = [
    ...answers,
    ...files.map((file) => [file.slice(folder.length + 1), readFileSync(file, 'latin1')] as const),
  ];
  const found = places.filter(([, text]) => text.includes(secret)).map(([place]) => place);
  const isManifest = (place: string) => place.endsWith('failed.csv') || place.endsWith(KEY);
  expect(found.filter((place) => !isManifest(place) && !/^waybill\.db/.test(place))).toEqual([]);
  expect(answers.get(`/runs/${runId}/failed.csv`)).toContain(`?txSecret=${secret}&x=1,missing`);
  expect(answers.get(`/runs/${runId}/transfers`)).toContain('?txSecret=***&x=1');
  expect(answers.get(`/runs/${runId}/rejected.csv`)).toContain(
    'https://***@secure.example/,https,',
  );
});
