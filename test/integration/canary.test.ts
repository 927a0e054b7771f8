/** Promise G6 over a whole run: secrets with distinctive values, then every byte left behind is read. */
import { readdirSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import { expect, it } from 'vitest';
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
