/**
 * Secrets in addresses: users and passwords, signatures and tokens. Whatever shows an address outside
 * (answers, pages, logs, errors, `rejected.csv`, notifications) shows it masked; the provider, the
 * ledger and files that are manifests again have it as it was written.
 */

/** Names of parameters that authenticate, decoded, in lower case, `_` written `-`. */
const SECRET_NAME = new RegExp(
  `^(?:${[
    // S3, COS, OSS, OBS, GCS, BOS, TOS and others that sign like these.
    '(?:x-[a-z0-9]+-)?(?:signature|credential|(?:security-)?token)',
    'q-signature|q-ak|sign|sig|hmac|jwt',
    '(?:[a-z]{2,8})?access-?(?:key)?-?id|key-pair-id',
    '(?:access|auth|api|id|session|refresh|security)?-?token',
    '(?:api|auth|access)-?key|auth-?info|authorization',
    '.*secret|secret-?key|password|passwd|pwd',
    // Akamai, Upyun.
    'hdnts|hdnea|hdntl|-upt',
  ].join('|')})$`,
);

/**
 * Everything before the `@` of an authority. A password with a slash in it is no valid address, but is
 * one that somebody wrote; behind the colon of a host there is a port.
 */
const USER =
  /((?:[a-z][a-z0-9+.-]{0,31}:|(?<![^\s"',;=(]))(?:\\?\/){2})(?:[^/?#\s"<>@\\[:]*:(?!\d*[/?#\s"'\\]|\d*$)[^\s",<>]{0,512}|[^/?#\s"<>\\]*)@/gi;

/** The same without a scheme: a word up to an `@` before a host, each looked at once. */
const BARE_USER = /(?<![^/?#\s"',<>@\\])[^/?#\s"',<>@\\]+@(?=[a-z0-9.-]+[/:])/gi;

/** A parameter of a query, a path or a fragment; `&` and `=` may be escaped as JSON writers do. */
const PARAMETER =
  /([?&;#]|\\u0026)([^=?&;#\s"'<>,/\\]{1,128})(=|\\u003d)((?:(?!\\u0026)[^?&;#\s"'<>])*)/gi;

/** Akamai's tokens, which may stand in a path or in a parameter of any name. */
const HMAC = /(?<![a-z0-9])(hmac=)[^~&;#?\s"'<>\\/!]+/gi;

const HMAC_VALUE = /(?:^|[^a-z0-9]|%[0-9a-f]{2})hmac(?:=|%3d)/i;

/** Masks the secrets of all addresses in a text, such as a line of a manifest or a message. */
export function maskUrls(text: string): string {
  const users = text.includes('@')
    ? text.replace(USER, maskUser).replace(BARE_USER, maskBareUser)
    : text;
  if (!/=|\\u003d/i.test(users)) return users;
  return users.replace(PARAMETER, maskParameter).replace(HMAC, '$1***');
}

/** The address of an object in a source may name the source: `s3://media@bucket/key`. */
const SOURCE = /^(?:s3|oss|cos|obs|gs|tos):/i;
const SOURCE_NAME = /^[\w.-]{1,64}@$/;

function maskUser(all: string, before: string): string {
  const isSource = SOURCE.test(before) && SOURCE_NAME.test(all.slice(before.length));
  return isSource ? all : `${before}***@`;
}

/** A user begins with the word, or behind a mark within it. */
function maskBareUser(word: string, offset: number, text: string): string {
  const isWhole = /^[\s"',<>]?$/.test(text.slice(Math.max(0, offset - 1), offset));
  const at = word.search(isWhole ? /(?:^|(?<=[;=(]))[^;=(:]+:[^@]/ : /(?<=[;=(])[^;=(:]+:[^@]/);
  return at === -1 ? word : `${word.slice(0, at)}***@`;
}

function maskParameter(
  all: string,
  before: string,
  name: string,
  equals: string,
  value: string,
): string {
  const isSecret = isSecretName(name) || HMAC_VALUE.test(value);
  return isSecret ? `${before}${name}${equals}***` : all;
}

/** Whether an address carries a user, a signature or a token. */
export const hasUrlSecrets = (url: string): boolean => maskUrls(url) !== url;

const isSecretName = (name: string): boolean =>
  SECRET_NAME.test(decoded(name).toLowerCase().replaceAll('_', '-'));

function decoded(name: string): string {
  if (!name.includes('%')) return name;
  try {
    return decodeURIComponent(name);
  } catch {
    return name;
  }
}
