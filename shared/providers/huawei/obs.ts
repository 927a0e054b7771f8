/**
 * Reads objects and lists of OBS through its S3-compatible API, signed with AWS Signature V4: lists of
 * failed objects, and what audits ask.
 */
import type { ApiRequest, Pair } from '../../lib/api-request.ts';
import { createSigV4 } from '../../lib/aws/sigv4.ts';
import { createClock, type ProviderClock } from '../../lib/clock.ts';
import { type ClockError, ProviderError } from '../../lib/errors.ts';
import { createFetch, type Fetch } from '../../lib/http.ts';
import { refusalText, textOf } from '../../lib/s3/errors.ts';
import { type ObjectHeaders, readObjectHeaders } from '../../lib/s3/object-headers.ts';
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
    place: ObsPlace & { readonly key: string },
    keys: ObsKeys,
  ): Promise<AsyncIterable<Uint8Array>>;
  /** Undefined when there is no such object; the same errors. */
  head(
    place: ObsPlace & { readonly key: string },
    keys: ObsKeys,
  ): Promise<ObjectHeaders | undefined>;
  /** The text of a page of keys; the same errors. */
  page(place: ObsPlace, query: readonly Pair[], keys: ObsKeys): Promise<string>;
}

export interface ObsPlace {
  readonly region: string;
  readonly bucket: string;
}

export type ObsKeys = Pick<OmsKeys, 'dstAk' | 'dstSk' | 'dstSecurityToken'>;

interface ObsReaderOptions {
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
  const ask = async (
    { method, doing, query = [] }: Asked,
    { region, bucket, key = '' }: ObsPlace & { readonly key?: string },
    { dstAk, dstSk, dstSecurityToken }: ObsKeys,
  ) => {
    const base = endpoint.replaceAll('{region}', region).replaceAll('{bucket}', bucket);
    const { origin, pathname } = new URL(base);
    const path = `${pathname.replace(/\/$/, '')}/${key}`;
    const plain: ApiRequest = { method, origin, path, query, headers: {}, body: '' };
    const sessionToken = dstSecurityToken !== undefined && { sessionToken: dstSecurityToken };
    const keys = { accessKeyId: dstAk, secretAccessKey: dstSk, ...sessionToken };
    const at = clock.now();
    const sign = createSigV4({ keys, region, service: 's3' });
    const answer = await fetch(await sign(plain, at));
    if (method === 'HEAD' && answer.status === 404) return undefined;
    if (answer.status !== 200) throw await refusal(answer, doing, { clock, at });
    return answer;
  };

  return {
    async read(place, keys) {
      const answer = await ask({ method: 'GET', doing: 'reading an object' }, place, keys);
      return answer?.body ?? nothing();
    },
    async head(place, keys) {
      const answer = await ask({ method: 'HEAD', doing: 'checking a target object' }, place, keys);
      return answer && readObjectHeaders(answer.headers);
    },
    async page(place, query, keys) {
      const answer = await ask({ method: 'GET', doing: 'listing objects', query }, place, keys);
      return textOf(answer?.body ?? nothing());
    },
  };
}

interface Asked {
  readonly method: 'GET' | 'HEAD';
  readonly doing: string;
  readonly query?: readonly Pair[];
}

async function* nothing(): AsyncGenerator<Uint8Array> {}

async function refusal(
  { status, headers, body }: Awaited<ReturnType<Fetch>>,
  doing: string,
  { clock, at }: { readonly clock: ProviderClock; readonly at: Date },
): Promise<ProviderError | ClockError> {
  const error = parseXml(await refusalText(body))?.['Error'];
  const code = isRecord(error) ? word(error, 'Code') : '';
  const summary = `${doing}: ${status} ${code}`;
  const isExpired =
    code === 'AccessDenied' && isRecord(error) && /expired/i.test(word(error, 'Message'));
  // To a HEAD nobody can say why.
  const isUntold = status === 403 && code === '' && clock.differs(headers, at);
  if (code === 'RequestTimeTooSkewed' || isExpired || isUntold)
    return clock.correct(headers, at, summary);
  return new ProviderError(summary, {
    provider: 'huawei',
    providerCode: code === '' ? `HTTP_${status}` : code,
    status,
    class: statusClass(status),
    requestId: headers['x-amz-request-id'] ?? headers['x-obs-request-id'],
  });
}
