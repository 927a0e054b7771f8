/**
 * Signs a request with AWS Signature V4 (aws4fetch) and sends it through `http.ts`.
 * https://docs.aws.amazon.com/IAM/latest/UserGuide/reference_sigv-create-signed-request.html
 */
import { AwsV4Signer } from 'aws4fetch';
import type { ApiRequest } from '../api-request.ts';
import { type Send, wirePath } from '../http.ts';
import type { AwsKeys } from './keys.ts';

export interface SigV4Options {
  readonly keys: AwsKeys;
  readonly region: string;
  /** Its name in the signature, such as `dynamodb`. */
  readonly service: string;
  readonly now?: () => Date;
}

/** Returns a request with its signature; the date is of the moment, so every send signs anew. */
export function createSigV4({ keys, region, service, now = () => new Date() }: SigV4Options) {
  // Derived keys of the day.
  const cache = new Map<string, ArrayBuffer>();
  return async (request: ApiRequest): Promise<ApiRequest> => {
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
      datetime: now()
        .toISOString()
        .replace(/[:-]|\.\d{3}/g, ''),
    });
    const signed = await signer.sign();
    return { ...request, headers: Object.fromEntries(signed.headers) };
  };
}

export const createSignedSend = (options: SigV4Options & { readonly send: Send }): Send => {
  const sign = createSigV4(options);
  return async (request) => options.send(await sign(request));
};
