import { createSign, generateKeyPairSync } from 'node:crypto';
import { describe, expect, it, onTestFinished } from 'vitest';
import { createHandler } from '../../../functions/record-callback.ts';
import { createSend, type Send } from '../../../shared/lib/http.ts';
import { createSmnVerifier } from '../../../shared/providers/huawei/smn.ts';
import { createCallbackTokens } from '../../../shared/signing/callback-token.ts';
import { type SmnMessage, startHuawei } from '../../../simulator/huawei/simulator.ts';
import { startPeer } from '../../fixtures/http.ts';
import { silentLog } from '../../fixtures/log.ts';
import { openStores } from '../../fixtures/stores.ts';

const AT = new Date('2026-11-20T02:00:00Z');
const REGION = 'cn-north-4';
const TOPIC = `urn:smn:${REGION}:0123456789abcdef0123456789abcdef:done`;
const good: SmnMessage = { topicUrn: TOPIC, message: '{"Task_Name":"photos"}' };

interface Options {
  readonly topics?: readonly string[] | undefined;
  /** Stands in for the network. */
  readonly send?: (url: string) => { status: number; body: string } | undefined;
}

/** The handler behind an address that the simulator sends its messages to. */
async function setup({ topics = [TOPIC], send: other }: Options = {}) {
  const clock = { at: AT };
  const now = () => clock.at;
  const huawei = await startHuawei({ now });
  onTestFinished(() => huawei.close());
  const fetched: string[] = [];
  let woken = 0;
  const plain = createSend({ timeoutMs: 2_000 });
  const send: Send = async (request) => {
    const query = new URLSearchParams(Object.fromEntries(request.query));
    const url = `${request.origin}${request.path}${query.size > 0 ? `?${query}` : ''}`;
    fetched.push(`${request.method} ${url}`);
    const answer = other?.(url);
    return answer ? { headers: {}, ...answer } : plain(request);
  };
  const smn = createSmnVerifier({ topics, endpoint: huawei.smnUrl, send, now });
  const { ledger } = openStores();
  const handle = createHandler({
    ledger,
    log: silentLog,
    tokens: createCallbackTokens([{ kid: 'k', secret: 'secret-0123456789' }]),
    verify: 'none',
    ...(topics.length > 0 && { smn }),
    wake: async () => {
      woken += 1;
    },
    now,
  });
  const deliver = async (body: string, more: Record<string, unknown> = {}) => {
    const answer = await handle({
      routeKey: 'POST /notifications/smn',
      requestContext: { http: { method: 'POST' } },
      headers: { 'content-type': 'application/json; charset=UTF-8' },
      body,
      ...more,
    });
    return { ...answer, problem: JSON.parse(answer.body ?? '') };
  };
  /** The body that the simulator sends for a message. */
  const written = async (message: Partial<SmnMessage> = {}): Promise<Record<string, string>> => {
    const peer = await startPeer();
    await huawei.smn.notify(peer.origin, { ...good, ...message });
    return JSON.parse(peer.arrived[0]?.body ?? '');
  };
  const invited = async (): Promise<Record<string, string>> => {
    const peer = await startPeer();
    await huawei.smn.subscribe(peer.origin, TOPIC);
    return JSON.parse(peer.arrived[0]?.body ?? '');
  };
  const deliverJson = (body: unknown) => deliver(JSON.stringify(body));
  return {
    huawei,
    clock,
    fetched,
    deliver,
    deliverJson,
    written,
    invited,
    woken: () => woken,
  };
}

const { privateKey } = generateKeyPairSync('rsa', { modulusLength: 2_048 });
const signAgain = (body: Readonly<Record<string, string>>, key = privateKey) => {
  const names = ['message', 'message_id', 'timestamp', 'topic_urn', 'type'];
  const text = names.map((name) => `${name}\n${body[name]}\n`).join('');
  return createSign('RSA-SHA256').update(text).sign(key, 'base64');
};

describe('a notification', () => {
  it('wakes the sweeper once and is answered 200', async () => {
    const { deliverJson, written, woken, fetched } = await setup();
    const answer = await deliverJson(await written());
    expect(answer).toMatchObject({ statusCode: 200, problem: { received: true } });
    expect(woken()).toBe(1);
    expect(fetched).toHaveLength(1);
  });

  it.each<[string, Partial<SmnMessage>]>([
    ['without a subject', {}],
    ['with a subject', { subject: 'OMS' }],
    ['with an empty subject', { subject: '' }],
    ['with a subject that is null', { spoil: { subject: null } }],
    ['in Chinese, of several lines', { message: '迁移\n任务\n完成', subject: '通知' }],
  ])('is taken %s', async (_name, message) => {
    const { deliverJson, written, woken } = await setup();
    expect(await deliverJson(await written(message))).toMatchObject({ statusCode: 200 });
    expect(woken()).toBe(1);
  });

  it('is taken in base64', async () => {
    const { deliver, written, woken } = await setup();
    const body = Buffer.from(JSON.stringify(await written())).toString('base64');
    expect(await deliver(body, { isBase64Encoded: true })).toMatchObject({ statusCode: 200 });
    expect(woken()).toBe(1);
  });

  it('of 256 KB is taken, escaped or not', async () => {
    const { deliver, written, woken } = await setup();
    const body = JSON.stringify(await written({ message: '\u0001'.repeat(262_144) }));
    expect(body.length).toBeGreaterThan(1_500_000);
    expect(await deliver(body)).toMatchObject({ statusCode: 200 });
    expect(woken()).toBe(1);
  });

  it('takes the certificate from the cache the second time', async () => {
    const { deliverJson, written, woken, fetched } = await setup();
    await deliverJson(await written());
    await deliverJson(await written());
    expect(woken()).toBe(2);
    expect(fetched).toHaveLength(1);
  });

  it('is listened to on any of the configured topics', async () => {
    const another = `${TOPIC}2`;
    const { deliverJson, written, woken } = await setup({ topics: [another, TOPIC] });
    expect(await deliverJson(await written())).toMatchObject({ statusCode: 200 });
    expect(await deliverJson(await written({ topicUrn: another }))).toMatchObject({
      statusCode: 200,
    });
    expect(woken()).toBe(2);
  });

  it('is taken minutes late, as a repeated delivery is', async () => {
    const { clock, deliverJson, written, woken } = await setup();
    const body = await written();
    clock.at = new Date(AT.getTime() + 15 * 60_000);
    expect(await deliverJson(body)).toMatchObject({ statusCode: 200 });
    clock.at = new Date(AT.getTime() + 15 * 60_000 + 1);
    expect(await deliverJson(body)).toMatchObject({ statusCode: 403 });
    expect(woken()).toBe(1);
  });
});

describe('a confirmation', () => {
  it('is confirmed by a GET and wakes nobody', async () => {
    const { huawei, deliverJson, invited, woken, fetched } = await setup();
    const body = await invited();
    expect(await deliverJson(body)).toMatchObject({ statusCode: 200 });
    expect(huawei.smn.confirmations).toEqual([{ topicUrn: TOPIC, at: AT }]);
    expect(fetched).toEqual([expect.stringContaining('.pem'), `GET ${body['subscribe_url']}`]);
    expect(woken()).toBe(0);
  });

  it('that SMN refuses is answered 403', async () => {
    const { clock, deliverJson, written, fetched } = await setup();
    const type = 'SubscriptionConfirmation';
    expect(await deliverJson(await written({ type }))).toMatchObject({
      statusCode: 403,
      problem: { errors: [{ path: 'subscribe_url' }] },
    });
    expect(clock.at).toBe(AT);
    expect(fetched).toHaveLength(2);
  });

  it('that SMN can not take now is answered 502, so that SMN sends it again', async () => {
    const send = (url: string) =>
      url.includes('/confirm') ? { status: 503, body: '' } : undefined;
    const { deliverJson, invited } = await setup({ send });
    expect(await deliverJson(await invited())).toMatchObject({ statusCode: 502 });
  });

  it('of an end of the subscription is verified, and nothing else is fetched', async () => {
    const { deliverJson, written, woken, fetched } = await setup();
    const type = 'UnsubscribeConfirmation';
    const body = await written({ type });
    expect(await deliverJson(body)).toMatchObject({ statusCode: 200 });
    expect(await deliverJson({ ...body, message: 'changed' })).toMatchObject({ statusCode: 403 });
    expect(fetched).toEqual([expect.stringContaining('.pem')]);
    expect(woken()).toBe(0);
  });
});

describe('a forgery changes nothing:', () => {
  type Forge = (
    body: Record<string, string>,
    smnUrl: string,
  ) => Record<string, unknown> | string | Promise<Record<string, unknown> | string>;
  const certificate =
    (change: (url: string, origin: string) => string): Forge =>
    (body, smnUrl) => ({
      ...body,
      signing_cert_url: change(body['signing_cert_url'] ?? '', smnUrl),
    });
  const without =
    (name: string): Forge =>
    ({ [name]: _gone, ...body }) =>
      body;

  /** Refused before anything is fetched. */
  const early: readonly (readonly [string, string, Forge])[] = [
    ['another topic', 'topic_urn', (body) => ({ ...body, topic_urn: `${TOPIC}2` })],
    ['a topic with a blank', 'topic_urn', (body) => ({ ...body, topic_urn: `${TOPIC} ` })],
    ['a topic of another case', 'topic_urn', (b) => ({ ...b, topic_urn: TOPIC.toUpperCase() })],
    ['an old timestamp', 'timestamp', (b) => ({ ...b, timestamp: '2026-11-20T01:44:59Z' })],
    ['a timestamp to come', 'timestamp', (b) => ({ ...b, timestamp: '2026-11-20T02:15:01Z' })],
    ['a timestamp that is none', 'timestamp', (body) => ({ ...body, timestamp: 'now' })],
    ['an empty timestamp', 'timestamp', (body) => ({ ...body, timestamp: '' })],
    ['signature_version v2', 'signature_version', (b) => ({ ...b, signature_version: 'v2' })],
    ['no JSON', '(whole)', () => 'type=Notification'],
    ['an empty body', '(whole)', () => ''],
    ['a list', 'type', () => '[]'],
    ['null', '(whole)', () => 'null'],
    ['a text', '(whole)', () => '"Notification"'],
    ['a huge body', '(whole)', (body) => ({ ...body, message: 'x'.repeat(2_000_000) })],
    ['a number for a message', 'message', (body) => ({ ...body, message: 7 })],
    ['an object for a subject', 'subject', (body) => ({ ...body, subject: {} })],
    ['a list for a topic', 'topic_urn', (body) => ({ ...body, topic_urn: [TOPIC] })],
    ...[
      'type',
      'signature',
      'signature_version',
      'signing_cert_url',
      'topic_urn',
      'message_id',
      'message',
      'timestamp',
    ].map((name) => [`no ${name}`, name, without(name)] as const),
    ...(
      [
        ['another host', () => 'http://evil.example/smn/SMN_cn-north-4_0.pem'],
        ['another host with the path', (url, own) => url.replace(own, 'http://evil.example')],
        ['another scheme', (url) => url.replace('http:', 'https:')],
        ['another port', (url) => url.replace(/:\d+\//, ':1/')],
        ['no port', (url) => url.replace(/:\d+\//, '/')],
        ['the host for a user', (url, own) => url.replace(own, `${own}@evil.example`)],
        [
          'the host for a user and password',
          (url, own) => url.replace(own, `${own}:x@evil.example`),
        ],
        ['a user', (url) => url.replace('://', '://user@')],
        ['a user and password', (url) => url.replace('://', '://user:word@')],
        ['an empty user', (url) => url.replace('://', '://@')],
        ['a longer host', (url, own) => url.replace(own, `${own}.evil.example`)],
        ['a dot behind the host', (url, own) => url.replace(own, own.replace(/:(\d+)$/, '.:$1'))],
        ['dot segments', (url) => url.replace('/smn/', '/smn/../smn/')],
        ['dot segments that leave', (url) => url.replace('/smn/', '/smn/../../')],
        ['escaped dot segments', (url) => url.replace('/smn/', '/smn/%2e%2e/smn/')],
        ['a dot segment', (url) => url.replace('/smn/', '/./smn/')],
        ['two slashes', (url) => url.replace('/smn/', '//smn/')],
        ['backslashes', (url) => url.replace('/smn/', '\\smn\\')],
        ['an escaped letter', (url) => url.replace('/smn/', '/%73mn/')],
        ['a suffix', (url) => `${url}.evil`],
        ['a slash behind', (url) => `${url}/`],
        ['a query', (url) => `${url}?x=1`],
        ['an empty query', (url) => `${url}?`],
        ['a fragment', (url) => `${url}#x`],
        ['an empty fragment', (url) => `${url}#`],
        ['a line feed behind', (url) => `${url}\n`],
        ['a tab within', (url) => url.replace('/smn/', '/s\tmn/')],
        ['a blank before', (url) => ` ${url}`],
        ['another region', (url) => url.replace(REGION, 'cn-east-3')],
        ['upper-case digits', (url) => url.replace(/_[0-9a-f]{32}/, (hex) => hex.toUpperCase())],
        ['31 digits', (url) => url.replace(/[0-9a-f]\.pem$/, '.pem')],
        ['33 digits', (url) => url.replace('.pem', '0.pem')],
        ['another folder', (url) => url.replace('/smn/', '/other/')],
        ['no scheme', (url) => url.replace('http:', '')],
        ['a file', () => 'file:///etc/passwd'],
        ['nothing', () => ''],
        ['data', () => 'data:application/x-pem-file,x'],
      ] as readonly (readonly [string, (url: string, own: string) => string])[]
    ).map(
      ([name, change]) =>
        [`a certificate address with ${name}`, 'signing_cert_url', certificate(change)] as const,
    ),
  ];

  it.each(early)('%s is refused at %s, and nothing is fetched', async (_name, path, forge) => {
    const { huawei, deliver, written, woken, fetched } = await setup();
    const forged = await forge(await written(), huawei.smnUrl);
    const answer = await deliver(typeof forged === 'string' ? forged : JSON.stringify(forged));
    expect(answer).toMatchObject({
      statusCode: 403,
      problem: { code: 'NOTIFICATION_REFUSED', errors: [{ path }] },
    });
    expect(fetched).toEqual([]);
    expect(woken()).toBe(0);
  });

  it.each<[string, Forge]>([
    ['of another key', (body) => ({ ...body, signature: signAgain(body) })],
    ['that is empty', (body) => ({ ...body, signature: '' })],
    ['that is no base64', (body) => ({ ...body, signature: '!!!!' })],
    ['cut in half', (body) => ({ ...body, signature: body['signature']?.slice(0, 100) })],
    ['over another message', (body) => ({ ...body, message: '{}' })],
    ['over another message id', (body) => ({ ...body, message_id: 'm2' })],
    ['over another time', (body) => ({ ...body, timestamp: '2026-11-20T02:00:01Z' })],
    ['over another subject', (body) => ({ ...body, subject: 'added' })],
    ['over another type', (b) => ({ ...b, type: 'UnsubscribeConfirmation', subscribe_url: 'x' })],
    [
      'over fields that flow into each other',
      (b) => ({ ...b, message: `${b['message']}\nmessage_id`, message_id: `${b['message_id']}` }),
    ],
    [
      'of a notification, made a confirmation',
      (body, own) => ({
        ...body,
        type: 'SubscriptionConfirmation',
        subscribe_url: `${own}/smn/subscription/confirm?token=t`,
      }),
    ],
  ])(
    'a signature %s is refused after no more than the certificate was fetched',
    async (_name, forge) => {
      const { huawei, deliverJson, written, woken, fetched } = await setup();
      const answer = await deliverJson(await forge(await written(), huawei.smnUrl));
      expect(answer).toMatchObject({
        statusCode: 403,
        problem: { code: 'NOTIFICATION_REFUSED', errors: [{ path: 'signature' }] },
      });
      expect(fetched).toEqual([expect.stringMatching(/^GET .*\.pem$/)]);
      expect(woken()).toBe(0);
    },
  );

  it.each<[string, { status: number; body: string }, number]>([
    ['not there', { status: 404, body: '' }, 403],
    ['moved', { status: 302, body: '' }, 403],
    ['no certificate', { status: 200, body: '<html>' }, 403],
    ['not to be had now', { status: 503, body: '' }, 502],
    ['asked for too often', { status: 429, body: '' }, 502],
  ])('a certificate that is %s confirms nothing', async (_name, reply, statusCode) => {
    const { deliverJson, written, woken } = await setup({ send: () => reply });
    expect(await deliverJson(await written())).toMatchObject({ statusCode });
    expect(woken()).toBe(0);
  });

  it('a certificate that has ended confirms nothing', async () => {
    const { clock, deliverJson, written, woken } = await setup();
    clock.at = new Date('2028-01-01T00:00:00Z');
    expect(await deliverJson(await written())).toMatchObject({
      statusCode: 403,
      problem: { errors: [{ path: 'signing_cert_url' }] },
    });
    expect(woken()).toBe(0);
  });

  it('a message signed by a certificate of another address is refused', async () => {
    const evil = await startHuawei({ now: () => AT });
    onTestFinished(() => evil.close());
    const { deliverJson, woken, fetched } = await setup();
    const peer = await startPeer();
    await evil.smn.notify(peer.origin, good);
    expect(await deliverJson(JSON.parse(peer.arrived[0]?.body ?? ''))).toMatchObject({
      statusCode: 403,
    });
    expect([woken(), fetched]).toEqual([0, []]);
  });

  it('does not tell what was expected of a secret, nor quote the message', async () => {
    const { deliverJson, written } = await setup();
    const answer = await deliverJson({ ...(await written()), message: 'canary' });
    expect(answer.body).not.toContain('canary');
  });
});

describe('messages that need nothing', () => {
  it.each(['HttpSubscriptionUserConfirm', 'HttpSubscriptionUserUnsubscribe', 'SomethingNew'])(
    'of type %s are answered 200 and ignored, whatever else they say',
    async (type) => {
      const { deliverJson, written, woken, fetched } = await setup();
      expect(await deliverJson({ ...(await written()), type })).toMatchObject({ statusCode: 200 });
      expect(await deliverJson({ type })).toMatchObject({ statusCode: 200 });
      expect([woken(), fetched]).toEqual([0, []]);
    },
  );

  it.each(['constructor', '__proto__', 'toString', 'hasOwnProperty'])(
    'of type %s are no exception',
    async (type) => {
      const { deliverJson, written, woken, fetched } = await setup();
      expect(await deliverJson({ ...(await written()), type })).toMatchObject({ statusCode: 200 });
      expect([woken(), fetched]).toEqual([0, []]);
    },
  );
});

describe('without a configured topic', () => {
  it('every message is answered 404', async () => {
    const { deliverJson, written, woken, fetched } = await setup({ topics: [] });
    expect(await deliverJson(await written())).toMatchObject({
      statusCode: 404,
      problem: { code: 'NOT_FOUND' },
    });
    expect([woken(), fetched]).toEqual([0, []]);
  });
});
