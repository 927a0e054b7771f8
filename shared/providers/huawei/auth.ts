/**
 * Authenticates calls to Huawei Cloud: by a signature, or by an IAM token (OMS reference, section
 * 1).
 */
import type { ApiRequest, Credentials } from '../../lib/api-request.ts';
import { createHuaweiSigner } from '../../signing/huawei.ts';

export interface TokenSource {
  /**
   * A token that is valid for some minutes at least; one fetch at a time per project.
   * @throws ProviderError (PROVIDER_REFUSED), ReplyError (REPLY_INVALID), TransportError; never
   * tried again here, as repeated wrong passwords lock the account
   */
  token(region: string, projectId: string): Promise<string>;
  /** Drops a token that was refused, unless another one is there already. */
  forget(region: string, projectId: string, token: string): void;
}

export interface Authenticator {
  /** Fetches what a request needs, so that `authenticate` right after it has no need to. */
  prepare?(): Promise<unknown>;
  /** The request with its authentication headers. */
  authenticate(request: ApiRequest, at: Date): Promise<ApiRequest>;
  /**
   * Told that the last request was refused because its token must be renewed; true when a second
   * try will carry another one. Signatures are never tried again.
   */
  renew(refused: ApiRequest): boolean;
}

/** Signs every request: SDK-HMAC-SHA256, the default. */
export function signWith(credentials: Credentials): Authenticator {
  const sign = createHuaweiSigner({ credentials });
  return {
    authenticate: async (request, at) => sign(request, at),
    renew: () => false,
  };
}

/** Carries a token of the project in `X-Auth-Token`. */
export function tokenOf(source: TokenSource, region: string, projectId: string): Authenticator {
  return {
    prepare: () => source.token(region, projectId),
    async authenticate(request) {
      const token = await source.token(region, projectId);
      return { ...request, headers: { ...request.headers, 'x-auth-token': token } };
    },
    renew(refused) {
      source.forget(region, projectId, refused.headers['x-auth-token'] ?? '');
      return true;
    },
  };
}
