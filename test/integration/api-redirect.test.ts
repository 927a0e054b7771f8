/** Long reports come from the store, by a signed address: what clients send there is not our token. */
import { describe, expect, it, onTestFinished } from 'vitest';
import { createHttp } from '../../cli/io/http.ts';
import { createHandler } from '../../functions/runs.ts';
import { startServer } from '../../local/http.ts';
import { createBearer } from '../../shared/api/auth.ts';
import { presign } from '../../shared/lib/s3/presign.ts';
import { createPlanner } from '../../shared/runs/plan.ts';
import { newRun } from '../contract/ledger.ts';
import { silentLog } from '../fixtures/log.ts';
import { startS3Peer } from '../fixtures/s3-peer.ts';
import { openStores } from '../fixtures/stores.ts';

const TOKEN = 'canary-token-of-this-test';
const AUTHORIZED = { authorization: `Bearer ${TOKEN}` };
const LONG = `url,key\r\n${'http://o.example/a,a\r\n'.repeat(250_000)}`;

/** The API with its reports in a bucket, at an origin of its own. */
async function setup() {
  const peer = await startS3Peer(({ method }) => ({
    headers: { etag: '"e"', 'last-modified': new Date(0).toUTCString() },
    body: method === 'HEAD' ? '' : LONG,
  }));
  const { ledger, queue } = openStores();
  await ledger.openRun(newRun('r1'));
  await ledger.activateRun('r1', { shardCount: 0, sizeBytes: 0 });
  await ledger.closeRun('r1', new Date());
  const objects = {
    ...peer.objects,
    head: async (key: string) => ({
      key,
      sizeBytes: LONG.length,
      etag: 'e',
      lastModifiedAt: new Date(0),
    }),
  };
  const handler = createHandler({
    allowHttps: false,
    authorize: createBearer([TOKEN]),
    deadLetters: queue,
    ledger,
    log: silentLog,
    objects,
    planner: createPlanner({ ledger, objects, queue, shardBytes: 1_024, log: silentLog }),
    queue,
    uploads: {
      place: async (key) => ({
        method: 'PUT',
        url: await presign('PUT', key, peer.place),
        headers: {},
      }),
      reading: (key) => presign('GET', key, peer.place),
    },
  });
  const routes = ['GET /runs/{runId}/failed.csv', 'POST /uploads'].map(
    (route) => [route, handler] as const,
  );
  const server = await startServer({
    host: '127.0.0.1',
    port: 0,
    log: silentLog,
    routes,
    checkToken: async () => ({ role: 'operate' }),
  });
  onTestFinished(() => server.close());
  return { peer, url: server.url };
}

describe('a report longer than an answer', () => {
  it('is at a signed address that nobody keeps', async () => {
    const { url } = await setup();
    const answer = await fetch(`${url}/runs/r1/failed.csv`, {
      headers: AUTHORIZED,
      redirect: 'manual',
    });
    expect(answer.status).toBe(302);
    expect(answer.headers.get('cache-control')).toBe('no-store');
    expect(await answer.text()).toBe('');
  });

  it('is read by fetch and the command line, which keep the token to themselves', async () => {
    const { peer, url } = await setup();
    const answer = await fetch(`${url}/runs/r1/failed.csv`, { headers: AUTHORIZED });
    expect(await answer.text()).toBe(LONG);
    const http = createHttp({ url, env: { WAYBILL_TOKEN: TOKEN } });
    expect(await (await http.request('/runs/r1/failed.csv')).text()).toBe(LONG);
    expect(peer.arrived).toHaveLength(2);
    expect(JSON.stringify(peer.arrived.map(({ headers }) => headers))).not.toContain(TOKEN);
  });

  it('goes the other way as well: a manifest by a signed address', async () => {
    const { peer, url } = await setup();
    const key = 'cos-fetch/ap-shanghai/b-1250000000/a b.csv';
    const answer = await fetch(`${url}/uploads`, {
      method: 'POST',
      body: JSON.stringify({ key }),
      headers: { ...AUTHORIZED, 'content-type': 'application/json' },
    });
    const place = (await answer.json()) as { url: string };
    expect((await fetch(place.url, { method: 'PUT', body: 'url,key\n' })).status).toBe(200);
    expect(peer.arrived.at(-1)?.key).toBe(key);
  });
});
