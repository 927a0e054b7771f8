/**
 * Checks COS signatures as the service does: https://cloud.tencent.com/document/product/436/7778,
 * codes of https://cloud.tencent.com/document/product/436/7730.
 */
import { constantTimeEqual } from '../../shared/lib/encoding.ts';
import { cosSteps } from '../../shared/signing/cos.ts';
import { type Answer, decode, splitOnce, type Wire } from '../server.ts';
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

/** Undefined when the request is signed well, else the refusal. */
export function refuseSignature(wire: Wire, keys: CosKeys, now: Date): Answer | undefined {
  const { headers, rawPath } = wire;
  const path = decode(rawPath);
  if (path === undefined) return cosError(400, 'InvalidURI', 'The path is not valid UTF-8.');
  const refuse = (status: number, code: string, message: string) =>
    cosError(status, code, message, path);
  if (!headers['authorization']) return refuse(403, 'AccessDenied', 'Access Denied.');
  const parts = AUTHORIZATION.exec(headers['authorization']);
  if (!parts) return refuse(400, 'InvalidArgument', 'The Authorization header is malformed.');
  const [, secretId, start, end, keyTime = '', headerList = '', paramList = '', signature = ''] =
    parts;
  if (secretId !== keys.secretId) {
    return refuse(403, 'InvalidAccessKeyId', 'The access key Id you provided does not exist.');
  }
  if (keys.securityToken !== undefined) {
    const token = headers['x-cos-security-token'];
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
  if (!names.includes('host')) {
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
  const query = parseQuery(wire.rawQuery);
  if (!query) return refuse(400, 'InvalidURI', 'The query is not valid UTF-8.');
  const steps = cosSteps(
    { method: wire.method as 'GET', path, query, headers: signed },
    keys,
    keyTime,
  );
  // Every parameter must be signed: the simulator is as strict as a bucket can be made.
  if (steps.urlParamList !== paramList || !constantTimeEqual(steps.signature, signature)) {
    return refuse(
      403,
      'SignatureDoesNotMatch',
      `The signature does not match. StringToSign: ${JSON.stringify(steps.stringToSign)}`,
    );
  }
  return undefined;
}

function parseQuery(rawQuery: string): readonly (readonly [string, string])[] | undefined {
  if (rawQuery === '') return [];
  const pairs: [string, string][] = [];
  for (const part of rawQuery.split('&')) {
    const [rawName = '', rawValue = ''] = splitOnce(part, '=');
    const [name, value] = [decode(rawName), decode(rawValue)];
    if (name === undefined || value === undefined) return undefined;
    pairs.push([name, value]);
  }
  return pairs;
}
