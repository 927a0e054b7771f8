/** Notifications of chats over real HTTP: payloads, signatures checked apart from ours, refusals. */
import { createHmac } from 'node:crypto';
import { expect, it } from 'vitest';
import { createLog } from '../../shared/lib/log.ts';
import type { ChatConfig, Message, NewMessage } from '../../shared/reporting/webhooks/message.ts';
import { createReceivers } from '../../shared/reporting/webhooks/receiver.ts';
import { createNotifier } from '../../shared/runs/reconcile/notify.ts';
import { startPeer } from '../fixtures/http.ts';
import { manifestOf, startLive } from '../fixtures/live.ts';
import { until } from '../fixtures/processes.ts';
import { runProgram } from '../fixtures/program.ts';
import { openStores, temporaryFolder } from '../fixtures/stores.ts';

const SECRET = 'SEC-canary-of-the-robot';
const TOOK = { status: 200, body: '{"errcode":0,"errmsg":"ok"}' };
const FEISHU_TOOK = { status: 200, body: '{"code":0,"msg":"success","data":{}}' };

const closed = {
  id: 'msg_1',
  type: 'run.closed',
  at: new Date('2026-11-20T02:05:00Z'),
  data: {
    runId: '4f0c1b7a9d2e4f6a8b0c1d2e',
    operation: 'cos-offline-fetch',
    state: 'completed',
    counts: { succeeded: 1_995, failed: 3 },
    source: { key: 'cos-fetch/ap-shanghai/b-1250000000/<at user_id="all">&a.csv' },
  },
} satisfies Pick<Message, 'id' | 'type' | 'at' | 'data'> as unknown as NewMessage;

/** A notifier of these chats at one peer, with what it logs. */
async function setup(...chats: readonly Partial<ChatConfig>[]) {
  const peer = await startPeer();
  const { ledger } = openStores();
  const lines: string[] = [];
  const log = createLog({ write: (line) => lines.push(line) });
  const configs = chats.map((chat, at) => ({
    kind: 'wecom' as const,
    url: `${peer.origin}/robot/${at}?key=canary-of-the-address`,
    ...chat,
  }));
  const notifier = createNotifier(createReceivers({ chats: configs }), ledger, log);
  // Of a run that is not there any more, a message would be dropped.
  await ledger.openRun({
    runId: '4f0c1b7a9d2e4f6a8b0c1d2e',
    trigger: 'http',
    operation: 'cos-offline-fetch',
    createdAt: closed.at,
  });
  await ledger.activateRun('4f0c1b7a9d2e4f6a8b0c1d2e', { shardCount: 0, sizeBytes: 0 });
  await ledger.closeRun('4f0c1b7a9d2e4f6a8b0c1d2e', closed.at);
  const send = (at = new Date()) =>
    notifier.send([], { now: () => at, deadline: new Date(at.getTime() + 3_600_000) });
  const bodyOf = (at: number) => JSON.parse(peer.arrived[at]?.body ?? '');
  return { bodyOf, ledger, lines, notifier, peer, send };
}

it('WeCom gets a text', async () => {
  const { bodyOf, notifier, peer, send } = await setup({ kind: 'wecom' });
  peer.answer(TOOK);
  await notifier.outbox.add(closed);
  await send();
  expect(peer.arrived.map(({ method, url }) => `${method} ${url}`)).toEqual([
    'POST /robot/0?key=canary-of-the-address',
  ]);
  expect(peer.arrived[0]?.headers['content-type']).toMatch(/^application\/json/);
  const { msgtype, text } = bodyOf(0);
  expect(msgtype).toBe('text');
  expect(text.content).toMatch(/^Waybill: Run 4f0c1b7a9d2e4f6a8b0c1d2e .* is completed\n/);
  expect(text.content).toContain('1,995 succeeded, 3 failed');
  expect(text.content).toContain('npx waybill show 4f0c1b7a9d2e4f6a8b0c1d2e');
  // Nobody is mentioned by what a manifest is called.
  expect(text.content).not.toContain('<at');
});

it('Feishu gets a text with a signature in its body', async () => {
  const { bodyOf, notifier, peer, send } = await setup({ kind: 'feishu', secret: SECRET });
  peer.answer(FEISHU_TOOK);
  await notifier.outbox.add(closed);
  await send(new Date('2026-11-20T02:05:01.900Z'));
  const { timestamp, sign, msg_type: kind, content } = bodyOf(0);
  expect([kind, timestamp]).toEqual(['text', '1795140301']);
  expect(content.text).toMatch(/^Waybill: Run /);
  expect(content.text).not.toContain('<at');
  // As its manual computes it: time and secret are the key, the message is empty.
  expect(sign).toBe(createHmac('sha256', `${timestamp}\n${SECRET}`).digest('base64'));
  expect(JSON.stringify(peer.arrived)).not.toContain(SECRET);
});

it('DingTalk gets a text with a signature in its query', async () => {
  const { bodyOf, notifier, peer, send } = await setup({ kind: 'dingtalk', secret: SECRET });
  peer.answer(TOOK);
  await notifier.outbox.add(closed);
  await send(new Date('2026-11-20T02:05:01.900Z'));
  const { searchParams } = new URL(peer.arrived[0]?.url ?? '', peer.origin);
  const timestamp = searchParams.get('timestamp') ?? '';
  expect([timestamp, searchParams.get('key')]).toEqual(['1795140301900', 'canary-of-the-address']);
  const expected = createHmac('sha256', SECRET).update(`${timestamp}\n${SECRET}`).digest('base64');
  expect(searchParams.get('sign')).toBe(expected);
  // Base64's + would be read as a blank.
  expect(peer.arrived[0]?.url).not.toContain('+');
  expect(bodyOf(0)).toMatchObject({ msgtype: 'text', text: { content: expect.any(String) } });
});

it('Slack gets a text with its three signs escaped', async () => {
  const { bodyOf, notifier, peer, send } = await setup({ kind: 'slack' });
  peer.answer({ status: 200, body: 'ok' });
  await notifier.outbox.add(closed);
  await send();
  expect(Object.keys(bodyOf(0))).toEqual(['text']);
  expect(bodyOf(0).text).toContain('&lt;at user_id="all"&gt;&amp;a.csv');
});

it.each([
  ['wecom', '{"errcode":93000,"errmsg":"invalid webhook url"}', '93000'],
  ['dingtalk', '{"errcode":310000,"errmsg":"sign not match"}', '310000'],
  ['feishu', '{"code":19021,"msg":"sign match fail or timestamp is not within one hour"}', '19021'],
  ['feishu', '<html>a proxy</html>', 'REPLY_INVALID'],
] as const)('%s refuses with status 200: %s', async (kind, body, code) => {
  const { lines, notifier, peer, send } = await setup({ kind, secret: SECRET });
  peer.answer({ status: 200, body }, kind === 'feishu' ? FEISHU_TOOK : TOOK);
  await notifier.outbox.add(closed);
  const at = new Date('2026-11-20T02:05:01Z');
  await send(at);
  const failed = lines
    .map((line) => JSON.parse(line))
    .find((each) => each.event === 'webhook.failed');
  expect(failed).toMatchObject({ receiver: `notify ${kind} 1`, status: 200, code, attempts: 1 });
  // It is tried again.
  await send(new Date(at.getTime() + 5_000));
  expect(peer.arrived).toHaveLength(2);
  await send(new Date(at.getTime() + 3_600_000));
  expect(peer.arrived).toHaveLength(2);
  expect(lines.join('')).not.toMatch(/canary/);
});

it('a chat that is down holds up no other, and each gets every message once', async () => {
  const dead = 'http://127.0.0.1:1/robot';
  const { notifier, peer, send } = await setup({ url: dead }, {}, {});
  peer.answer(TOOK);
  await notifier.outbox.add(closed);
  await notifier.outbox.add(closed);
  await send();
  await send();
  expect(peer.arrived.map(({ url }) => url?.split('?')[0]).sort()).toEqual([
    '/robot/1',
    '/robot/2',
  ]);
});

it('long texts are cut to what the smallest chat takes, and secrets in addresses masked', async () => {
  const { bodyOf, notifier, peer, send } = await setup({});
  peer.answer(TOOK);
  const message = `GET http://user:hunter2@origin.example/a ${'说'.repeat(2_000)}`;
  await notifier.outbox.add({
    id: 'msg_2',
    type: 'credentials.refused',
    at: closed.at,
    data: { provider: 'tencent', api: 'cos-fetch', code: 'X', message, since: '2026' },
  });
  await send();
  const { content } = bodyOf(0).text;
  expect(Buffer.byteLength(content)).toBeLessThanOrEqual(2_048);
  expect(content).toMatch(/说…$/);
  expect(content).not.toContain('hunter2');
});

it('a service tells its chat when a run with failures has closed', async () => {
  const peer = await startPeer();
  peer.answer(TOOK);
  const live = await startLive({ env: { WAYBILL_NOTIFY: `wecom:${peer.origin}/robot?key=k` } });
  const missing = `${live.site.missingUrl},missing.txt,`;
  const runId = await live.start('videos.csv', manifestOf(live.site, 3, [missing]));
  const texts = () => peer.arrived.map(({ body }) => String(JSON.parse(body).text.content));
  const text = await until(async () => texts().find((each) => each.includes(`Run ${runId} `)));
  expect(text).toContain('3 succeeded, 1 failed');
});

it('many failures of a run that is open are told once', async () => {
  const { ledger, notifier, peer } = await setup({});
  peer.answer(TOOK);
  const runOf = async (runId: string, failed: number, succeeded: number, migrationId?: string) => {
    await ledger.openRun({
      runId,
      trigger: 'http',
      operation: 'cos-offline-fetch',
      createdAt: closed.at,
      ...(migrationId && { migrationId }),
    });
    await ledger.activateRun(runId, { shardCount: 1, sizeBytes: 1 });
    for (let line = 0; line < failed + succeeded; line += 1) {
      await ledger.record(`${runId}.0.${line}`, {
        state: line < failed ? 'failed' : 'succeeded',
        attempt: 1,
        accepted: [],
        at: closed.at,
        event: 'callback',
      });
    }
  };
  await runOf('failing', 20, 79);
  await runOf('few', 19, 0);
  await runOf('mostly-good', 20, 80);
  await runOf('migrated', 30, 0, 'm1');
  const open = (await ledger.runs({ unclosed: true })).items;
  const at = new Date();
  const times = { now: () => at, deadline: new Date(at.getTime() + 3_600_000) };
  await notifier.send(open, times);
  await notifier.send(open, times);
  expect(peer.arrived).toHaveLength(1);
  expect(peer.arrived[0]?.body).toContain(
    'Many transfers of run failing fail\\n79 succeeded, 20 failed',
  );
  // Once it has closed, it is forgotten.
  await notifier.send([], times);
  expect((await ledger.readNote('failing runs'))?.text).toBe('[]');
});

it('waybill notify sends a test to each, and says who refused it', async () => {
  const [good, bad] = [await startPeer(), await startPeer()];
  good.answer(TOOK);
  bad.answer({ status: 200, body: '{"code":19021,"msg":"sign match fail"}' });
  const env = {
    WAYBILL_DATA: temporaryFolder(),
    WAYBILL_NOTIFY: `wecom:${good.origin}/a?key=canary,feishu:${bad.origin}/b#${SECRET}`,
  };
  const { code, out } = await runProgram(env, 'notify', '--json');
  expect(JSON.parse(out)).toEqual({
    ok: false,
    receivers: [
      { name: 'wecom 1', ok: true },
      { name: 'feishu 1', ok: false, status: 200, code: '19021' },
    ],
  });
  expect(code).toBe(1);
  expect(JSON.parse(good.arrived[0]?.body ?? '').text.content).toBe(
    'Waybill: This is a test. Notifications arrive here.',
  );
  good.answer(TOOK);
  bad.answer(FEISHU_TOOK);
  const again = await runProgram(env, 'notify');
  expect([again.code, again.out]).toEqual([0, expect.stringMatching(/wecom 1 +took the test/)]);
  expect(again.out).not.toContain('canary');
  const none = await runProgram({ WAYBILL_DATA: env.WAYBILL_DATA }, 'notify');
  expect(none.failure).toMatch(/^No receiver is configured. Set WAYBILL_NOTIFY, /);
  const wrong = await runProgram(
    { ...env, WAYBILL_NOTIFY: 'teams:https://canary.example' },
    'notify',
  );
  expect(wrong.failure).toMatch(/WAYBILL_NOTIFY: expected in item 1/);
  expect(wrong.failure).not.toContain('canary');
});
