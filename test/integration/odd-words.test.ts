/**
 * A provider whose codes are names of members that every object has, on loopback, against the whole
 * service: such a word is a code like any other.
 */
import { once } from 'node:events';
import { createServer, type IncomingMessage } from 'node:http';
import type { AddressInfo } from 'node:net';
import { text } from 'node:stream/consumers';
import { describe, expect, it, onTestFinished } from 'vitest';
import { createHandler } from '../../functions/record-callback.ts';
import { createCallbackTokens } from '../../shared/signing/callback-token.ts';
import { newRun, newShard } from '../contract/ledger.ts';
import { startLive } from '../fixtures/live.ts';
import { loadJson } from '../fixtures/load.ts';
import { silentLog } from '../fixtures/log.ts';
import { until } from '../fixtures/processes.ts';
import { openStores } from '../fixtures/stores.ts';

const WORDS = ['constructor', '__proto__', 'toString', 'hasOwnProperty', 'valueOf'];

interface Order {
  readonly Key: string;
  readonly SuccessCallbackUrl: string;
  readonly FailureCallbackUrl: string;
}

/** What it does with an object, its key says: `xml:<code>` and `json:<code>` refuse, `fail:<code>` fails later. */
async function startProvider() {
  const answered: number[] = [];
  const tasks = new Map<string, string>();
  const callBack = async (url: string, code: string): Promise<void> => {
    const isForm = tasks.size % 2 === 0;
    const type = isForm ? 'application/x-www-form-urlencoded' : 'application/json';
    const body = isForm ? `${code}=1&code=${code}` : `{"${code}":"x","code":"${code}"}`;
    const answer = await fetch(url, { method: 'POST', headers: { 'content-type': type }, body });
    answered.push(answer.status);
  };
  const reply = async (request: IncomingMessage) => {
    if (request.method === 'GET') {
      const code = tasks.get(decodeURIComponent(request.url?.split('/').at(-1) ?? '')) ?? '';
      return { status: 200, body: { code: 0, data: { status: 'TASK_FAILED', code, msg: 'odd' } } };
    }
    const order = JSON.parse(await text(request)) as Order;
    const [how, code = ''] = order.Key.split(':');
    if (how === 'xml') return { status: 400, body: `<Error><Code>${code}</Code></Error>` };
    if (how === 'json') return { status: 400, body: { code, message: 'odd' } };
    const taskid = `t${tasks.size + 1}`;
    tasks.set(taskid, code);
    const failed = how === 'fail';
    // After the answer: the service has recorded the task then.
    setImmediate(() =>
      callBack(failed ? order.FailureCallbackUrl : order.SuccessCallbackUrl, code),
    );
    return { status: 200, body: { code: 0, message: 'SUCCESS', data: { taskid } } };
  };
  const server = createServer((request, response) => {
    reply(request).then(({ status, body }) => {
      response.writeHead(status);
      response.end(typeof body === 'string' ? body : JSON.stringify(body));
    });
  });
  server.listen(0, '127.0.0.1');
  await once(server, 'listening');
  onTestFinished(() => {
    server.closeAllConnections();
    server.close();
  });
  return { url: `http://127.0.0.1:${(server.address() as AddressInfo).port}`, answered };
}

it.each(['none', 'failures'])(
  'G9: refusals and callbacks with odd codes fail their own objects alone, WAYBILL_VERIFY=%s',
  async (verify) => {
    const provider = await startProvider();
    const service = await startLive({
      env: { WAYBILL_COS_MIGRATION_ENDPOINT: provider.url, WAYBILL_VERIFY: verify },
    });
    const odd = ['xml', 'json', 'fail'].flatMap((how) => WORDS.map((word) => `${how}:${word}`));
    const keys = Array.from({ length: 60 }, (_, n) => odd[n / 4] ?? `good/${n}`);
    const lines = keys.map((key) => `http://o.example/x,${key}\n`).join('');
    const runId = await service.start('odd.csv', `url,key\n${lines}`);
    const run = await until(async () => {
      const answer = (await (await service.call(`/runs/${runId}`)).json()) as {
        state: string;
        counts: object;
      };
      return answer.state === 'active' || answer.state === 'planning' ? undefined : answer;
    }, 50);
    expect(run).toMatchObject({
      state: 'completed',
      counts: { lines: 60, succeeded: 60 - odd.length, failed: odd.length },
    });
    const page = await service.call(`/runs/${runId}/transfers?state=failed`);
    const { transfers } = (await page.json()) as {
      transfers: { key: string; cause: { code: string; class: string } }[];
    };
    const told = transfers.map(({ key, cause }) => `${key} ${cause.code} ${cause.class}`);
    expect(told.sort()).toEqual(
      odd
        .map((key) => [key, ...key.split(':')])
        .map(([key, how, code]) => `${key} ${code} ${how === 'fail' ? 'source' : 'request'}`)
        .sort(),
    );
    expect(new Set(provider.answered)).toEqual(new Set([200]));
    expect(await (await service.call(`/runs/${runId}/failed.csv`)).text()).toContain('__proto__');
  },
  60_000,
);

describe('callbacks with odd codes', () => {
  it('G9: among many, all are recorded and answered 200', async () => {
    const { ledger } = openStores();
    const at = new Date('2026-11-20T02:00:00Z');
    const tokens = createCallbackTokens([{ kid: 'k1', secret: 'a-secret-of-this-test' }]);
    await ledger.openRun(newRun('r1'));
    await ledger.openShard(newShard('r1'), { owner: 'w', at, leaseMs: 1 });
    const ids = Array.from({ length: 100 }, (_, n) => `r1.0.${n}`);
    for (const id of ids) {
      const object = { url: 'http://o.example/', key: id };
      const known = { state: 'submitted', attempt: 1, accepted: [`1:${id}`], at, object } as const;
      await ledger.record(id, { ...known, event: 'accepted' });
    }
    const handle = createHandler({
      ledger,
      log: silentLog,
      tokens,
      verify: 'none',
      wake: async () => {},
      now: () => at,
    });
    const sample = loadJson('events/record-callback.json') as Record<string, unknown>;
    const answers = await Promise.all(
      ids.map((transferId, n) => {
        const claim = { transferId, attempt: 1, outcome: 'failed' } as const;
        const code = WORDS[n / 20] ?? 'NotFound';
        return handle({
          ...sample,
          pathParameters: { token: tokens.make(claim, new Date(at.getTime() + 60_000)) },
          body: JSON.stringify({ code, message: 'odd' }),
        });
      }),
    );
    expect(answers.map(({ statusCode }) => statusCode)).toEqual(ids.map(() => 200));
    const rows = await Promise.all(ids.map((id) => ledger.read(id)));
    expect(rows.map((row) => row?.cause?.code).filter((code) => code !== 'NotFound')).toEqual(
      WORDS,
    );
    expect(new Set(rows.map((row) => row?.cause?.class))).toEqual(new Set(['source']));
  });
});
