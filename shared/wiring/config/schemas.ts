/**
 * The schemas of variables: text, numbers, choices, lists, addresses and what only one variable holds.
 * Messages say what was expected and never quote a value.
 */
import * as v from 'valibot';
import { NAMED } from '../../api/auth.ts';
import type { StoreAddress } from '../../lib/env.ts';
import { isZone, paceText, parsePace } from '../../limits/rate/pace.ts';
import { PROJECT_ID, REGION } from '../../providers/huawei/config.ts';
import { CHATS, type ChatConfig } from '../../reporting/webhooks/message.ts';
import { parseCertificateKey } from '../../signing/certificate.ts';
import { parseWebhookSecret } from '../../signing/webhook.ts';
import { NAME as SET_NAME } from '../../stores/documents.ts';

/** Text that must be set. */
export const text = (expected: string, pattern = /(?:)/) =>
  v.pipe(v.string(`expected ${expected}`), v.regex(pattern, `expected ${expected}`));

/** Text that may be absent. */
export const maybe = (expected = 'text', pattern?: RegExp) =>
  v.exactOptional(text(expected, pattern));

export const integer = (fallback: number, min: number, max: number) => {
  const message = `expected a whole number from ${min} to ${max}`;
  return v.optional(
    v.pipe(
      v.string(message),
      v.regex(/^\d{1,15}$/, message),
      v.transform(Number),
      v.minValue(min, message),
      v.maxValue(max, message),
    ),
    String(fallback),
  );
};

/** Whole seconds, as milliseconds. */
export const seconds = (fallback: number, min: number, max: number) =>
  v.pipe(
    integer(fallback, min, max),
    v.transform((value) => 1_000 * value),
  );

export const flag = v.optional(
  v.pipe(
    v.string(),
    v.toLowerCase(),
    v.picklist(['true', 'false'], 'expected true or false'),
    v.transform((value) => value === 'true'),
  ),
  'false',
);

/** The first choice is the default. */
export const choice = <const Choices extends readonly [string, ...string[]]>(...choices: Choices) =>
  v.optional(v.picklist(choices, `expected one of ${choices.join(', ')}`), choices[0]);

/** Items between commas; blank ones don't count. */
export const list = (expected: string, pattern: RegExp, least: 0 | 1 = 1) =>
  v.pipe(
    v.string(`expected ${expected}`),
    v.transform((value) => value.split(',').flatMap((item) => item.trim() || [])),
    v.check((items) => items.length >= least, `expected ${expected}`),
    v.everyItem((item) => pattern.test(item), `expected ${expected}`),
  );

const TOKEN = new RegExp(`^(?:${NAMED})?(?:sha256:[0-9a-fA-F]{64}|(?!sha256:|${NAMED}).{16,})$`);

export const apiTokens = list(
  'comma-separated tokens of at least 16 characters, or sha256:<64 hex digits>, each alone or as <name>:read:<token> or <name>:operate:<token>',
  TOKEN,
);

/**
 * An address without a slash at its end.
 * @param places what the reader of the address fills in, such as `{region}`
 */
export function address(...places: readonly string[]) {
  const filled = places.length === 0 ? '' : `; it may contain ${places.join(' and ')}`;
  const message = `expected an http:// or https:// address without query or credentials${filled}`;
  return v.pipe(
    v.string(message),
    v.check((value) => {
      const sample = places.reduce((all, place) => all.replaceAll(place, 'x'), value);
      return /^https?:\/\/[^?#@{}]+$/.test(sample) && URL.canParse(sample);
    }, message),
    v.transform((value) => value.replace(/\/+$/, '')),
  );
}

/** An address that is known, and may be another one for tests, proxies and private links. */
export const url = (known: string) =>
  v.optional(address(...(known.match(/\{\w+\}/g) ?? [])), known);

/** Where a store is, such as `sqlite:./data/waybill.db`. */
export const store = <const Kinds extends readonly string[]>(fallback: string, ...kinds: Kinds) => {
  const forms = kinds.map((kind) => (kind === 'postgres' ? 'postgres://…' : `${kind}:<place>`));
  const message = `expected ${forms.join(' or ')}`;
  return v.optional(
    v.pipe(
      v.string(message),
      v.regex(new RegExp(`^(?:${kinds.join('|')}):.`), message),
      v.transform((value): StoreAddress<Kinds[number]> => {
        const [kind = '', ...place] = value.split(':');
        return { kind: kind as Kinds[number], place: place.join(':') };
      }),
    ),
    fallback,
  );
};

const ZONE = 'expected a time zone such as Asia/Shanghai or UTC';

/** Of this machine where it is not set. */
export const timeZone = v.exactOptional(v.pipe(v.string(ZONE), v.check(isZone, ZONE)));

/** Windows of the day with their rates. */
export const pace = v.exactOptional(v.pipe(paceText, v.transform(parsePace)));

const isUnique = (items: string[]): boolean => new Set(items).size === items.length;

const inner = ({ source }: RegExp): string => source.slice(1, -1);

/** `region/projectId[@credential set]`, between commas, each project once. */
export const omsProjects = v.pipe(
  list(
    'region/projectId[@credential set], separated by commas',
    new RegExp(`^${inner(REGION)}/${inner(PROJECT_ID)}(?:@${inner(SET_NAME)})?$`),
    0,
  ),
  v.check(
    (items) => isUnique(items.map((item) => item.replace(/@.*/, ''))),
    'expected every project of a region once',
  ),
);

/** The first one signs, all verify. */
export const callbackKeys = v.pipe(
  list(
    'kid:secret[,kid:secret], kid 1 to 16 of A-Z a-z 0-9, secret at least 16 characters',
    /^[A-Za-z0-9]{1,16}\s*:\s*\S.{15,}$/s,
  ),
  v.transform((pairs) =>
    pairs.map((pair) => {
      const at = pair.indexOf(':');
      return { kid: pair.slice(0, at).trim(), secret: pair.slice(at + 1).trim() };
    }),
  ),
  v.check((keys) => isUnique(keys.map(({ kid }) => kid)), 'expected every kid once'),
);

const EXPECTED_CERTIFICATE_KEYS =
  'Ed25519 keys separated by commas, each base64 of PKCS #8 or, where it only checks, SPKI';

/** The first private one signs, all are published. */
export const certificateKeys = v.optional(
  v.pipe(
    list(EXPECTED_CERTIFICATE_KEYS, /./, 0),
    v.transform((texts) => texts.map(parseCertificateKey)),
    v.rawTransform(({ dataset, addIssue, NEVER }) => {
      const keys = dataset.value.filter((key) => key !== undefined);
      if (keys.length === dataset.value.length) return keys;
      addIssue({ message: `expected ${EXPECTED_CERTIFICATE_KEYS}` });
      return NEVER;
    }),
  ),
  '',
);

const EXPECTED_URL = 'an https:// address (http:// for this machine alone)';

const isLoopback = (host: string): boolean =>
  host === 'localhost' || host === '[::1]' || /^127\.\d+\.\d+\.\d+$/.test(host);

function urlFault(value: string): string | undefined {
  const url = /^https?:\/\//i.test(value) ? URL.parse(value) : null;
  if (!url || (url.protocol === 'http:' && !isLoopback(url.hostname))) return EXPECTED_URL;
  if (url.username !== '' || url.password !== '' || url.hash !== '') {
    return 'an address without user name, password and #';
  }
  try {
    // Paths are kept decoded, where an escaped slash would become one that separates.
    if (!/%2f/i.test(url.pathname) && decodeURIComponent(url.pathname)) return undefined;
  } catch {
    // It is no UTF-8.
  }
  return 'a path in UTF-8 without escaped slashes';
}

export const webhookUrl = v.pipe(
  text(EXPECTED_URL),
  v.rawCheck(({ dataset, addIssue }) => {
    const expected = dataset.typed && urlFault(dataset.value);
    if (expected) addIssue({ message: `expected ${expected}` });
  }),
  v.transform((value) => new URL(value).href),
);

const EXPECTED_SECRETS = 'one or two of whsec_<base64 of 24 to 64 bytes>, separated by a comma';

export const webhookSecrets = v.pipe(
  list(EXPECTED_SECRETS, /^whsec_/),
  v.maxLength(2, `expected ${EXPECTED_SECRETS}`),
  v.everyItem((secret) => parseWebhookSecret(secret) !== undefined, `expected ${EXPECTED_SECRETS}`),
  v.check(isUnique, 'expected two secrets that differ'),
);

const CHAT = new RegExp(`^(${CHATS.join('|')}):([^#]+)(?:#(.+))?$`);

const EXPECTED_CHAT = `${CHATS.map((kind) => `${kind}:<address>`).join(', ')} or several of them, separated by commas`;

/** Of one chat, or what was expected. */
function chatOf(item: string): ChatConfig | string {
  const [, kind = '', url = '', secret] = CHAT.exec(item) ?? [];
  if (kind === '') return EXPECTED_CHAT;
  const fault = urlFault(url);
  if (fault) return `behind ${kind}: ${fault}`;
  const isSigned = kind === 'feishu' || kind === 'dingtalk';
  if (secret !== undefined && !isSigned) return `no # behind the address of ${kind}`;
  const chat = { kind: kind as ChatConfig['kind'], url: new URL(url).href };
  return secret === undefined ? chat : { ...chat, secret };
}

/** `<chat>:<address>[#<secret>]`, between commas. */
export const chats = v.exactOptional(
  v.pipe(
    list(EXPECTED_CHAT, /./),
    v.rawTransform(({ dataset, addIssue, NEVER }) => {
      const read = dataset.value.map(chatOf);
      const at = read.findIndex((chat) => typeof chat === 'string');
      if (at === -1) return read.filter((chat) => typeof chat !== 'string');
      addIssue({ message: `expected in item ${at + 1}: ${read[at]}` });
      return NEVER;
    }),
  ),
);
