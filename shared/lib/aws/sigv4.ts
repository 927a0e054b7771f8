/**
 * Signs a request with AWS Signature V4 (aws4fetch) and sends it through `http.ts`.
 * https://docs.aws.amazon.com/IAM/latest/UserGuide/reference_sigv-create-signed-request.html
 */
import { AwsV4Signer } from 'aws4fetch';
import type { ApiRequest } from '../api-request.ts';
import { createClock, type ProviderClock } from '../clock.ts';
import { type ApiResponse, type Send, wirePath } from '../http.ts';
import type { AwsKeys } from './keys.ts';

interface SigV4Options {
  readonly keys: AwsKeys;
  readonly region: string;
  /** Its name in the signature, such as `dynamodb`. */
  readonly service: string;
}

/** Returns a request with its signature of that moment. */
export function createSigV4({ keys, region, service }: SigV4Options) {
  // Derived keys of the day.
  const cache = new Map<string, ArrayBuffer>();
  return async (request: ApiRequest, at: Date): Promise<ApiRequest> => {
    const { method, origin, headers, body } = request;
    const signer = new AwsV4Signer({
      method,
      url: `${origin}${wirePath(request)}`,
      headers: { ...headers },
      ...(body !== '' && { body }),
      accessKeyId: keys.accessKeyId,
      secretAccessKey: keys.secretAccessKey,
      ...(keys.sessionToken !== undefined && { sessionToken: keys.sessionToken }),
      service,
      region,
      cache,
      // `YYYYMMDDTHHMMSSZ`
      datetime: at.toISOString().replace(/[:-]|\.\d{3}/g, ''),
    });
    const signed = await signer.sign();
    return { ...request, headers: Object.fromEntries(signed.headers) };
  };
}

/**
 * Whether a refusal is one of the request's time: of S3, and of the services that speak JSON.
 * https://docs.aws.amazon.com/AmazonS3/latest/API/ErrorResponses.html
 * https://docs.aws.amazon.com/IAM/latest/UserGuide/signature-v4-troubleshooting.html
 */
export const isTimeRefused = (text: string): boolean =>
  /RequestTimeTooSkewed|RequestExpired|Signature (?:expired|not yet current)/.test(text);

interface SignedSendOptions extends SigV4Options {
  readonly send: Send;
  readonly clock?: ProviderClock;
}

/** Signs with the time of the answer, and sends once more, where the time of the request is refused. */
export const createSignedSend = ({
  send,
  clock = createClock({ provider: 'AWS' }),
  ...options
}: SignedSendOptions): Send => {
  const sign = createSigV4(options);
  const isCorrected = ({ status, headers, body }: ApiResponse, at: Date): boolean =>
    status >= 400 && isTimeRefused(body) && clock.correct(headers, at, '').isCorrected;
  return async (request) => {
    const at = clock.now();
    const answer = await send(await sign(request, at));
    return isCorrected(answer, at) ? send(await sign(request, clock.now())) : answer;
  };
};
