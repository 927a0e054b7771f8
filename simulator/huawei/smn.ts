/**
 * SMN as the sender of HTTP messages, and the host of its certificate:
 * https://support.huaweicloud.com/intl/en-us/usermanual-smn/smn_ug_a9002.html
 */
import { createHash, createSign, randomUUID } from 'node:crypto';
import type { Answer, Wire } from '../server.ts';
import { json } from './answers.ts';
import { type Certificate, selfSigned } from './certificate.ts';

export interface SmnOverrides {
  /** Signed with the message. @default now, as `YYYY-MM-DDTHH:MM:SSZ` */
  readonly timestamp?: string;
  /** Signed with the message. @default a new UUID */
  readonly messageId?: string;
  /** Sent in place of the good one. */
  readonly signature?: string;
  /** Sent in place of the good one. */
  readonly signingCertUrl?: string;
  /** Fields of the body set after signing; undefined takes a field away. */
  readonly spoil?: Readonly<Record<string, unknown>>;
}

export interface SmnMessage extends SmnOverrides {
  /** `urn:smn:<region>:<project>:<topic>` */
  readonly topicUrn: string;
  readonly message: string;
  readonly subject?: string;
  /** @default 'Notification' */
  readonly type?: string;
}

export interface SmnConfirmation {
  readonly topicUrn: string;
  readonly at: Date;
}

export interface SmnSender {
  /** Sends a signed message. @returns the status of the answer */
  notify(url: string, message: SmnMessage): Promise<number>;
  /** Asks for a confirmation of a subscription. @returns the status of the answer */
  subscribe(url: string, topicUrn: string, overrides?: SmnOverrides): Promise<number>;
  /** Subscriptions whose `subscribe_url` was fetched, in order. */
  readonly confirmations: readonly SmnConfirmation[];
}

interface Smn {
  handle(wire: Wire): Answer;
  /** @param url of the server that `handle` serves */
  sender(url: string): SmnSender;
}

const DAY_MS = 86_400_000;
const ANSWER_WITHIN_MS = 5_000;
const CONFIRM_WITHIN_MS = 2 * DAY_MS;
const CONFIRM_PATH = '/smn/subscription/confirm';

export async function createSmn(now: () => Date): Promise<Smn> {
  const at = now().getTime();
  const certificate = await selfSigned(
    'smn.myhuaweicloud.com',
    new Date(at - DAY_MS),
    new Date(at + 365 * DAY_MS),
  );
  const serial = createHash('md5').update(certificate.pem).digest('hex');
  const asked = new Map<string, SmnConfirmation>();
  const confirmations: SmnConfirmation[] = [];

  const confirm = (token: string | null): Answer => {
    const found = token === null ? undefined : asked.get(token);
    if (!found || now().getTime() - found.at.getTime() > CONFIRM_WITHIN_MS) {
      return json(400, { code: 'SMN.00011004', message: 'The token is invalid or expired.' });
    }
    confirmations.push({ topicUrn: found.topicUrn, at: now() });
    return json(200, {
      request_id: randomUUID().replaceAll('-', ''),
      message: 'The subscription is confirmed.',
      subscription_urn: `${found.topicUrn}:${token}`,
    });
  };

  const post = (url: string, base: string, message: SmnMessage, more: Fields = {}) =>
    send(url, bodyOf(message, base, more, { certificate, serial, now }));

  return {
    handle({ method, rawPath, rawQuery }) {
      if (method === 'GET' && rawPath === CONFIRM_PATH) {
        return confirm(new URLSearchParams(rawQuery).get('token'));
      }
      const [, found] = /^\/smn\/SMN_[a-z0-9-]+_([0-9a-f]{32})\.pem$/.exec(rawPath) ?? [];
      return method === 'GET' && found === serial
        ? {
            status: 200,
            headers: { 'content-type': 'application/x-pem-file' },
            body: certificate.pem,
          }
        : json(404, { code: 'SMN.0404', message: 'Not found.' });
    },
    sender: (base) => ({
      confirmations,
      notify(url, message) {
        const { type } = message;
        if (type === undefined || type === 'Notification') return post(url, base, message);
        return post(url, base, message, { subscribe_url: `${base}${CONFIRM_PATH}?token=again` });
      },
      subscribe(url, topicUrn, overrides = {}) {
        const token = randomUUID().replaceAll('-', '');
        asked.set(token, { topicUrn, at: now() });
        const message = `You are invited to subscribe to topic ${topicUrn}.`;
        const type = 'SubscriptionConfirmation';
        const more = { subscribe_url: `${base}${CONFIRM_PATH}?token=${token}` };
        return post(url, base, { ...overrides, type, topicUrn, message }, more);
      },
    }),
  };
}

type Fields = Readonly<Record<string, string>>;

interface Signing {
  readonly certificate: Certificate;
  /** In the address of the certificate. */
  readonly serial: string;
  readonly now: () => Date;
}

/** @param more signed fields */
function bodyOf(
  message: SmnMessage,
  base: string,
  more: Fields,
  { certificate, serial, now }: Signing,
) {
  const { topicUrn, type = 'Notification', spoil = {} } = message;
  const signed: Fields = {
    type,
    topic_urn: topicUrn,
    message_id: message.messageId ?? randomUUID().replaceAll('-', ''),
    message: message.message,
    timestamp: message.timestamp ?? now().toISOString().replace(/\.\d+/, ''),
    ...(message.subject !== undefined && { subject: message.subject }),
    ...more,
  };
  const region = topicUrn.split(':')[2] ?? '';
  return {
    ...signed,
    signature: message.signature ?? sign(signed, certificate),
    signature_version: 'v1',
    signing_cert_url: message.signingCertUrl ?? `${base}/smn/SMN_${region}_${serial}.pem`,
    ...(type === 'Notification' && {
      unsubscribe_url: `${base}/smn/subscription/unsubscribe?subscription_urn=${topicUrn}:1`,
    }),
    ...spoil,
  };
}

/** Names that are signed, in ascending order, by type. */
const SIGNED = [
  'message',
  'message_id',
  'subject',
  'subscribe_url',
  'timestamp',
  'topic_urn',
  'type',
];

/** Each name and its value on a line of their own; what is absent or empty is left out. */
function sign(fields: Fields, { privateKey }: Certificate): string {
  const isNotification = fields['type'] === 'Notification';
  const text = SIGNED.filter((name) => name !== (isNotification ? 'subscribe_url' : 'subject'))
    .filter((name) => fields[name])
    .map((name) => `${name}\n${fields[name]}\n`)
    .join('');
  return createSign('RSA-SHA256').update(text).sign(privateKey, 'base64');
}

async function send(url: string, body: Readonly<Record<string, unknown>>): Promise<number> {
  const text = (name: string) => String(body[name] ?? '');
  const answer = await fetch(url, {
    method: 'POST',
    headers: {
      'content-type': 'application/json; charset=UTF-8',
      'X-SMN-MESSAGE-TYPE': text('type'),
      'X-SMN-MESSAGE-ID': text('message_id'),
      'X-SMN-TOPIC-URN': text('topic_urn'),
    },
    body: JSON.stringify(body),
    redirect: 'manual',
    signal: AbortSignal.timeout(ANSWER_WITHIN_MS),
  });
  await answer.arrayBuffer();
  return answer.status;
}
