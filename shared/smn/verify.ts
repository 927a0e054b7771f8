/**
 * Verifies messages of Huawei SMN as its pages tell, with guards they leave out: certificates come
 * only from SMN's own host in the topic's region, and only configured topics are listened to.
 * https://support.huaweicloud.com/intl/en-us/usermanual-smn/smn_ug_a9003.html (OMS reference,
 * section 6.2)
 */
import { createVerify, X509Certificate } from 'node:crypto';
import * as v from 'valibot';
import { InputError } from '../errors.ts';
import type { Send } from '../http.ts';
import type { Pair } from '../signing/signer.ts';

export interface SmnMessage {
  readonly type: 'Notification' | 'SubscriptionConfirmation' | 'UnsubscribeConfirmation';
  readonly topicUrn: string;
  readonly messageId: string;
}

export interface SmnVerifier {
  /**
   * The message, when it is SMN's and of a configured topic; undefined for types that need nothing.
   * A confirmation is confirmed.
   * @throws InputError (NOTIFICATION_REFUSED); what fetching the certificate throws
   */
  accept(body: string): Promise<SmnMessage | undefined>;
}

export interface SmnVerifierOptions {
  readonly topics: readonly string[];
  /** With `{region}`: `https://smn.{region}.myhuaweicloud.com`. */
  readonly endpoint: string;
  readonly send: Send;
  readonly now?: () => Date;
}

/** A message may be delivered again for some minutes. */
const MAX_AGE_MS = 15 * 60_000;
const CERTIFICATES_KEPT = 16;

const message = v.object({
  type: v.string(),
  signature: v.string(),
  signature_version: v.literal('v1'),
  signing_cert_url: v.string(),
  topic_urn: v.string(),
  message_id: v.string(),
  message: v.string(),
  timestamp: v.string(),
  subject: v.optional(v.string()),
  subscribe_url: v.optional(v.string()),
});
type Parsed = v.InferOutput<typeof message>;

const CONFIRMATION: readonly (keyof Parsed)[] = [
  'message',
  'message_id',
  'subscribe_url',
  'timestamp',
  'topic_urn',
  'type',
];
/** Signed parts by type, ascending; newer types need no answer of ours. */
const SIGNED: Readonly<Record<string, readonly (keyof Parsed)[]>> = {
  Notification: ['message', 'message_id', 'subject', 'timestamp', 'topic_urn', 'type'],
  SubscriptionConfirmation: CONFIRMATION,
  UnsubscribeConfirmation: CONFIRMATION,
};

export function createSmnVerifier(options: SmnVerifierOptions): SmnVerifier {
  const { topics, endpoint, send, now = () => new Date() } = options;
  const certificates = new Map<string, X509Certificate>();

  const certificateOf = async (url: string): Promise<X509Certificate> => {
    const known = certificates.get(url);
    if (known) return known;
    const answer = await send(getOf(url));
    if (answer.status !== 200) throw refused('signing_cert_url', 'expected a certificate there');
    let certificate: X509Certificate;
    try {
      certificate = new X509Certificate(answer.body);
    } catch (error) {
      throw refused('signing_cert_url', 'expected a certificate in PEM', error);
    }
    if (certificates.size >= CERTIFICATES_KEPT) certificates.clear();
    certificates.set(url, certificate);
    return certificate;
  };

  return {
    async accept(body) {
      const parsed = parse(body);
      const signed = SIGNED[parsed.type];
      if (!signed) return undefined;
      const {
        topic_urn: topicUrn,
        signing_cert_url: url,
        timestamp,
        message_id: messageId,
      } = parsed;
      if (!topics.includes(topicUrn))
        throw refused('topic_urn', 'expected one of WAYBILL_SMN_TOPICS');
      const region = topicUrn.split(':')[2] ?? '';
      const origin = endpoint.replaceAll('{region}', region);
      const name = new RegExp(`^/smn/SMN_${region}_[0-9a-f]{32}\\.pem$`);
      if (!url.startsWith(origin) || !name.test(url.slice(origin.length))) {
        throw refused('signing_cert_url', `expected ${origin}/smn/SMN_${region}_<32 hex>.pem`);
      }
      const at = now();
      const age = Math.abs(at.getTime() - Date.parse(timestamp));
      if (!(age <= MAX_AGE_MS))
        throw refused('timestamp', 'expected an instant of the last minutes');
      const certificate = await certificateOf(url);
      if (new Date(certificate.validFrom) > at || new Date(certificate.validTo) < at) {
        throw refused('signing_cert_url', 'expected a certificate that is valid now');
      }
      const verifier = createVerify('RSA-SHA256').update(textOf(parsed, signed));
      if (!verifier.verify(certificate.publicKey, parsed.signature, 'base64')) {
        throw refused('signature', 'expected the signature of this message');
      }
      if (parsed.type === 'SubscriptionConfirmation') {
        await confirm(parsed.subscribe_url ?? '', origin, send);
      }
      return { type: parsed.type as SmnMessage['type'], topicUrn, messageId };
    },
  };
}

function parse(body: string): Parsed {
  let value: unknown;
  try {
    value = JSON.parse(body);
  } catch (error) {
    throw refused('(whole)', 'expected a JSON document', error);
  }
  const result = v.safeParse(message, value);
  if (result.success) return result.output;
  const [issue] = result.issues;
  throw refused(v.getDotPath(issue) ?? '(whole)', 'expected as SMN writes it');
}

/** Name, line feed, value, line feed; a subject that is empty is left out. */
const textOf = (parsed: Parsed, names: readonly (keyof Parsed)[]): string =>
  names
    .filter((name) => name !== 'subject' || parsed.subject)
    .map((name) => `${name}\n${parsed[name] ?? ''}\n`)
    .join('');

/** Only on SMN's own host: whoever holds a topic could send us anywhere else. */
async function confirm(url: string, origin: string, send: Send): Promise<void> {
  if (!url.startsWith(`${origin}/`))
    throw refused('subscribe_url', `expected an address of ${origin}`);
  const { status } = await send(getOf(url));
  if (status >= 300)
    throw refused('subscribe_url', `expected a confirmation, it answered ${status}`);
}

function getOf(url: string) {
  const { origin, pathname, searchParams } = new URL(url);
  const query: readonly Pair[] = [...searchParams];
  const path = decodeURIComponent(pathname);
  return { method: 'GET', origin, path, query, headers: {}, body: '' } as const;
}

const refused = (path: string, expected: string, cause?: unknown): InputError =>
  new InputError(
    'NOTIFICATION_REFUSED',
    'This is no message of a topic we listen to.',
    [{ path, message: expected }],
    cause,
  );
