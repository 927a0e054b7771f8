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
  /^q-sign-algorithm=sha1&q-ak=(?<id>[^&]+)&q-sign-time=(?<start>\d+);(?<end>\d+)&q-key-time=(?<keyTime>\d+;\d+)&q-header-list=(?<headers>[^&]*)&q-url-param-list=(?<params>[^&]*)&q-signature=(?<signature>[0-9a-f]{40})$/;
/** Larger clock errors are refused. */
const SKEW_SECONDS = 900;

interface SignatureRules {
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
  const path = decode(wire.rawPath);
  if (path === undefined) return cosError(400, 'InvalidURI', 'The path is not valid UTF-8.');
  const query = parseQuery(wire.rawQuery);
  if (!query) return cosError(400, 'InvalidURI', 'The query is not valid UTF-8.', path);
  const authorization = wire.headers['authorization'] || authorizationIn(query);
  if (authorization === undefined) return cosError(403, 'AccessDenied', 'Access Denied.', path);
  const { groups } = AUTHORIZATION.exec(authorization) ?? {};
  if (!groups) return cosError(400, 'InvalidArgument', 'The Authorization is malformed.', path);
  const parts = groups as Parts;
  const fault =
    keyFault(parts, wire, query, keys) ??
    timeFault(parts, now) ??
    signatureFault(parts, { ...wire, path }, query, keys, isStrict);
  return fault && cosError(403, ...fault, path);
}

type Part = 'id' | 'start' | 'end' | 'keyTime' | 'headers' | 'params' | 'signature';
type Parts = Readonly<Record<Part, string>>;
type Fault = readonly [code: string, message: string];

function keyFault({ id }: Parts, { headers }: Wire, query: Parameters, keys: CosKeys) {
  if (id !== keys.secretId) {
    return fault('InvalidAccessKeyId', 'The access key Id you provided does not exist.');
  }
  const token = headers[TOKEN] ?? query.find(([name]) => name === TOKEN)?.[1];
  return keys.securityToken === undefined || token === keys.securityToken
    ? undefined
    : fault('AccessDenied', 'The token is invalid.');
}

function timeFault({ start, end, keyTime }: Parts, now: Date): Fault | undefined {
  const seconds = now.getTime() / 1_000;
  const [from, until] = [Number(start), Number(end)];
  if (`${start};${end}` !== keyTime || until <= from) {
    return fault('AccessDenied', 'q-sign-time and q-key-time must be one valid range.');
  }
  if (from > seconds + SKEW_SECONDS) {
    return fault('RequestTimeTooSkewed', 'The request time is too far from the server time.');
  }
  return until < seconds ? fault('AccessDenied', 'Request has expired') : undefined;
}

function signatureFault(
  parts: Parts,
  { method, path, headers }: Wire & { readonly path: string },
  query: Parameters,
  keys: CosKeys,
  isStrict: boolean,
): Fault | undefined {
  const names = parts.headers === '' ? [] : parts.headers.split(';');
  const strict = (what: string) => fault('AccessDenied', `Strict signature missing ${what}`);
  if (isStrict && !names.includes('host')) return strict('header that must be signed: host');
  const differs = (message: string) => fault('SignatureDoesNotMatch', message);
  if ([...names].sort().join(';') !== parts.headers) return differs('q-header-list is not sorted.');
  const signed: Record<string, string> = {};
  for (const name of names) {
    const value = headers[name];
    if (value === undefined) return differs(`No header ${name}.`);
    signed[name] = value;
  }
  const listed = new Set(parts.params.split(';'));
  const isListed = ([name]: Parameters[number]) => listed.has(encodeRfc3986(name).toLowerCase());
  const [unsigned] = withoutSignature(query).find((pair) => !isListed(pair)) ?? [];
  if (isStrict && unsigned !== undefined) return strict(`param that must be signed: ${unsigned}`);
  const request = { method: method as 'GET', path, query: query.filter(isListed), headers: signed };
  const steps = cosSteps(request, keys, parts.keyTime);
  return steps.urlParamList === parts.params && constantTimeEqual(steps.signature, parts.signature)
    ? undefined
    : differs(`The signature does not match. StringToSign: ${JSON.stringify(steps.stringToSign)}`);
}

const fault = (code: string, message: string): Fault => [code, message];

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
