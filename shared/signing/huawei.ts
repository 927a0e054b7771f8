/**
 * Signs requests to Huawei Cloud, SDK-HMAC-SHA256:
 * https://support.huaweicloud.com/intl/en-us/devg-apisign/api-sign-algorithm-002.html
 */
import type { ApiRequest, Credentials, Pair, Signer } from '../lib/api-request.ts';
import { encodeRfc3986, prepareHmac, requireUnicode, sha256Hex } from '../lib/encoding.ts';

interface HuaweiSignerOptions {
  /** Read with every request, as they may change. */
  readonly credentials: Credentials;
}

/**
 * Signs for Huawei Cloud: method, path, query, body and every header given, plus `host`,
 * `x-sdk-date` and, with a temporary key, `x-security-token`.
 */
export function createHuaweiSigner({ credentials }: HuaweiSignerOptions): Signer {
  let usedKey = credentials.secretKey;
  let hmac = prepareHmac('sha256', usedKey);
  let origin = '';
  let host = '';
  return (request, at) => {
    const { secretId, secretKey, securityToken } = credentials;
    if (secretKey !== usedKey) {
      usedKey = secretKey;
      hmac = prepareHmac('sha256', secretKey);
    }
    if (request.origin !== origin) {
      host = new URL(request.origin).host;
      origin = request.origin;
    }
    const xSdkDate = sdkDate(at);
    const { method, path, query, body } = request;
    const headers: Record<string, string> = {
      ...request.headers,
      host,
      'x-sdk-date': xSdkDate,
      ...(securityToken && { 'x-security-token': securityToken }),
    };
    const { authorization } = steps(
      { method, path, query, headers, body },
      secretId,
      hmac,
      xSdkDate,
    );
    headers['authorization'] = authorization;
    return { method, origin, path, query, headers, body };
  };
}

/** `YYYYMMDDTHHMMSSZ` in UTC. */
export const sdkDate = (at: Date): string => at.toISOString().replace(/[-:]|\.\d+/g, '');

/**
 * Computes `authorization` and every string on the way, named as in the vectors.
 * @param request decoded parts; all its headers are signed
 * @param xSdkDate the value of `x-sdk-date`
 * @throws InputError (SIGNING_INPUT) when a name or value is not valid Unicode
 */
export const huaweiSteps = (
  request: Omit<ApiRequest, 'origin'>,
  { secretId, secretKey }: Pick<Credentials, 'secretId' | 'secretKey'>,
  xSdkDate: string,
) => steps(request, secretId, prepareHmac('sha256', secretKey), xSdkDate);

function steps(
  { method, path, query, headers, body }: Omit<ApiRequest, 'origin'>,
  secretId: string,
  hmac: (text: string) => string,
  xSdkDate: string,
) {
  requireUnicode(body, 'body');
  const canonicalUri = uri(path);
  const canonicalQueryString = queryString(query);
  const sorted = Object.entries(headers)
    .map(([name, value]): Pair => [name.toLowerCase(), value.trim()])
    .sort(byName);
  const signedHeaders = sorted.map(([name]) => name).join(';');
  // The header says it where the body is not hashed: `UNSIGNED-PAYLOAD`.
  const declared = sorted.find(([name]) => name === 'x-sdk-content-sha256')?.[1];
  const payloadHash = declared ?? (body === '' ? EMPTY_HASH : sha256Hex(body));
  let canonicalRequest = `${method.toUpperCase()}\n${canonicalUri}\n${canonicalQueryString}\n`;
  for (const [name, value] of sorted) canonicalRequest += `${name}:${value}\n`;
  requireUnicode(canonicalRequest, 'headers');
  canonicalRequest += `\n${signedHeaders}\n${payloadHash}`;
  const canonicalRequestSha256 = sha256Hex(canonicalRequest);
  const stringToSign = `SDK-HMAC-SHA256\n${xSdkDate}\n${canonicalRequestSha256}`;
  const signature = hmac(stringToSign);
  const authorization = `SDK-HMAC-SHA256 Access=${secretId}, SignedHeaders=${signedHeaders}, Signature=${signature}`;
  return {
    canonicalUri,
    canonicalQueryString,
    signedHeaders,
    payloadHash,
    canonicalRequest,
    canonicalRequestSha256,
    stringToSign,
    signature,
    authorization,
  };
}

const EMPTY_HASH = 'e3b0c44298fc1c149afbf4c8996fb92427ae41e4649b934ca495991b7852b855';

/** Segments escaped once; the closing slash is for signing only, the wire gets none. */
function uri(path: string): string {
  const escaped = path.split('/').map(encodeRfc3986).join('/');
  return escaped.endsWith('/') ? escaped : `${escaped}/`;
}

/**
 * Ordered by the unescaped name, then value: the guide can be read either way, the Node, Go and
 * Python SDKs agree on this (vector `query-sort-before-encoding`).
 */
function queryString(query: readonly Pair[]): string {
  if (query.length === 0) return '';
  return [...query]
    .sort((a, b) => byName(a, b) || compare(a[1], b[1]))
    .map(([name, value]) => `${encodeRfc3986(name)}=${encodeRfc3986(value)}`)
    .join('&');
}

const compare = (a: string, b: string): number => (a < b ? -1 : a > b ? 1 : 0);

const byName = (a: Pair, b: Pair): number => compare(a[0], b[0]);
