/** Notifications over real HTTP, judged by the public library of Standard Webhooks. */
import { randomBytes } from 'node:crypto';
import { once } from 'node:events';
import { createServer, type RequestListener } from 'node:http';
import type { AddressInfo } from 'node:net';
import { Webhook } from 'standardwebhooks';
import { describe, expect, it, onTestFinished, vi } from 'vitest';
import { StoreError } from '../../shared/lib/errors.ts';
import { createLog } from '../../shared/lib/log.ts';
import { createDeliver, type DeliverOptions } from '../../shared/reporting/webhooks/deliver.ts';
import type {
  CredentialsRefused,
  Message,
  NewMessage,
} from '../../shared/reporting/webhooks/message.ts';
import { createOutbox } from '../../shared/reporting/webhooks/outbox.ts';
import { createWebhook } from '../../shared/reporting/webhooks/receiver.ts';
import { createDynamoLedger } from '../../shared/stores/aws/dynamodb/ledger.ts';
import { startDynalite } from '../fixtures/dynalite.ts';
import { type Arrived, startPeer } from '../fixtures/http.ts';
import { openStores } from '../fixtures/stores.ts';
import { createLedgerTable } from '../fixtures/table.ts';

const newSecret = (): string => `whsec_${randomBytes(32).toString('base64')}`;
const SECRET = newSecret();
const START = Date.parse('2026-11-20T02:00:00Z');
const [SECOND, MINUTE, HOUR] = [1_000, 60_000, 3_600_000];
const NOTHING = { delivered: 0, failed: 0, waiting: 0 };

const refused = (id: string, at = START): NewMessage => ({
  id: `msg_${id}`,
  type: 'credentials.refused',
  at: new Date(at),
  data: {
    provider: 'huawei',
    api: 'oms cn-north-4',
    code: 'APIGW.0301',
    message: 'Schlüssel abgelehnt',
    requestId: 'r1',
    since: new Date(at).toISOString(),
  },
});

/** What the receiver makes of a request; throws when the library does. */
const verify = ({ body, headers }: Arrived, secret = SECRET): unknown =>
  new Webhook(secret).verify(body, headers as Record<string, string>);

function setup() {
  // Receivers look at their own clock, so both sides share one; timers stay real.
  vi.useFakeTimers({ toFake: ['Date'], now: START });
  onTestFinished(() => void vi.useRealTimers());
  const { ledger } = openStores();
  const lines: Record<string, unknown>[] = [];
  const log = createLog({ write: (line) => lines.push(JSON.parse(line)) });
  const outbox = createOutbox({ ledger, log });
  const worker = ({
    url,
    secrets = [SECRET],
    ...options
  }: { url: string; secrets?: readonly string[] } & Partial<DeliverOptions>) => {
    const check = async () => 'send' as const;
    const deliver = createDeliver({
      receiver: createWebhook({ url, secrets }),
      outbox,
      ledger,
      log,
      check,
      ...options,
    });
    return (forMs = HOUR) =>
      deliver({ now: () => new Date(), deadline: new Date(Date.now() + forMs) });
  };
  const logged = (event: string) => lines.filter((line) => line['event'] === event);
  return { ledger, lines, log, logged, outbox, worker };
}

async function serve(listener: RequestListener): Promise<string> {
  const server = createServer(listener).listen(0, '127.0.0.1');
  await once(server, 'listening');
  onTestFinished(() => {
    server.closeAllConnections();
    server.close();
  });
  return `http://127.0.0.1:${(server.address() as AddressInfo).port}/`;
}

describe('a receiver that takes messages', () => {
  it('gets each once, signed, with its type, time and data', async () => {
    const { logged, outbox, worker } = setup();
    const peer = await startPeer();
    const deliver = worker({ url: `${peer.origin}/hooks/a%20b?tenant=x%26y` });
    await outbox.add(refused('1'));
    expect(await deliver()).toEqual({ delivered: 1, failed: 0, waiting: 0 });
    expect(await deliver()).toEqual(NOTHING);

    expect(peer.arrived).toHaveLength(1);
    const [arrived] = peer.arrived as [Arrived];
    expect([arrived.method, arrived.url]).toEqual(['POST', '/hooks/a%20b?tenant=x%26y']);
    expect(arrived.headers).toMatchObject({
      'content-type': 'application/json',
      'webhook-id': 'msg_1',
      'webhook-timestamp': String(START / 1_000),
    });
    const { type, data } = refused('1');
    expect(verify(arrived)).toEqual({ type, timestamp: '2026-11-20T02:00:00.000Z', data });
    expect(logged('webhook.delivered')).toMatchObject([{ id: 'msg_1', type, attempts: 1 }]);
  });

  it('can check them with the old and the new secret while they change', async () => {
    const { outbox, worker } = setup();
    const peer = await startPeer();
    const next = newSecret();
    await outbox.add(refused('1'));
    await worker({ url: peer.origin, secrets: [next, SECRET] })();
    const [arrived] = peer.arrived as [Arrived];
    expect(verify(arrived, SECRET)).toEqual(verify(arrived, next));
    expect(() => verify(arrived, newSecret())).toThrow('No matching signature');
    expect(() => verify({ ...arrived, body: `${arrived.body} ` })).toThrow('No matching signature');
  });

  it('gets the oldest first, at most eight at once', async () => {
    const { outbox, worker } = setup();
    const ids: unknown[] = [];
    let [open, most] = [0, 0];
    const url = await serve(async (request, response) => {
      ids.push(request.headers['webhook-id']);
      open += 1;
      most = Math.max(most, open);
      // Answered only when all that may be under way are.
      while (open < Math.min(8, 20 - 8 * Math.floor((ids.length - 1) / 8))) {
        await new Promise((resume) => setImmediate(resume));
      }
      await new Promise((resume) => setImmediate(resume));
      open -= 1;
      response.end();
    });
    const ages = Array.from({ length: 20 }, (_, age) => age);
    for (const age of ages) await outbox.add(refused(`${age}`, START - age * SECOND));
    expect(await worker({ url })()).toEqual({ delivered: 20, failed: 0, waiting: 0 });
    expect(most).toBe(8);
    const first = ages.slice(-8).map((age) => `msg_${age}`);
    expect(ids.slice(0, 8).sort()).toEqual(first.sort());
    expect(ids.slice(-4).sort()).toEqual(['msg_0', 'msg_1', 'msg_2', 'msg_3']);
  });

  it('counts as one by its status, however its body ends', async () => {
    const { outbox, worker } = setup();
    const peer = await startPeer();
    peer.answer({ status: 204 }, { status: 202, body: 'x', breakOff: 'in-body' });
    await outbox.add(refused('1'));
    await outbox.add(refused('2'));
    const long = await serve((_request, response) => {
      response.end(Buffer.alloc(2_000_000));
    });
    expect(await worker({ url: peer.origin })()).toMatchObject({ delivered: 2 });
    await outbox.add(refused('3'));
    expect(await worker({ url: long })()).toMatchObject({ delivered: 1, waiting: 0 });
  });
});

describe('a receiver that fails', () => {
  it('gets the message again, with the same id and body, signed for the moment', async () => {
    const { logged, outbox, worker } = setup();
    const peer = await startPeer();
    peer.answer({ status: 500, body: 'canary' }, { status: 500 }, { status: 200 });
    const deliver = worker({ url: peer.origin });
    await outbox.add(refused('1'));

    expect(await deliver()).toEqual({ delivered: 0, failed: 1, waiting: 1 });
    vi.setSystemTime(START + 4_999);
    expect(await deliver()).toEqual({ ...NOTHING, waiting: 1 });
    vi.setSystemTime(START + 5_000);
    expect(await deliver()).toEqual({ delivered: 0, failed: 1, waiting: 1 });
    vi.setSystemTime(START + 5_000 + 5 * MINUTE);
    expect(await deliver()).toEqual({ delivered: 1, failed: 0, waiting: 0 });

    const [first, second, third] = peer.arrived as [Arrived, Arrived, Arrived];
    expect(verify(third)).toMatchObject({ timestamp: '2026-11-20T02:00:00.000Z' });
    expect([second.body, third.body]).toEqual([first.body, first.body]);
    expect(peer.arrived.map(({ headers }) => headers['webhook-id'])).toEqual(
      Array(3).fill('msg_1'),
    );
    expect(peer.arrived.map(({ headers }) => Number(headers['webhook-timestamp']))).toEqual(
      [0, 5, 305].map((seconds) => START / 1_000 + seconds),
    );
    expect(logged('webhook.failed')).toMatchObject([
      { level: 'warn', attempts: 1, status: 500, nextAt: '2026-11-20T02:00:05.000Z' },
      { level: 'warn', attempts: 2, status: 500, nextAt: '2026-11-20T02:05:05.000Z' },
    ]);
    expect(JSON.stringify(logged('webhook.failed'))).not.toContain('canary');
  });

  it('is given up after the tenth try, with an error in the log', async () => {
    const { logged, outbox, worker } = setup();
    const peer = await startPeer();
    peer.answer({ status: 400 });
    const deliver = worker({ url: peer.origin });
    await outbox.add(refused('1'));
    for (let tries = 1; tries <= 10; tries += 1) {
      expect(await deliver()).toEqual({ delivered: 0, failed: 1, waiting: tries < 10 ? 1 : 0 });
      vi.setSystemTime(Date.now() + 24 * HOUR);
    }
    expect(await deliver()).toEqual(NOTHING);
    expect(peer.arrived).toHaveLength(10);
    expect(logged('webhook.gave-up')).toMatchObject([
      { level: 'error', id: 'msg_1', type: 'credentials.refused', attempts: 10, status: 400 },
    ]);
  });

  it.each([429, 503])('and asks for time with %i is given it', async (status) => {
    const { outbox, worker } = setup();
    const peer = await startPeer();
    peer.answer({ status, headers: { 'retry-after': '600' } }, { status: 200 });
    const deliver = worker({ url: peer.origin });
    await outbox.add(refused('1'));
    await deliver();
    vi.setSystemTime(START + 599 * SECOND);
    expect(await deliver()).toEqual({ ...NOTHING, waiting: 1 });
    vi.setSystemTime(START + 600 * SECOND);
    expect(await deliver()).toMatchObject({ delivered: 1 });
  });

  it('and asks for less than the schedule waits, or with another status, changes nothing', async () => {
    const { outbox, worker } = setup();
    const peer = await startPeer();
    peer.answer(
      { status: 503, headers: { 'retry-after': '1' } },
      { status: 500, headers: { 'retry-after': '3000' } },
    );
    const deliver = worker({ url: peer.origin });
    await outbox.add(refused('1'));
    await deliver();
    expect(await outbox.pending()).toMatchObject([{ nextAt: new Date(START + 5 * SECOND) }]);
    vi.setSystemTime(START + 5 * SECOND);
    await deliver();
    expect(await outbox.pending()).toMatchObject([
      { nextAt: new Date(START + 5 * SECOND + 5 * MINUTE) },
    ]);
  });

  it('and is gone for good gets it no more', async () => {
    const { logged, outbox, worker } = setup();
    const peer = await startPeer();
    peer.answer({ status: 410 });
    await outbox.add(refused('1'));
    expect(await worker({ url: peer.origin })()).toEqual({ delivered: 0, failed: 1, waiting: 0 });
    expect(logged('webhook.gone')).toMatchObject([{ level: 'warn', id: 'msg_1', status: 410 }]);
  });

  it.each([301, 302, 307, 308])('and redirects with %i is not followed', async (status) => {
    const { outbox, worker } = setup();
    const [peer, other] = [await startPeer(), await startPeer()];
    peer.answer({ status, headers: { location: other.origin } });
    await outbox.add(refused('1'));
    expect(await worker({ url: peer.origin })()).toEqual({ delivered: 0, failed: 1, waiting: 1 });
    expect([peer.arrived.length, other.arrived.length]).toEqual([1, 0]);
  });

  it('and closes the connection, or is not there, is tried again', async () => {
    const { logged, outbox, worker } = setup();
    const peer = await startPeer();
    peer.answer({ breakOff: 'at-once' });
    await outbox.add(refused('1'));
    expect(await worker({ url: peer.origin })()).toEqual({ delivered: 0, failed: 1, waiting: 1 });
    vi.setSystemTime(START + MINUTE);
    const closed = createServer().listen(0, '127.0.0.1');
    await once(closed, 'listening');
    const { port } = closed.address() as AddressInfo;
    await new Promise((resolve) => closed.close(resolve));
    const url = `http://127.0.0.1:${port}/`;
    expect(await worker({ url })()).toMatchObject({ failed: 1, waiting: 1 });
    expect(logged('webhook.failed')).toMatchObject([
      { code: 'TRANSPORT_FAILED', attempts: 1 },
      { code: 'TRANSPORT_FAILED', attempts: 2 },
    ]);
  });

  it.each<[string, RequestListener]>([
    ['never answers', () => {}],
    [
      'sends its headers byte by byte',
      ({ socket }) => {
        socket.write('HTTP/1.1 200 OK\r\nx: ');
        drip(socket);
      },
    ],
  ])('and %s keeps nobody longer than the limit', async (_name, listener) => {
    const { logged, outbox, worker } = setup();
    const url = await serve(listener);
    await outbox.add(refused('1'));
    const startedAt = performance.now();
    expect(await worker({ url, timeoutMs: 200 })()).toMatchObject({ failed: 1, waiting: 1 });
    expect(performance.now() - startedAt).toBeLessThan(5_000);
    expect(logged('webhook.failed')).toMatchObject([{ code: 'TRANSPORT_TIMEOUT' }]);
  });

  it('and never ends its body has taken the message all the same', async () => {
    const { outbox, worker } = setup();
    const url = await serve((_request, response) => {
      response.writeHead(200);
      drip(response);
    });
    await outbox.add(refused('1'));
    expect(await worker({ url, timeoutMs: 200 })()).toMatchObject({ delivered: 1, waiting: 0 });
  });

  it('and sends a body without end is cut off', async () => {
    const { outbox, worker } = setup();
    const part = 'x'.repeat(16_384);
    let sent = 0;
    const url = await serve((_request, response) => {
      const more = (): void => {
        while (!response.destroyed && response.write(part)) sent += part.length;
      };
      response.on('drain', more);
      more();
    });
    await outbox.add(refused('1'));
    expect(await worker({ url })()).toMatchObject({ delivered: 1, waiting: 0 });
    // What lay in the buffers of both sides besides.
    expect(sent).toBeLessThan(16 * 1_024 * 1_024);
  });

  it('keeps no other message from a receiver that mends', async () => {
    const { outbox, worker } = setup();
    const url = await serve((request, response) => {
      response.writeHead(request.headers['webhook-id'] === 'msg_bad' ? 500 : 200).end();
    });
    await outbox.add(refused('bad', START - HOUR));
    for (const id of ['1', '2', '3']) await outbox.add(refused(id));
    expect(await worker({ url })()).toEqual({ delivered: 3, failed: 1, waiting: 1 });
  });
});

describe('messages', () => {
  it('wait, go, or are dropped as the caller finds', async () => {
    const { outbox, worker } = setup();
    const peer = await startPeer();
    const verdicts: Record<string, 'send' | 'wait' | 'drop'> = {
      msg_1: 'wait',
      msg_2: 'drop',
      msg_3: 'send',
    };
    const check = async ({ id }: Message) => verdicts[id] ?? 'send';
    const deliver = worker({ url: peer.origin, check });
    for (const id of ['1', '2', '3']) await outbox.add(refused(id));
    expect(await deliver()).toEqual({ delivered: 1, failed: 0, waiting: 1 });
    expect(await outbox.pending()).toMatchObject([{ id: 'msg_1', attempts: 0 }]);
    verdicts['msg_1'] = 'send';
    expect(await deliver()).toEqual({ delivered: 1, failed: 0, waiting: 0 });
    expect(peer.arrived.map(({ headers }) => headers['webhook-id'])).toEqual(['msg_3', 'msg_1']);
  });

  it('stay when a try could outlast the deadline', async () => {
    const { outbox, worker } = setup();
    const peer = await startPeer();
    const deliver = worker({ url: peer.origin });
    await outbox.add(refused('1'));
    expect(await deliver(14_999)).toEqual({ ...NOTHING, waiting: 1 });
    expect(peer.arrived).toEqual([]);
    expect(await deliver(15_000)).toMatchObject({ delivered: 1 });
  });

  it('have the same id again after a crash between sending and noting', async () => {
    const { ledger, log, outbox, worker } = setup();
    const peer = await startPeer();
    await outbox.add(refused('1'));
    const crashing = createOutbox({
      ledger: { ...ledger, swapNote: () => Promise.reject(new StoreError('the process died')) },
      log,
    });
    const first = worker({ url: peer.origin, outbox: crashing });
    await expect(first()).rejects.toMatchObject({ code: 'STORE_FAILED' });
    expect(await worker({ url: peer.origin })()).toMatchObject({ delivered: 1, waiting: 0 });
    const [before, after] = peer.arrived as [Arrived, Arrived];
    expect(after.headers['webhook-id']).toBe(before.headers['webhook-id']);
    expect(after.body).toBe(before.body);
  });

  it('are noted as sent even when the look at another one fails', async () => {
    const { outbox, worker } = setup();
    const peer = await startPeer();
    await outbox.add(refused('1'));
    await outbox.add(refused('2'));
    const check = async ({ id }: Message) => {
      if (id === 'msg_2') throw new StoreError('no ledger');
      return 'send' as const;
    };
    await expect(worker({ url: peer.origin, check })()).rejects.toThrow('no ledger');
    expect(await outbox.pending()).toMatchObject([{ id: 'msg_2', attempts: 0 }]);
  });

  it('that are added while others are sent stay for the next call', async () => {
    const { outbox, worker } = setup();
    let added: Promise<void> | undefined;
    const url = await serve((_request, response) => {
      added ??= outbox.add(refused('2')).then(() => void response.end());
      void added.then(() => response.end());
    });
    await outbox.add(refused('1'));
    expect(await worker({ url })()).toEqual({ delivered: 1, failed: 0, waiting: 1 });
    expect(await worker({ url })()).toEqual({ delivered: 1, failed: 0, waiting: 0 });
  });
});

it('two workers at once send a message once', async () => {
  const { outbox, worker } = setup();
  let arrived = 0;
  let answer = (): void => {};
  let begun = (): void => {};
  const isBegun = new Promise<void>((resolve) => (begun = resolve));
  const url = await serve((_request, response) => {
    arrived += 1;
    answer = () => void response.end();
    begun();
  });
  await outbox.add(refused('1'));
  const first = worker({ url })();
  await isBegun;
  expect(await worker({ url })()).toEqual(NOTHING);
  answer();
  expect(await first).toEqual({ delivered: 1, failed: 0, waiting: 0 });
  expect(arrived).toBe(1);
});

it('an outbox in DynamoDB takes as many workers, and fits into its item when it is full', async () => {
  const dynalite = await startDynalite();
  onTestFinished(() => dynalite.close());
  const table = await createLedgerTable(dynalite.call);
  const { log, logged, worker } = setup();
  const ledger = createDynamoLedger({ table, call: dynalite.call });
  const open = () => createOutbox({ ledger, log });
  await Promise.all(['1', '2', '3', '4', '5', '6'].map((id) => open().add(refused(id))));
  const peer = await startPeer();
  const deliver = worker({ url: peer.origin, ledger, outbox: open() });
  expect(await deliver()).toEqual({ delivered: 6, failed: 0, waiting: 0 });
  for (const arrived of peer.arrived) verify(arrived);

  const long = refused('long');
  const data = { ...long.data, message: '腾'.repeat(30_000) } as CredentialsRefused;
  for (const id of ['a', 'b', 'c', 'd']) {
    await open().add({ id: `msg_${id}`, at: long.at, type: 'credentials.refused', data });
  }
  expect(logged('webhook.dropped').map(({ id }) => id)).toEqual(['msg_a', 'msg_b']);
  expect(await deliver()).toEqual({ delivered: 2, failed: 0, waiting: 0 });
});

/** A byte every few milliseconds, until the other side has had enough. */
function drip(to: { write(text: string): unknown; readonly destroyed: boolean }): void {
  const timer = setInterval(() => {
    if (to.destroyed) clearInterval(timer);
    else to.write('x');
  }, 5);
  onTestFinished(() => clearInterval(timer));
}
