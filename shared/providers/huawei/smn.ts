/**
 * Verifies messages of Huawei SMN as its docs describe, with two checks they leave out:
 * certificates come only from SMN's own host in the topic's region, and only configured topics are
 * accepted. https://support.huaweicloud.com/intl/en-us/usermanual-smn/smn_ug_a9003.html (OMS
 * reference, section 6.2)
 */
import { createVerify, X509Certificate } from 'node:crypto';
import * as v from 'valibot';
import type { Pair } from '../../lib/api-request.ts';
import { InputError, ReplyError } from '../../lib/errors.ts';
import type { ApiResponse, Send } from '../../lib/http.ts';

export interface SmnMessage {
  readonly type: 'Notification' | 'SubscriptionConfirmation' | 'UnsubscribeConfirmation';
  readonly topicUrn: string;
  readonly messageId: string;
}

export type SmnVerifier = ReturnType<typeof createSmnVerifier>;

interface SmnVerifierOptions {
  readonly topics: readonly string[];
  /** With `{region}`: `https://smn.{region}.myhuaweicloud.com`. */
  readonly endpoint: string;
  readonly send: Send;
  readonly now?: () => Date;
}

/** A message may be delivered again for some minutes. */
const MAX_AGE_MS = 15 * 60_000;

const CERTIFICATES_KEPT = 16;

/** A message has up to 256 KB; written as JSON each of its bytes may take six characters. */
export const MAX_MESSAGE_BYTES = 2_000_000;

const message = v.object({
  type: v.string(),
  signature: v.string(),
  signature_version: v.literal('v1'),
  signing_cert_url: v.string(),
  topic_urn: v.string(),
  message_id: v.string(),
  message: v.string(),
  timestamp: v.string(),
  subject: v.nullish(v.string()),
  subscribe_url: v.nullish(v.string()),
});

type Parsed = v.InferOutput<typeof message>;

const typed = v.object({ type: v.string() });

const CONFIRMATION: readonly (keyof Parsed)[] = [
  'message',
  'message_id',
  'subscribe_url',
  'timestamp',
  'topic_urn',
  'type',
];

/** Signed parts by type, ascending; newer types need no answer of ours. */
const SIGNED: ReadonlyMap<string, readonly (keyof Parsed)[]> = new Map([
  ['Notification', ['message', 'message_id', 'subject', 'timestamp', 'topic_urn', 'type']],
  ['SubscriptionConfirmation', CONFIRMATION],
  ['UnsubscribeConfirmation', CONFIRMATION],
]);

export function createSmnVerifier(options: SmnVerifierOptions) {
  const { topics, endpoint, send, now = () => new Date() } = options;
  const certificateOf = createCertificates(send);

  return {
    /**
     * The message, when it is SMN's and of a configured topic; undefined for types that need nothing.
     * A confirmation is confirmed.
     * @throws InputError (NOTIFICATION_REFUSED); ReplyError, TransportError when SMN does not give its
     * certificate or take the confirmation now: it sends the message again then
     */
    async accept(body: string): Promise<SmnMessage | undefined> {
      const value = parse(body);
      const signed = SIGNED.get(check(typed, value).type);
      if (!signed) return undefined;
      const parsed = check(message, value);
      const {
        topic_urn: topicUrn,
        signing_cert_url: url,
        timestamp,
        message_id: messageId,
      } = parsed;
      if (!topics.includes(topicUrn))
        throw refused('topic_urn', 'expected one of WAYBILL_SMN_TOPICS');
      const region = topicUrn.split(':')[2] ?? '';
      const base = endpoint.replaceAll('{region}', region);
      if (!isCertificateOf(url, base, region)) {
        throw refused('signing_cert_url', `expected ${base}/smn/SMN_${region}_<32 hex>.pem`);
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
        await confirm(parsed.subscribe_url ?? '', base, region, send);
      }
      return { type: parsed.type as SmnMessage['type'], topicUrn, messageId };
    },
  };
}

/** Those that SMN signs with, each read once. */
function createCertificates(send: SmnVerifierOptions['send']) {
  const certificates = new Map<string, X509Certificate>();

  return async (url: string): Promise<X509Certificate> => {
    const known = certificates.get(url);
    if (known) return known;
    const answer = await ask(url, 'signing_cert_url', send);
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
}

function parse(body: string): unknown {
  if (body.length > MAX_MESSAGE_BYTES)
    throw refused('(whole)', 'expected a message of up to 256 KB');
  try {
    return JSON.parse(body);
  } catch (error) {
    throw refused('(whole)', 'expected a JSON document', error);
  }
}

function check<Schema extends v.GenericSchema>(
  schema: Schema,
  value: unknown,
): v.InferOutput<Schema> {
  const result = v.safeParse(schema, value);
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

/**
 * Whether the address is one of SMN's certificates, compared in parsed parts: written in the one way
 * that a parser writes it, so without user, dot segments, escapes or a port that goes without saying.
 */
function isCertificateOf(text: string, base: string, region: string): boolean {
  const [url, { origin, pathname }] = [URL.parse(text), new URL(base)];
  if (!url || url.href !== text || url.origin !== origin || hasUser(url)) return false;
  const folder = `${pathname.replace(/\/$/, '')}/smn/SMN_${region}_`;
  // With a query or fragment the path is not all that follows the host.
  const rest = text.slice(origin.length);
  return rest.startsWith(folder) && /^[0-9a-f]{32}\.pem$/.test(rest.slice(folder.length));
}

const CONFIRM_PATH = '/smn/subscription/confirm';

/**
 * Whether a GET of the address confirms: on SMN's host, or on the console's, which messages seen in
 * the wild name: `console.huaweicloud.com`, and `sa-brazil-1-console.huaweicloud.com` of one region.
 */
function isConfirmation(url: URL, base: string, region: string): boolean {
  const { origin, pathname } = new URL(base);
  if (hasUser(url)) return false;
  if (url.origin === origin)
    return url.pathname === `${pathname.replace(/\/$/, '')}${CONFIRM_PATH}`;
  const consoles = ['console', 'console-intl', `${region}-console`].flatMap((name) => [
    `https://${name}.huaweicloud.com`,
    `https://${name}.huaweicloud.eu`,
  ]);
  return consoles.includes(url.origin) && url.pathname === CONFIRM_PATH;
}

const hasUser = ({ username, password }: URL): boolean => username !== '' || password !== '';

/** Only on Huawei's own hosts: whoever holds a topic could send us anywhere else. */
async function confirm(text: string, base: string, region: string, send: Send): Promise<void> {
  const url = URL.parse(text);
  if (!url || !isConfirmation(url, base, region)) {
    throw refused('subscribe_url', `expected ${CONFIRM_PATH} of SMN or of the console`);
  }
  const { status } = await ask(text, 'subscribe_url', send);
  if (status >= 300)
    throw refused('subscribe_url', `expected a confirmation, it answered ${status}`);
}

/** @throws ReplyError when the host has no answer now */
async function ask(url: string, field: string, send: Send): Promise<ApiResponse> {
  const { origin, pathname, searchParams } = new URL(url);
  const query: readonly Pair[] = [...searchParams];
  const answer = await send({
    method: 'GET',
    origin,
    path: pathname,
    query,
    headers: {},
    body: '',
  });
  if (answer.status === 429 || answer.status >= 500) {
    throw new ReplyError(`The ${field} of a message answered ${answer.status}.`);
  }
  return answer;
}

const refused = (path: string, expected: string, cause?: unknown): InputError =>
  new InputError(
    'NOTIFICATION_REFUSED',
    'The message is not from a configured topic.',
    [{ path, message: expected }],
    cause,
  );
