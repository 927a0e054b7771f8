/** Schemas of variables that hold more than one thing: callback keys, projects, webhooks. */
import * as v from 'valibot';
import { list, text } from '../../lib/env.ts';
import { PROJECT_ID, REGION } from '../../providers/huawei/config.ts';
import { SET_NAME } from '../../providers/huawei/credential-sets.ts';
import { parseWebhookSecret } from '../../signing/webhook.ts';

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

const EXPECTED_URL = 'an https:// address (http:// for this machine alone)';

const urlFault = (value: string): string | undefined => {
  if (!/^https?:\/\//i.test(value) || !URL.canParse(value)) return EXPECTED_URL;
  const url = new URL(value);
  if (url.protocol === 'http:' && !isLoopback(url.hostname)) return EXPECTED_URL;
  if (url.username !== '' || url.password !== '' || url.hash !== '') {
    return 'an address without user name, password and #';
  }
  // Paths are kept decoded, where an escaped slash would become one that separates.
  return /%2f/i.test(url.pathname) || !isDecodable(url.pathname)
    ? 'a path in UTF-8 without escaped slashes'
    : undefined;
};

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
