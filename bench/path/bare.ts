/** The same traffic and nothing else: read the manifest, post each object, count the callbacks. */
import { once } from 'node:events';
import { createReadStream } from 'node:fs';
import { createServer } from 'node:http';
import type { AddressInfo } from 'node:net';
import { createInterface } from 'node:readline';
import { Agent } from 'undici';
import { BUCKET, IN_FLIGHT, readInput, report } from './common.ts';

const { manifest, objects, env } = readInput();
let outcomes = 0;
let finished = (): void => {};
const server = createServer((request, response) => {
  request.resume().on('end', () => {
    response.end('{}');
    outcomes += 1;
    if (outcomes === objects) finished();
  });
}).listen(0, '127.0.0.1');
await once(server, 'listening');
const base = `http://127.0.0.1:${(server.address() as AddressInfo).port}/callbacks`;
const agent = new Agent({ connections: IN_FLIGHT });
const origin = env['WAYBILL_COS_MIGRATION_ENDPOINT'] ?? '';

async function post(url: string, key: string): Promise<void> {
  const answer = await agent.request({
    origin,
    path: `/${BUCKET}/`,
    method: 'POST',
    headers: { 'content-type': 'application/json' },
    body: JSON.stringify({
      Url: url,
      Key: key,
      SuccessCallbackUrl: `${base}/${key}/s`,
      FailureCallbackUrl: `${base}/${key}/f`,
      OnKeyExist: 'override',
    }),
  });
  const { code } = (await answer.body.json()) as { code: number };
  if (code !== 0) throw new Error(`refused with ${code}`);
}

const start = performance.now();
const done = new Promise<void>((resume) => {
  finished = resume;
});
let running = 0;
let wake = (): void => {};
const lines = createInterface({ input: createReadStream(manifest) });
let header = true;
for await (const line of lines) {
  if (header) {
    header = false;
    continue;
  }
  const [url = '', key = ''] = line.split(',');
  if (running >= IN_FLIGHT) {
    await new Promise<void>((resume) => {
      wake = resume;
    });
  }
  running += 1;
  post(url, key).finally(() => {
    running -= 1;
    wake();
  });
}
await done;
report((performance.now() - start) / 1_000);
process.exit(0);
