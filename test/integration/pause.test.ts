/**
 * A run that is paused and resumed at a live service which is killed with `kill -9` around both, while
 * the provider answers 503 and breaks connections.
 */
import { expect, it } from 'vitest';
import { createClient } from '../../cli/io/client.ts';
import type { FetchTask } from '../../simulator/main.ts';
import { startSourceSite } from '../../simulator/source-site.ts';
import { freePort, type Program, startProgram, until } from '../fixtures/processes.ts';
import { temporaryFolder } from '../fixtures/stores.ts';

const LINES = 1_500;
const TOKEN = 'integration-test-token';
const KEY = 'cos-fetch/ap-shanghai/examplebucket-1250000000/m.csv';
const FAULTS = JSON.stringify([
  { api: 'fetch-create', kind: 'slow-down', rate: 0.02 },
  { api: 'fetch-create', kind: 'reset-after', rate: 0.01 },
]);

async function setup() {
  const site = await startSourceSite({ files: 1 });
  const simulator = startProgram('simulator/main.ts', ['--port', '0', '--faults', FAULTS]);
  const [, controlUrl = ''] = await simulator.says(/# control: (\S+)\/_simulator/);
  const env = Object.fromEntries(
    [...simulator.output().matchAll(/^([A-Z_]+)=(.*)$/gm)].map(([, name, value]) => [name, value]),
  );
  const [folder, port] = [temporaryFolder(), await freePort()];
  const start = async (): Promise<Program> => {
    const service = startProgram('local/main.ts', [], {
      ...env,
      LOG_LEVEL: 'info',
      PORT: String(port),
      WAYBILL_API_TOKENS: TOKEN,
      WAYBILL_COS_FETCH_RPS: '300',
      WAYBILL_DATA: folder,
      WAYBILL_LOST_AFTER_SECONDS: '2',
      WAYBILL_SETTLE_SECONDS: '1',
      WAYBILL_SHARD_BYTES: '8192',
      WAYBILL_SWEEP_SECONDS: '1',
    });
    await service.says(/listens on/);
    return service;
  };
  const url = `http://127.0.0.1:${port}`;
  const client = createClient({ url, env: { WAYBILL_TOKEN: TOKEN } });
  const put = (body: string) =>
    fetch(`${url}/objects/${KEY}`, {
      method: 'PUT',
      body,
      headers: { authorization: `Bearer ${TOKEN}` },
    });
  const sent = async (): Promise<readonly FetchTask[]> => {
    const text = await (await fetch(`${controlUrl}/_simulator/submissions`)).text();
    return text.split('\n').flatMap((line) => (line === '' ? [] : [JSON.parse(line)]));
  };
  return { client, put, sent, site, start };
}

it('G1, G2: sends nothing while a run is paused and everything after it, over kill -9 around both', async () => {
  const { client, put, sent, site, start } = await setup();
  let service = await start();
  const kill = async () => {
    expect(await service.kill('SIGKILL')).toBe('SIGKILL');
    service = await start();
  };
  const lines = Array.from({ length: LINES }, (_, n) => `${site.url}/object/${n},o/${n},`);
  await put(`url,key,md5\n${lines.join('\n')}\n`);
  const runId = await client.start(KEY);
  const state = async () => (await client.run(runId)).state;
  const sweeps = () => service.output().split('sweep.done').length;
  const reached = (count: number) =>
    until(async () => ((await client.run(runId)).counts.succeeded >= count ? true : undefined), 20);

  for (const count of [150, 500]) {
    await reached(count);
    await client.steer(runId, 'pause');
    if (count === 150) await kill();
    // What was on its way, and what was accepted, comes to its end.
    await until(async () => {
      const before = (await sent()).length;
      const { submitted } = (await client.run(runId)).counts;
      return submitted === 0 && (await sent()).length === before ? true : undefined;
    }, 250);
    if (count === 500) await kill();
    const before = (await sent()).length;
    const seen = sweeps();
    await until(async () => (sweeps() >= seen + 3 ? true : undefined));
    expect((await sent()).length).toBe(before);
    expect(await state()).toBe('paused');
    await client.steer(runId, 'resume');
    if (count === 150) await kill();
    else await client.steer(runId, 'resume');
  }
  await until(async () => ((await state()) === 'completed' ? true : undefined));
  expect((await client.run(runId)).counts).toMatchObject({
    ...{ lines: LINES, quarantined: 0, failed: 0, cancelled: 0, succeeded: LINES },
  });
  const keys = (await sent()).map(({ key }) => key);
  expect(new Set(keys).size).toBe(LINES);
  expect(await service.kill('SIGTERM')).toBe(0);
  await site.close();
}, 120_000);
