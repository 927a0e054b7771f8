/**
 * Judges addresses signed with AWS Signature Version 4 as a private bucket does, from what came over
 * the wire: a path that was normalised on the way does not fit its signature.
 * https://docs.aws.amazon.com/AmazonS3/latest/API/sigv4-query-string-auth.html
 */
import { createHmac, hash } from 'node:crypto';
import { constantTimeEqual, encodeRfc3986 } from '../shared/lib/encoding.ts';
import { type Answer, decode, splitOnce, type Wire } from './server.ts';

/** A bucket that anybody may read who has an address signed for it. */
export interface PrivateBucket {
  /** The first part of every path. */
  readonly name: string;
  readonly region: string;
  readonly keys: {
    readonly accessKeyId: string;
    readonly secretAccessKey: string;
    /** What else was signed with its keys is refused as out of date. */
    readonly sessionToken?: string;
  };
  /** As a policy with `aws:SecureTransport` does: https alone is answered. @default false */
  readonly refusesHttp?: boolean;
  /** Sends to the bucket's own region in place of an answer. */
  readonly redirects?: 301 | 307;
  /** @default the machine's clock */
  readonly now?: () => Date;
}

const WEEK_SECONDS = 604_800;

const refusal = (status: number, code: string, message: string, more = ''): Answer => ({
  status,
  headers: { 'content-type': 'application/xml' },
  body: `<?xml version="1.0" encoding="UTF-8"?>\n<Error><Code>${code}</Code><Message>${message}</Message>${more}</Error>`,
});

const denied = (message = 'Access Denied'): Answer => refusal(403, 'AccessDenied', message);

/** Undefined when the request may read what it names, else the refusal. */
export function refuseAddress(wire: Wire, bucket: PrivateBucket): Answer | undefined {
  const { keys, name, redirects, refusesHttp = false, region, now = () => new Date() } = bucket;
  if (redirects !== undefined) {
    const host = `${name}.s3.${region}.amazonaws.com`;
    const code = redirects === 301 ? 'PermanentRedirect' : 'TemporaryRedirect';
    return refusal(redirects, code, 'Use this endpoint.', `<Endpoint>${host}</Endpoint>`);
  }
  if (refusesHttp && !wire.isSecure) return denied();
  const query = new Map(
    wire.rawQuery.split('&').map((pair): [string, string] => {
      const [key = '', value = ''] = splitOnce(pair, '=');
      return [decode(key) ?? key, decode(value) ?? value];
    }),
  );
  const part = (key: string): string => query.get(`X-Amz-${key}`) ?? '';
  if (part('Signature') === '') return denied();
  // A key may hold slashes.
  const credential = part('Credential').split('/');
  const [day = '', scopeRegion = ''] = credential.slice(-4);
  const accessKeyId = credential.slice(0, -4).join('/');
  if (accessKeyId !== keys.accessKeyId) {
    return refusal(403, 'InvalidAccessKeyId', 'The access key does not exist in our records.');
  }
  if (part('Security-Token') !== (keys.sessionToken ?? '')) {
    return refusal(400, 'ExpiredToken', 'The provided token has expired.');
  }
  if (scopeRegion !== region) {
    const message = `Error parsing the X-Amz-Credential parameter; the region '${scopeRegion}' is wrong; expecting '${region}'`;
    return refusal(400, 'AuthorizationQueryParametersError', message);
  }
  const begins = Date.parse(part('Date').replace(BASIC_TIME, '$1-$2-$3T$4:$5:$6Z'));
  const seconds = Number(part('Expires'));
  const time = now().getTime();
  if (!(seconds >= 1 && seconds <= WEEK_SECONDS)) {
    const message = `X-Amz-Expires must be 1 to ${WEEK_SECONDS}.`;
    return refusal(400, 'AuthorizationQueryParametersError', message);
  }
  if (!(time >= begins)) return denied('Request is not valid yet');
  if (time > begins + 1_000 * seconds) return denied('Request has expired');
  const expected = signatureOf(wire, query, [day, region, 's3', 'aws4_request'], keys);
  const isRight = constantTimeEqual(expected.toString('hex'), part('Signature'));
  if (isRight) return undefined;
  const message = 'The request signature we calculated does not match the signature you provided.';
  return refusal(403, 'SignatureDoesNotMatch', message);
}

/** What the query should be signed with. */
function signatureOf(
  wire: Wire,
  query: ReadonlyMap<string, string>,
  scope: readonly string[],
  { secretAccessKey }: PrivateBucket['keys'],
): Buffer {
  const canonical = [
    wire.method,
    wire.rawPath,
    [...query]
      .filter(([key]) => key !== 'X-Amz-Signature')
      .map(([key, value]) => `${encodeRfc3986(key)}=${encodeRfc3986(value)}`)
      .sort()
      .join('&'),
    `host:${wire.headers['host'] ?? ''}`,
    '',
    'host',
    'UNSIGNED-PAYLOAD',
  ].join('\n');
  const date = query.get('X-Amz-Date') ?? '';
  const text = ['AWS4-HMAC-SHA256', date, scope.join('/'), hash('sha256', canonical)];
  const key = scope.reduce<string | Buffer>(hmac, `AWS4${secretAccessKey}`);
  return hmac(key, text.join('\n'));
}

const BASIC_TIME = /^(\d{4})(\d\d)(\d\d)T(\d\d)(\d\d)(\d\d)Z$/;

const hmac = (key: string | Buffer, text: string): Buffer =>
  createHmac('sha256', key).update(text).digest();
