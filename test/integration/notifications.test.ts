/** What a receiver is told by a live service; its signatures are judged by the public library. */
import { randomBytes } from 'node:crypto';
import { createServer } from 'node:http';
import type { AddressInfo } from 'node:net';
import { Webhook } from 'standardwebhooks';
import { expect, it, onTestFinished } from 'vitest';
import { manifestOf, startLive } from '../fixtures/live.ts';
import { until } from '../fixtures/processes.ts';

interface News {
  readonly id: string;
  readonly type: string;
  readonly data: Readonly<Record<string, unknown>>;
}

async function startReceiver() {
  const secret = `whsec_${randomBytes(32).toString('base64')}`;
  const received: News[] = [];
  const server = createServer((request, response) => {
    const parts: Buffer[] = [];
    request.on('data', (part: Buffer) => parts.push(part));
    request.on('end', () => {
      const headers = request.headers as Record<string, string>;
      try {
        const { type, data } = new Webhook(secret).verify(Buffer.concat(parts), headers) as News;
        received.push({ id: headers['webhook-id'] ?? '', type, data });
        response.writeHead(204).end();
      } catch (error) {
        response.writeHead(401).end(String(error));
      }
    });
  });
  await new Promise<void>((done) => server.listen(0, '127.0.0.1', done));
  onTestFinished(() => void server.close());
  const url = `http://127.0.0.1:${(server.address() as AddressInfo).port}/hook`;
  const env = { WAYBILL_WEBHOOK_URL: url, WAYBILL_WEBHOOK_SECRETS: secret };
  const hears = (type: string, count = 1) =>
    until(async () => {
      const found = received.filter((each) => each.type === type);
      return found.length >= count ? found : undefined;
    });
  return { env, hears, received };
}

it('a run is told of when it has closed, and again when it was retried', async () => {
  const receiver = await startReceiver();
  const live = await startLive({ env: receiver.env });
  const missing = `${live.site.missingUrl},missing.txt,`;
  const runId = await live.start('videos.csv', manifestOf(live.site, 3, [missing]));
  const [first] = await receiver.hears('run.closed');
  expect(first?.data).toMatchObject({
    runId,
    state: 'completed',
    counts: { succeeded: 3, failed: 1 },
    reports: { failed: `reports/${runId}/failed.csv` },
  });
  // What it names is there by then.
  expect((await live.call(`/runs/${runId}/failed.csv`)).status).toBe(200);
  const retried = await live.call(`/runs/${runId}/retry`, { method: 'POST', body: '{}' });
  expect(retried.status).toBe(202);
  const both = await receiver.hears('run.closed', 2);
  expect(new Set(both.map(({ id }) => id)).size).toBe(2);
});

it('so is one that could not be carried out, and a key that is refused; once each', async () => {
  const receiver = await startReceiver();
  const live = await startLive({
    env: { ...receiver.env, TENCENTCLOUD_SECRET_KEY: 'a-key-that-is-not-the-right-one' },
  });
  const broken = await live.start('broken.csv', 'url,md5\nhttp://a.example/b,\n');
  await live.start('videos.csv', manifestOf(live.site, 30));
  const [closed] = await receiver.hears('run.closed');
  expect(closed?.data).toMatchObject({ runId: broken, state: 'failed' });
  const [key] = await receiver.hears('credentials.refused');
  expect(key?.data).toMatchObject({ provider: 'tencent', api: 'cos-fetch' });
  // Further sweeps tell nothing new.
  await live.start('third.csv', 'url,md5\n');
  await receiver.hears('run.closed', 2);
  expect(receiver.received.map(({ type }) => type).sort()).toEqual([
    'credentials.refused',
    // That of the refused key closes a minute later, once nothing of it can be under way.
    ...Array(2).fill('run.closed'),
  ]);
});
