import { createSign } from 'node:crypto';
import { describe, expect, it } from 'vitest';
import { createSmnVerifier } from '../../../../../shared/providers/huawei/smn.ts';
import { selfSigned } from '../../../../../simulator/huawei/certificate.ts';

const AT = new Date('2026-11-20T02:00:00Z');
const REGION = 'sa-brazil-1';
const TOPIC = `urn:smn:${REGION}:0123456789abcdef0123456789abcdef:done`;
const HOST = `https://smn.${REGION}.myhuaweicloud.com`;
const PEM = `/smn/SMN_${REGION}_0123456789abcdef0123456789abcdef.pem`;
const CONFIRM = '/smn/subscription/confirm';

const certificate = await selfSigned(
  'smn.myhuaweicloud.com',
  new Date('2026-01-01T00:00:00Z'),
  new Date('2027-01-01T00:00:00Z'),
);

type Fields = Readonly<Record<string, string>>;
const SIGNED = [
  'message',
  'message_id',
  'subject',
  'subscribe_url',
  'timestamp',
  'topic_urn',
  'type',
];

/** A message with a good signature over what it says. */
function signed(fields: Fields, host = HOST): string {
  const body: Fields = {
    type: 'Notification',
    topic_urn: TOPIC,
    message_id: 'm1',
    message: 'hello',
    timestamp: '2026-11-20T02:00:00Z',
    ...fields,
  };
  const text = SIGNED.filter((name) => body[name])
    .map((name) => `${name}\n${body[name]}\n`)
    .join('');
  const signature = createSign('RSA-SHA256').update(text).sign(certificate.privateKey, 'base64');
  return JSON.stringify({
    ...body,
    signature,
    signature_version: 'v1',
    signing_cert_url: `${host}${PEM}`,
  });
}

const invitation = (url: string) =>
  signed({ type: 'SubscriptionConfirmation', subscribe_url: url });

function setup(endpoint = 'https://smn.{region}.myhuaweicloud.com') {
  const asked: string[] = [];
  const verifier = createSmnVerifier({
    topics: [TOPIC],
    endpoint,
    now: () => AT,
    send: async ({ method, origin, path, query, body, headers }) => {
      expect([method, body, headers]).toEqual(['GET', '', {}]);
      const text = query.map(([name, value]) => `${name}=${value}`).join('&');
      asked.push(`${origin}${path}${text && '?'}${text}`);
      return { status: 200, headers: {}, body: path.endsWith('.pem') ? certificate.pem : '' };
    },
  });
  return { verifier, asked };
}

describe('messages of SMN', () => {
  it('are read with the certificate of the host of the region', async () => {
    const { verifier, asked } = setup();
    expect(await verifier.accept(signed({ subject: 's' }))).toEqual({
      type: 'Notification',
      topicUrn: TOPIC,
      messageId: 'm1',
    });
    expect(asked).toEqual([`${HOST}${PEM}`]);
  });

  it('are read below the path of an endpoint', async () => {
    const { verifier, asked } = setup('https://proxy.example/{region}');
    const host = `https://proxy.example/${REGION}`;
    expect(await verifier.accept(signed({}, host))).toMatchObject({ messageId: 'm1' });
    expect(asked).toEqual([`${host}${PEM}`]);
    await expect(verifier.accept(signed({}, 'https://proxy.example'))).rejects.toMatchObject({
      code: 'NOTIFICATION_REFUSED',
    });
  });

  it.each([
    [`http://smn.${REGION}.myhuaweicloud.com`, 'a downgrade to http'],
    [`${HOST}:443`, 'the port written out'],
    [`${HOST}:8443`, 'another port'],
    ['https://smn.cn-north-4.myhuaweicloud.com', 'the host of another region'],
    [`https://evil-smn.${REGION}.myhuaweicloud.com`, 'a longer first label'],
    [`https://bucket.obs.${REGION}.myhuaweicloud.com`, 'a bucket of anybody'],
    [`https://smn.${REGION}.myhuaweicloud.com.evil.example`, 'a longer name'],
    [`https://smn.${REGION}.myhuaweicloud.com@evil.example`, 'the host for a user'],
    [`https://smn.${REGION}.myhuaweicloud.com%2f@evil.example`, 'the host and a path for a user'],
    [`https://evil.example#${HOST}`, 'the host in a fragment'],
    [`https://evil.example/?${HOST}`, 'the host in a query'],
    [`https://SMN.${REGION}.myhuaweicloud.com`, 'another case'],
    [`HTTPS://smn.${REGION}.myhuaweicloud.com`, 'another case of the scheme'],
    [`https:smn.${REGION}.myhuaweicloud.com`, 'no slashes'],
    [`https://ѕmn.${REGION}.myhuaweicloud.com`, 'a letter that looks alike'],
  ])('with a certificate at %s are refused: %s', async (host) => {
    const { verifier, asked } = setup();
    await expect(verifier.accept(signed({}, host))).rejects.toMatchObject({
      code: 'NOTIFICATION_REFUSED',
      errors: [{ path: 'signing_cert_url' }],
    });
    expect(asked).toEqual([]);
  });

  it('keep a bounded number of certificates', async () => {
    const { verifier, asked } = setup();
    const one = (index: number) =>
      signed({}).replace('0123456789abcdef.pem', `${index.toString(16).padStart(16, '0')}.pem`);
    for (let index = 0; index < 40; index += 1) await verifier.accept(one(index));
    await verifier.accept(one(39));
    expect(asked).toHaveLength(40);
    await verifier.accept(one(0));
    expect(asked).toHaveLength(41);
  });
});

describe('an invitation', () => {
  const query = `?token=abc123&topic_urn=${TOPIC}&region=${REGION}`;

  it.each([
    ["SMN's own host", `${HOST}${CONFIRM}${query}`],
    ['the console', `https://console.huaweicloud.com${CONFIRM}${query}`],
    ['the international console', `https://console-intl.huaweicloud.com${CONFIRM}${query}`],
    ['the console of the region', `https://${REGION}-console.huaweicloud.com${CONFIRM}${query}`],
    ['the European console', `https://console.huaweicloud.eu${CONFIRM}${query}`],
  ])('is confirmed on %s', async (_name, url) => {
    const { verifier, asked } = setup();
    expect(await verifier.accept(invitation(url))).toMatchObject({
      type: 'SubscriptionConfirmation',
    });
    expect(asked).toEqual([`${HOST}${PEM}`, url]);
  });

  it.each([
    ['another host', `https://evil.example${CONFIRM}${query}`],
    ['no encryption', `http://console.huaweicloud.com${CONFIRM}${query}`],
    ["no encryption on SMN's host", `${HOST.replace('https', 'http')}${CONFIRM}${query}`],
    ['another port', `https://console.huaweicloud.com:8443${CONFIRM}${query}`],
    ['the console for a user', `https://console.huaweicloud.com@evil.example${CONFIRM}${query}`],
    ['a user', `https://user@console.huaweicloud.com${CONFIRM}${query}`],
    ['a password', `https://:word@${HOST.slice(8)}${CONFIRM}${query}`],
    ['a longer name', `https://console.huaweicloud.com.evil.example${CONFIRM}${query}`],
    ['a longer first label', `https://evil-console.huaweicloud.com${CONFIRM}${query}`],
    ['the console of another region', `https://cn-north-4-console.huaweicloud.com${CONFIRM}`],
    ['a host of one label', `https://console${CONFIRM}${query}`],
    ['a host that ends alike', `https://consolehuaweicloud.com${CONFIRM}${query}`],
    ['the host alone', 'https://huaweicloud.com/smn/subscription/confirm'],
    ['a bucket of anybody', `https://console.obs.${REGION}.myhuaweicloud.com${CONFIRM}`],
    ['another call of SMN', `${HOST}/smn/subscription/unsubscribe${query}`],
    ['a longer path', `${HOST}${CONFIRM}/more${query}`],
    ['dot segments that leave', `${HOST}${CONFIRM}/../unsubscribe${query}`],
    ['an escaped path', `${HOST}/smn%2Fsubscription%2Fconfirm${query}`],
    ['a broken escape', `${HOST}/%zz${query}`],
    ['a loopback address', `https://127.0.0.1${CONFIRM}`],
    ['the metadata service', 'http://169.254.169.254/latest/meta-data'],
    ['a file', 'file:///etc/passwd'],
    ['no address', 'confirm'],
  ])('to %s is refused though it is signed', async (_name, url) => {
    const { verifier, asked } = setup();
    await expect(verifier.accept(invitation(url))).rejects.toMatchObject({
      code: 'NOTIFICATION_REFUSED',
      errors: [{ path: 'subscribe_url' }],
    });
    expect(asked).toEqual([`${HOST}${PEM}`]);
  });

  it('without an address is refused', async () => {
    const { verifier, asked } = setup();
    await expect(
      verifier.accept(signed({ type: 'SubscriptionConfirmation' })),
    ).rejects.toMatchObject({ code: 'NOTIFICATION_REFUSED' });
    expect(asked).toEqual([`${HOST}${PEM}`]);
  });

  it('is the only type that is answered with a GET', async () => {
    const { verifier, asked } = setup();
    const url = `https://evil.example${CONFIRM}`;
    await verifier.accept(signed({ type: 'UnsubscribeConfirmation', subscribe_url: url }));
    expect(asked).toEqual([`${HOST}${PEM}`]);
  });
});
