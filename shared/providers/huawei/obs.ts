/**
 * Reads objects of OBS through its S3-compatible API, as needed for lists of failed objects: a GET
 * signed with AWS Signature V4.
 */
import type { ApiRequest } from '../../lib/api-request.ts';
import { createSigV4 } from '../../lib/aws/sigv4.ts';
import { createClock, type ProviderClock } from '../../lib/clock.ts';
import { type ClockError, ProviderError, TransportError } from '../../lib/errors.ts';
import { createFetch, type Fetch } from '../../lib/http.ts';
import { isRecord } from '../../lib/values.ts';
import { parseXml, word } from '../../lib/xml.ts';
import { statusClass } from './errors.ts';
import type { OmsKeys } from './oms/start-request.ts';

export interface ObsReader {
  /**
   * The object's bytes as they come, read with the destination's keys; one request.
   * @throws ProviderError (PROVIDER_REFUSED), also when there is none; TransportError
   */
  read(
    place: { readonly region: string; readonly bucket: string; readonly key: string },
    keys: Pick<OmsKeys, 'dstAk' | 'dstSk' | 'dstSecurityToken'>,
  ): Promise<AsyncIterable<Uint8Array>>;
}

export interface ObsReaderOptions {
  /** With `{bucket}` and `{region}`: `https://{bucket}.obs.{region}.myhuaweicloud.com`. */
  readonly endpoint: string;
  readonly fetch?: Fetch;
  readonly clock?: ProviderClock;
}

export function createObsReader({
  endpoint,
  fetch = createFetch(),
  clock = createClock(),
}: ObsReaderOptions): ObsReader {
  return {
    async read({ region, bucket, key }, { dstAk, dstSk, dstSecurityToken }) {
      const base = endpoint.replaceAll('{region}', region).replaceAll('{bucket}', bucket);
      const { origin, pathname } = new URL(base);
      const path = `${pathname.replace(/\/$/, '')}/${key}`;
      const plain: ApiRequest = { method: 'GET', origin, path, query: [], headers: {}, body: '' };
      const sessionToken = dstSecurityToken !== undefined && { sessionToken: dstSecurityToken };
      const keys = { accessKeyId: dstAk, secretAccessKey: dstSk, ...sessionToken };
      const at = clock.now();
      const sign = createSigV4({ keys, region, service: 's3' });
      const answer = await fetch(await sign(plain, at));
      if (answer.status !== 200) throw await refusal(answer, clock, at);
      return whole(answer.body, origin);
    },
  };
}

async function* whole(body: AsyncIterable<Uint8Array>, origin: string): AsyncGenerator<Uint8Array> {
  try {
    yield* body;
  } catch (error) {
    const message = `The answer of ${origin} broke off.`;
    throw new TransportError('TRANSPORT_FAILED', message, 'unknown', error);
  }
}

async function refusal(
  { status, headers, body }: Awaited<ReturnType<Fetch>>,
  clock: ProviderClock,
  at: Date,
): Promise<ProviderError | ClockError> {
  const parts: Uint8Array[] = [];
  for await (const part of body) if (parts.length < 16) parts.push(part);
  const error = parseXml(Buffer.concat(parts).toString('utf8'))?.['Error'];
  const code = isRecord(error) ? word(error, 'Code') : '';
  const summary = `reading a list of failed objects: ${status} ${code}`;
  const isExpired =
    code === 'AccessDenied' && isRecord(error) && /expired/i.test(word(error, 'Message'));
  if (code === 'RequestTimeTooSkewed' || isExpired) return clock.correct(headers, at, summary);
  return new ProviderError(summary, {
    provider: 'huawei',
    providerCode: code === '' ? `HTTP_${status}` : code,
    status,
    class: statusClass(status),
    requestId: headers['x-amz-request-id'] ?? headers['x-obs-request-id'],
  });
}
