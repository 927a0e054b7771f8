/** Several Tencent accounts: which keys sign for a target, and how a manifest says what to do with what is there. */
import { mkdirSync, writeFileSync } from 'node:fs';
import { dirname, join } from 'node:path';
import { expect, it, onTestFinished } from 'vitest';
import { DEFAULT_KEYS, startSimulator } from '../../simulator/main.ts';
import { startSourceSite } from '../../simulator/source-site.ts';
import { startProgram, until } from '../fixtures/processes.ts';
import { temporaryFolder } from '../fixtures/stores.ts';

const API_TOKEN = 'token-of-a-test-4711-0815';
const WRONG = { secretId: 'AKIDwrong', secretKey: 'wrong' };

async function setup() {
  const site = await startSourceSite({ files: 4 });
  onTestFinished(() => site.close());
  const simulator = await startSimulator({});
  onTestFinished(() => simulator.close());
  const folder = temporaryFolder();
  const sets = join(folder, 'sets.json');
  const main = { ...DEFAULT_KEYS, appId: '1250000000' };
  writeFileSync(sets, JSON.stringify({ main, byName: DEFAULT_KEYS, other: WRONG }));
  const service = startProgram('local/main.ts', [], {
    ...simulator.env(),
    PORT: '0',
    // The configured account, whose keys are refused.
    TENCENTCLOUD_SECRET_ID: 'AKIDconfigured',
    WAYBILL_API_TOKENS: API_TOKEN,
    WAYBILL_CREDENTIALS_FILE: sets,
    WAYBILL_DATA: join(folder, 'data'),
    WAYBILL_LOST_AFTER_SECONDS: '1',
    WAYBILL_SWEEP_SECONDS: '1',
  });
  const [, url = ''] = await service.says(/listens on (\S+)/);
  const call = async (path: string, body?: object | string) => {
    const init =
      typeof body === 'string'
        ? { method: 'PUT', body }
        : { method: 'POST', body: JSON.stringify(body) };
    const headers = { authorization: `Bearer ${API_TOKEN}` };
    const answer = await fetch(url + path, { ...(body !== undefined && init), headers });
    return { status: answer.status, body: JSON.parse((await answer.text()) || '{}') };
  };
  const ended = async ({ runId }: { readonly runId: string }) =>
    until(async () => {
      const { body } = await call(`/runs/${runId}`);
      return ['completed', 'failed'].includes(body.state) ? body : undefined;
    });
  return { call, ended, objects: join(folder, 'data/objects'), simulator, site };
}

it('a target is served by the named set, by the set of its APPID, else by the configured keys', async () => {
  const { call, ended, site } = await setup();
  const objects = [{ url: site.files[0]?.url, key: 'a' }];
  const fetchInto = async (bucket: string, more: object = {}) => {
    const { body } = await call('/fetches', { region: 'ap-shanghai', bucket, objects, ...more });
    return ended(body);
  };
  const own = 'examplebucket-1250000000';
  const foreign = 'examplebucket-1260000000';
  expect(await fetchInto(own)).toMatchObject({ state: 'completed', counts: { succeeded: 1 } });
  expect(await fetchInto(foreign, { credentials: 'byName' })).toMatchObject({
    state: 'completed',
    counts: { succeeded: 1 },
    target: { bucket: foreign, credentials: 'byName' },
  });
  for (const refused of [
    await fetchInto(own, { credentials: 'other' }),
    await fetchInto(foreign),
  ]) {
    expect(refused).toMatchObject({ counts: { failed: 1 } });
    const { body } = await call(`/runs/${refused.runId}/transfers`);
    expect(body.transfers[0].cause).toMatchObject({
      class: 'credentials',
      code: 'InvalidAccessKeyId',
    });
  }
  expect(await fetchInto(own, { credentials: 'nobody' })).toMatchObject({
    state: 'failed',
    error: { code: 'NOT_FOUND', message: expect.stringContaining('no credential set "nobody"') },
  });
});

it('a manifest is sent with the onKeyExist of its request, and of its line where that has one', async () => {
  const { call, ended, objects, simulator, site } = await setup();
  const [one, two] = site.files;
  const key = 'cos-fetch/ap-shanghai/examplebucket-1250000000/m.csv';
  // As a copied file, which the watched folder leaves alone for some seconds.
  mkdirSync(dirname(join(objects, key)), { recursive: true });
  writeFileSync(join(objects, key), `url,key,onKeyExist\n${one?.url},a,\n${two?.url},b,override\n`);
  const asked = await call('/manifests', { key, onKeyExist: 'ignore' });
  expect(asked.status).toBe(202);
  expect(await ended(asked.body)).toMatchObject({ state: 'completed' });
  const sent = simulator.submissions().map((task) => [task.key, task.onKeyExist]);
  expect(sent.sort()).toEqual([
    ['a', 'ignore'],
    ['b', 'override'],
  ]);
  // One version of a manifest is one run.
  const again = await call('/manifests', { key, onKeyExist: 'override' });
  expect(again).toMatchObject({ status: 409, body: { code: 'RUN_STATE' } });
  expect((await call('/manifests', { key })).body).toEqual(asked.body);
});
