/**
 * The types that every signer takes and returns. Types only: a signer knows no network, clock or
 * environment.
 */

/** Long-term key pair, or a temporary one with its token. */
export interface Credentials {
  readonly secretId: string;
  readonly secretKey: string;
  readonly securityToken?: string;
}

export type Pair = readonly [name: string, value: string];

/**
 * One API request in decoded parts; `http.ts` writes it on the wire. Not a `URL`, which would drop
 * dot segments that providers sign. `body` is final: the bytes signed are the bytes sent.
 */
export interface ApiRequest {
  readonly method: 'DELETE' | 'GET' | 'HEAD' | 'POST' | 'PUT';
  /** Scheme and host, such as `https://oms.example`. */
  readonly origin: string;
  /** Decoded, starts with `/`. */
  readonly path: string;
  readonly query: readonly Pair[];
  /** Names in lower case. */
  readonly headers: Readonly<Record<string, string>>;
  readonly body: string;
}

/** Returns `request` with its authentication headers; knows no network, clock or environment. */
export type Signer = (request: ApiRequest, at: Date) => ApiRequest;
