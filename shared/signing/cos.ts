/**
 * Signs requests to Tencent COS, q-sign-algorithm=sha1:
 * https://cloud.tencent.com/document/product/436/7778
 */
import type { ApiRequest, Credentials, Pair, Signer } from '../lib/api-request.ts';
import {
  encodeRfc3986,
  hmacSha1Hex,
  prepareHmac,
  requireUnicode,
  sha1Hex,
} from '../lib/encoding.ts';

interface CosSignerOptions {
  /** Read with every request, as they may change. */
  readonly credentials: Credentials;
  /** How long a signature stays valid, in seconds. @default 600 */
  readonly expiresInSeconds?: number;
}

/** Signs for COS: method, path, query and every header given, but not the body. */
export function createCosSigner({ credentials, expiresInSeconds = 600 }: CosSignerOptions): Signer {
  // Many requests are signed in one second, for one host: both are worked out once.
  let second = Number.NaN;
  let usedKey = '';
  let keyTime = '';
  let hmac = prepareHmac('sha1', '');
  let origin = '';
  let host = '';
  return (request, at) => {
    const { secretId, secretKey, securityToken } = credentials;
    const start = Math.floor(at.getTime() / 1_000);
    if (start !== second || secretKey !== usedKey) {
      usedKey = secretKey;
      keyTime = `${start};${start + expiresInSeconds}`;
      hmac = prepareHmac('sha1', hmacSha1Hex(secretKey, keyTime));
      second = start;
    }
    if (request.origin !== origin) {
      host = new URL(request.origin).host;
      origin = request.origin;
    }
    const headers: Record<string, string> = { ...request.headers, host };
    if (securityToken) headers['x-cos-security-token'] = securityToken;
    const { method, path, query, body } = request;
    const strings = signedStrings({ method, path, query, headers });
    const signature = hmac(toSign(strings.httpString, keyTime));
    headers['authorization'] = header(secretId, keyTime, keyTime, strings, signature);
    return { method, origin, path, query, headers, body };
  };
}

/**
 * Computes `authorization` and every string on the way, named as in the vectors.
 * @param keyTime validity window, `start;end` in Unix seconds
 * @param signTime the same, except in requests of others that are looked into
 * @throws InputError (SIGNING_INPUT) when a name or value is not valid Unicode
 */
export function cosSteps(
  { method, path, query, headers }: Pick<ApiRequest, 'method' | 'path' | 'query' | 'headers'>,
  { secretId, secretKey }: Pick<Credentials, 'secretId' | 'secretKey'>,
  keyTime: string,
  signTime: string = keyTime,
) {
  const strings = signedStrings({ method, path, query, headers });
  const stringToSign = toSign(strings.httpString, signTime);
  const signKey = hmacSha1Hex(secretKey, keyTime);
  const signature = hmacSha1Hex(signKey, stringToSign);
  const authorization = header(secretId, signTime, keyTime, strings, signature);
  return { ...strings, stringToSign, signKey, signature, authorization };
}

interface Strings {
  readonly urlParamList: string;
  readonly headerList: string;
}

function signedStrings({
  method,
  path,
  query,
  headers,
}: Pick<ApiRequest, 'method' | 'path' | 'query' | 'headers'>) {
  const [urlParamList, httpParameters] = canonical(query);
  const [headerList, httpHeaders] = canonical(Object.entries(headers));
  requireUnicode(path, 'path');
  const httpString = `${method.toLowerCase()}\n${path}\n${httpParameters}\n${httpHeaders}\n`;
  return { urlParamList, httpParameters, headerList, httpHeaders, httpString };
}

const toSign = (httpString: string, signTime: string): string =>
  `sha1\n${signTime}\n${sha1Hex(httpString)}\n`;

const header = (
  secretId: string,
  signTime: string,
  keyTime: string,
  { headerList, urlParamList }: Strings,
  signature: string,
): string =>
  `q-sign-algorithm=sha1&q-ak=${secretId}&q-sign-time=${signTime}&q-key-time=${keyTime}` +
  `&q-header-list=${headerList}&q-url-param-list=${urlParamList}&q-signature=${signature}`;

/**
 * A URL that carries its signature in the query. `;` stays as it is, as in the vendor's Node SDK;
 * COS takes both.
 */
export function presignedUrl(
  request: Pick<ApiRequest, 'method' | 'origin' | 'path' | 'query' | 'headers'>,
  credentials: Credentials,
  keyTime: string,
): string {
  const { authorization } = cosSteps(request, credentials, keyTime);
  const path = request.path.split('/').map(encodeRfc3986).join('/');
  const token = credentials.securityToken;
  const pairs: readonly Pair[] = token
    ? [['x-cos-security-token', token], ...request.query]
    : request.query;
  const query = pairs.map(([name, value]) => `&${encodeRfc3986(name)}=${encodeRfc3986(value)}`);
  return `${request.origin}${path}?${authorization}${query.join('')}`;
}

/** Encoded names in lower case, in byte order, and the pairs of names and encoded values. */
function canonical(pairs: readonly Pair[]): readonly [names: string, pairs: string] {
  let names = '';
  let joined = '';
  let last = '';
  for (const [rawName, rawValue] of pairs) {
    const name = encodeRfc3986(rawName).toLowerCase();
    // Headers mostly arrive in order; only where they do not are they sorted and read again.
    if (name < last) return canonical([...pairs].sort(byEncodedName));
    last = name;
    const separated = names !== '';
    names += separated ? `;${name}` : name;
    joined += `${separated ? '&' : ''}${name}=${encodeRfc3986(rawValue)}`;
  }
  return [names, joined];
}

function byEncodedName([a]: Pair, [b]: Pair): number {
  const [left, right] = [encodeRfc3986(a).toLowerCase(), encodeRfc3986(b).toLowerCase()];
  return left < right ? -1 : left > right ? 1 : 0;
}
