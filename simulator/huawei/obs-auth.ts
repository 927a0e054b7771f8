/** Judges AWS Signature Version 4 in the Authorization header, as OBS does. */
import { AwsV4Signer } from 'aws4fetch';
import { constantTimeEqual, sha256Hex } from '../../shared/lib/encoding.ts';
import type { Answer, Wire } from '../server.ts';
import { obsError } from './answers.ts';
import { parseBasicTime } from './auth.ts';

export interface ObsKey {
  readonly ak: string;
  readonly sk: string;
}

const AUTHORIZATION =
  /^AWS4-HMAC-SHA256 Credential=([^/,]+)\/(\d{8})\/([^/,]+)\/s3\/aws4_request, ?SignedHeaders=([a-z0-9;-]+), ?Signature=([0-9a-f]{64})$/;
const SKEW_MS = 900_000;

/** Undefined when the request is signed well, else the refusal. */
export async function refuseV4(
  wire: Wire,
  key: ObsKey,
  now: Date,
  path: string,
): Promise<Answer | undefined> {
  const { headers } = wire;
  const refuse = (code: string, message: string) => obsError(403, code, message, path);
  if (headers['authorization'] === undefined) return refuse('AccessDenied', 'Access Denied');
  const parts = AUTHORIZATION.exec(headers['authorization']);
  if (!parts) return obsError(400, 'InvalidArgument', 'Authorization is malformed.', path);
  const [, ak = '', date = '', region = '', list = '', signature = ''] = parts;
  if (ak !== key.ak) {
    return refuse('InvalidAccessKeyId', 'The OBS access key ID you provided does not exist.');
  }
  const names = list.split(';');
  const unsigned = ['host', 'x-amz-content-sha256', 'x-amz-date'].find(
    (name) => !names.includes(name),
  );
  if (unsigned !== undefined) return refuse('AccessDenied', `Header ${unsigned} is not signed.`);
  const datetime = headers['x-amz-date'] ?? '';
  if (
    !(Math.abs(now.getTime() - parseBasicTime(datetime)) <= SKEW_MS) ||
    !datetime.startsWith(date)
  ) {
    return refuse('RequestTimeTooSkewed', 'The request time is too far from the server time.');
  }
  const declared = headers['x-amz-content-sha256'];
  if (declared !== 'UNSIGNED-PAYLOAD' && declared !== sha256Hex(wire.body.toString('utf8'))) {
    const message = 'The x-amz-content-sha256 is not that of the body.';
    return obsError(400, 'XAmzContentSHA256Mismatch', message, path);
  }
  const query = wire.rawQuery === '' ? '' : `?${wire.rawQuery}`;
  const signer = new AwsV4Signer({
    method: wire.method,
    url: `http://${headers['host']}${wire.rawPath}${query}`,
    headers: Object.fromEntries(
      names.filter((name) => name !== 'host').map((name) => [name, headers[name] ?? '']),
    ),
    accessKeyId: key.ak,
    secretAccessKey: key.sk,
    service: 's3',
    region,
    datetime,
    allHeaders: true,
  });
  const expected = await signer.signature();
  return signer.signedHeaders === list && constantTimeEqual(expected, signature)
    ? undefined
    : refuse('SignatureDoesNotMatch', 'The signature does not match the one we calculated.');
}
