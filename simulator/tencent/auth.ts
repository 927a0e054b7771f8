/**
 * Checks COS signatures as the service does: https://cloud.tencent.com/document/product/436/7778,
 * codes of https://cloud.tencent.com/document/product/436/7730.
 */
import { constantTimeEqual, encodeRfc3986 } from '../../shared/lib/encoding.ts';
import { cosSteps } from '../../shared/signing/cos.ts';
import { type Parameters, parseQuery } from '../query.ts';
import { type Answer, decode, type Wire } from '../server.ts';
import { cosError } from './answers.ts';

export interface CosKeys {
  readonly secretId: string;
  readonly secretKey: string;
  readonly securityToken?: string;
}

const AUTHORIZATION =
  /^q-sign-algorithm=sha1&q-ak=([^&]+)&q-sign-time=(\d+);(\d+)&q-key-time=(\d+;\d+)&q-header-list=([^&]*)&q-url-param-list=([^&]*)&q-signature=([0-9a-f]{40})$/;
/** Larger clock errors are refused. */
const SKEW_SECONDS = 900;

export interface SignatureRules {
  /**
   * Whether the host and every parameter must be signed, as a bucket can demand of all requests but
   * those of Batch. @default true
   */
  readonly isStrict?: boolean;
}

/** Undefined when the request is signed well, in its header or its query, else the refusal. */
export function refuseSignature(
  wire: Wire,
  keys: CosKeys,
  now: Date,
  { isStrict = true }: SignatureRules = {},
): Answer | undefined {
  const { headers, rawPath } = wire;
  const path = decode(rawPath);
  if (path === undefined) return cosError(400, 'InvalidURI', 'The path is not valid UTF-8.');
  const query = parseQuery(wire.rawQuery);
  if (!query) return cosError(400, 'InvalidURI', 'The query is not valid UTF-8.', path);
  const refuse = (status: number, code: string, message: string) =>
    cosError(status, code, message, path);
  const authorization = headers['authorization'] || authorizationIn(query);
  if (authorization === undefined) return refuse(403, 'AccessDenied', 'Access Denied.');
  const parts = AUTHORIZATION.exec(authorization);
  if (!parts) return refuse(400, 'InvalidArgument', 'The Authorization is malformed.');
  const [, secretId, start, end, keyTime = '', headerList = '', paramList = '', signature = ''] =
    parts;
  if (secretId !== keys.secretId) {
    return refuse(403, 'InvalidAccessKeyId', 'The access key Id you provided does not exist.');
  }
  if (keys.securityToken !== undefined) {
    const token = headers[TOKEN] ?? query.find(([name]) => name === TOKEN)?.[1];
    if (token !== keys.securityToken) return refuse(403, 'AccessDenied', 'The token is invalid.');
  }

  const seconds = now.getTime() / 1_000;
  const [from, until] = [Number(start), Number(end)];
  if (`${start};${end}` !== keyTime || until <= from) {
    return refuse(403, 'AccessDenied', 'q-sign-time and q-key-time must be one valid range.');
  }
  if (from > seconds + SKEW_SECONDS) {
    return refuse(403, 'RequestTimeTooSkewed', 'The request time is too far from the server time.');
  }
  if (until < seconds) return refuse(403, 'AccessDenied', 'Request has expired');

  const names = headerList === '' ? [] : headerList.split(';');
  if (isStrict && !names.includes('host')) {
    return refuse(403, 'AccessDenied', 'Strict signature missing header that must be signed: host');
  }
  if ([...names].sort().join(';') !== headerList) {
    return refuse(403, 'SignatureDoesNotMatch', 'q-header-list is not sorted.');
  }
  const signed: Record<string, string> = {};
  for (const name of names) {
    const value = headers[name];
    if (value === undefined) return refuse(403, 'SignatureDoesNotMatch', `No header ${name}.`);
    signed[name] = value;
  }
  const listed = new Set(paramList.split(';'));
  const isListed = ([name]: Parameter) => listed.has(encodeRfc3986(name).toLowerCase());
  const unsigned = withoutSignature(query).find((pair) => !isListed(pair));
  if (isStrict && unsigned) {
    const [name] = unsigned;
    return refuse(
      403,
      'AccessDenied',
      `Strict signature missing param that must be signed: ${name}`,
    );
  }
  const steps = cosSteps(
    { method: wire.method as 'GET', path, query: query.filter(isListed), headers: signed },
    keys,
    keyTime,
  );
  if (steps.urlParamList !== paramList || !constantTimeEqual(steps.signature, signature)) {
    return refuse(
      403,
      'SignatureDoesNotMatch',
      `The signature does not match. StringToSign: ${JSON.stringify(steps.stringToSign)}`,
    );
  }
  return undefined;
}

type Parameter = Parameters[number];

const TOKEN = 'x-cos-security-token';
const PARTS = [
  'q-sign-algorithm',
  'q-ak',
  'q-sign-time',
  'q-key-time',
  'q-header-list',
  'q-url-param-list',
  'q-signature',
];

/** What the header would hold, of a presigned address: its parts one by one, or all in `sign`. */
function authorizationIn(query: Parameters): string | undefined {
  const values = new Map(query);
  return values.has('q-signature')
    ? PARTS.map((name) => `${name}=${values.get(name) ?? ''}`).join('&')
    : values.get('sign');
}

/** The parameters that ask for something. */
export const withoutSignature = (query: Parameters): Parameters =>
  query.filter(([name]) => !PARTS.includes(name) && name !== 'sign' && name !== TOKEN);
