/** Judges AWS Signature Version 4 in the Authorization header or the query, as OBS and COS do. */
import { hash } from 'node:crypto';
import { AwsV4Signer } from 'aws4fetch';
import { constantTimeEqual } from '../shared/lib/encoding.ts';
import { parseBasicTime } from './huawei/auth.ts';
import { type Parameters, parseQuery, wholeNumber } from './query.ts';
import type { Answer, Wire } from './server.ts';

/** An error of the service, in its words. */
export type ErrorOf = (status: number, code: string, message: string, path: string) => Answer;

export interface V4Key {
  readonly ak: string;
  readonly sk: string;
}

const AUTHORIZATION =
  /^AWS4-HMAC-SHA256 Credential=([^/,]+)\/(\d{8})\/([^/,]+)\/s3\/aws4_request, ?SignedHeaders=([a-z0-9;-]+), ?Signature=([0-9a-f]{64})$/;
const SKEW_MS = 900_000;
const LONGEST_SECONDS = 604_800;

/** Whether a parameter belongs to the signature of a presigned address. */
export const isOfSignature = ([name]: Parameters[number]): boolean => name.startsWith('X-Amz-');

/** Undefined when the request is signed well, else the refusal. */
export async function refuseV4(
  wire: Wire,
  key: V4Key,
  now: Date,
  path: string,
  errorOf: ErrorOf,
): Promise<Answer | undefined> {
  const { headers } = wire;
  const refuse = (code: string, message: string) => errorOf(403, code, message, path);
  const query = new Map(parseQuery(wire.rawQuery));
  const isPresigned = headers['authorization'] === undefined && query.has('X-Amz-Signature');
  const authorization = isPresigned ? authorizationIn(query) : headers['authorization'];
  if (authorization === undefined) return refuse('AccessDenied', 'Access Denied');
  const parts = AUTHORIZATION.exec(authorization);
  if (!parts) return errorOf(400, 'InvalidArgument', 'Authorization is malformed.', path);
  const [, ak = '', date = '', region = '', list = '', signature = ''] = parts;
  if (ak !== key.ak) {
    return refuse('InvalidAccessKeyId', 'The access key ID you provided does not exist.');
  }
  const names = list.split(';');
  const needed = isPresigned ? ['host'] : ['host', 'x-amz-content-sha256', 'x-amz-date'];
  const unsigned = needed.find((name) => !names.includes(name));
  if (unsigned !== undefined) return refuse('AccessDenied', `Header ${unsigned} is not signed.`);
  const datetime = (isPresigned ? query.get('X-Amz-Date') : headers['x-amz-date']) ?? '';
  const ageMs = now.getTime() - parseBasicTime(datetime);
  const lifeMs = isPresigned ? lifeOf(query) : SKEW_MS;
  if (lifeMs === undefined) {
    const message = `X-Amz-Expires must be 1 to ${LONGEST_SECONDS}.`;
    return errorOf(400, 'AuthorizationQueryParametersError', message, path);
  }
  if (isPresigned && ageMs > lifeMs) return refuse('AccessDenied', 'Request has expired');
  if (!(ageMs >= -SKEW_MS && ageMs <= lifeMs) || !datetime.startsWith(date)) {
    return refuse('RequestTimeTooSkewed', 'The request time is too far from the server time.');
  }
  const declared = isPresigned ? 'UNSIGNED-PAYLOAD' : headers['x-amz-content-sha256'];
  if (declared !== 'UNSIGNED-PAYLOAD' && declared !== hash('sha256', wire.body)) {
    const message = 'The x-amz-content-sha256 is not that of the body.';
    return errorOf(400, 'XAmzContentSHA256Mismatch', message, path);
  }
  const url = new URL(`http://${headers['host']}${wire.rawPath}`);
  url.search = wire.rawQuery;
  if (isPresigned) url.searchParams.delete('X-Amz-Signature');
  const signer = new AwsV4Signer({
    method: wire.method,
    url: url.href,
    headers: Object.fromEntries(
      names.filter((name) => name !== 'host').map((name) => [name, headers[name] ?? '']),
    ),
    accessKeyId: key.ak,
    secretAccessKey: key.sk,
    service: 's3',
    region,
    datetime,
    signQuery: isPresigned,
    allHeaders: true,
  });
  const expected = await signer.signature();
  return signer.signedHeaders === list && constantTimeEqual(expected, signature)
    ? undefined
    : refuse('SignatureDoesNotMatch', 'The signature does not match the one we calculated.');
}

/** What the header would hold. */
function authorizationIn(query: ReadonlyMap<string, string>): string {
  const part = (name: string) => query.get(`X-Amz-${name}`) ?? '';
  const [credential, names, signature] = ['Credential', 'SignedHeaders', 'Signature'].map(part);
  return `${part('Algorithm')} Credential=${credential}, SignedHeaders=${names}, Signature=${signature}`;
}

/** How long a presigned address is good for; undefined when that is not allowed. */
function lifeOf(query: ReadonlyMap<string, string>): number | undefined {
  const seconds = wholeNumber(query.get('X-Amz-Expires') ?? '', 1, LONGEST_SECONDS);
  return seconds === undefined ? undefined : seconds * 1_000;
}
