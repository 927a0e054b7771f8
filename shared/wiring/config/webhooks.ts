/** Reads where webhooks go and how they are signed from the environment (docs/webhooks.md). */
import type { EnvReader } from '../../lib/env.ts';
import type { WebhookConfig } from '../../reporting/webhooks/message.ts';
import { parseWebhookSecret } from '../../signing/webhook.ts';

const URL_NAME = 'WAYBILL_WEBHOOK_URL';

const SECRETS_NAME = 'WAYBILL_WEBHOOK_SECRETS';

const EXPECTED_URL = 'an https:// address (http:// for this machine alone)';

const EXPECTED_SECRETS = 'one or two of whsec_<base64 of 24 to 64 bytes>, separated by a comma';

/** Undefined when no notifications are wanted. */
export function webhookConfig(from: EnvReader): WebhookConfig | undefined {
  const isWanted = [URL_NAME, SECRETS_NAME].some((name) => from.optional(name) !== undefined);
  return isWanted ? { url: receiver(from), secrets: secrets(from) } : undefined;
}

function receiver(from: EnvReader): string {
  const text = from.text(URL_NAME, EXPECTED_URL);
  if (text === '') return '';
  const fault = (expected: string): string => {
    from.fault(URL_NAME, `expected ${expected}`);
    return '';
  };
  if (!/^https?:\/\//i.test(text) || !URL.canParse(text)) return fault(EXPECTED_URL);
  const url = new URL(text);
  if (url.protocol === 'http:' && !isLoopback(url.hostname)) return fault(EXPECTED_URL);
  if (url.username !== '' || url.password !== '' || url.hash !== '') {
    return fault('an address without user name, password and #');
  }
  // Paths are kept decoded, where an escaped slash would become one that separates.
  if (/%2f/i.test(url.pathname) || !isDecodable(url.pathname)) {
    return fault('a path in UTF-8 without escaped slashes');
  }
  return url.href;
}

const isLoopback = (host: string): boolean =>
  host === 'localhost' || host === '[::1]' || /^127\.\d+\.\d+\.\d+$/.test(host);

function isDecodable(path: string): boolean {
  try {
    decodeURIComponent(path);
    return true;
  } catch {
    return false;
  }
}

function secrets(from: EnvReader): readonly string[] {
  const listed = from
    .text(SECRETS_NAME, EXPECTED_SECRETS)
    .split(',')
    .map((secret) => secret.trim())
    .filter(Boolean);
  const isGood =
    (listed.length === 1 || listed.length === 2) &&
    listed.every((secret) => parseWebhookSecret(secret) !== undefined);
  if (!isGood) from.fault(SECRETS_NAME, `expected ${EXPECTED_SECRETS}`);
  if (new Set(listed).size < listed.length) {
    from.fault(SECRETS_NAME, 'expected two secrets that differ');
  }
  return listed;
}
