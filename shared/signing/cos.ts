// COS request signature, q-sign-algorithm=sha1: https://cloud.tencent.com/document/product/436/7778
import { encodeRfc3986, hmacSha1Hex, sha1Hex } from '../encoding.ts';
import type { ApiRequest, Credentials, Pair, Signer } from './signer.ts';

export interface CosSignerOptions {
  readonly credentials: Credentials;
  /** How long a signature stays valid, in seconds. @default 600 */
  readonly expiresInSeconds?: number;
}

/** Signs for COS: method, path, query and every header given, but not the body. */
export function createCosSigner({ credentials, expiresInSeconds = 600 }: CosSignerOptions): Signer {
  const token = credentials.securityToken;
  return (request, at) => {
    const start = Math.floor(at.getTime() / 1000);
    const keyTime = `${start};${start + expiresInSeconds}`;
    const host = new URL(request.origin).host;
    const headers = { ...request.headers, host, ...(token && { 'x-cos-security-token': token }) };
    const { authorization } = cosSteps({ ...request, headers }, credentials, keyTime);
    return { ...request, headers: { ...headers, authorization } };
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
  const [urlParamList, httpParameters] = canonical(query);
  const [headerList, httpHeaders] = canonical(Object.entries(headers));
  const httpString = `${method.toLowerCase()}\n${path}\n${httpParameters}\n${httpHeaders}\n`;
  const stringToSign = `sha1\n${signTime}\n${sha1Hex(httpString)}\n`;
  const signKey = hmacSha1Hex(secretKey, keyTime);
  const signature = hmacSha1Hex(signKey, stringToSign);
  const authorization = [
    `q-sign-algorithm=sha1&q-ak=${secretId}&q-sign-time=${signTime}&q-key-time=${keyTime}`,
    `q-header-list=${headerList}&q-url-param-list=${urlParamList}&q-signature=${signature}`,
  ].join('&');
  const lists = { urlParamList, httpParameters, headerList, httpHeaders };
  return { ...lists, httpString, stringToSign, signKey, signature, authorization };
}

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

function canonical(pairs: readonly Pair[]): readonly [string, string] {
  const sorted = pairs
    .map(([name, value]) => [encodeRfc3986(name).toLowerCase(), encodeRfc3986(value)] as const)
    .sort(([a], [b]) => (a < b ? -1 : a > b ? 1 : 0));
  return [sorted.map(([name]) => name).join(';'), sorted.map((pair) => pair.join('=')).join('&')];
}
