/** Opens OMS clients per region and project, with the keys of the task's credential set. */
import type { Credentials } from '../../../lib/api-request.ts';
import { createClock, type ProviderClock } from '../../../lib/clock.ts';
import { createSend, type Send } from '../../../lib/http.ts';
import type { RetryPolicy } from '../../../lib/retry.ts';
import type { CredentialBreaker } from '../../../limits/ports.ts';
import type { OmsSet } from '../../../stores/credential-kinds.ts';
import type { CredentialSets } from '../../../stores/credential-sets.ts';
import { type Authenticator, signWith, tokenOf } from '../auth.ts';
import type { OpenBreaker } from '../breaker.ts';
import type { HuaweiConfig } from '../config.ts';
import { createTokenSource } from '../iam.ts';
import { createOmsV1Client, type OmsV1Client } from './v1.ts';
import { createOmsV2Client, type OmsV2Client } from './v2.ts';

export interface OmsAccess {
  readonly v1: OmsV1Client;
  readonly v2: OmsV2Client;
  /** One per access key and region: five bad checks within five minutes lock a key. */
  readonly run: CredentialBreaker['run'];
}

export interface OmsPlace {
  readonly region: string;
  readonly projectId: string;
  /** Names the credential set. */
  readonly credentials: string;
}

/**
 * @throws InputError (NOT_FOUND, path `credentials`) when there is no such set; StoreError
 */
export type OpenOms = (place: OmsPlace) => Promise<OmsAccess>;

interface OmsAccessOptions {
  readonly config: HuaweiConfig;
  readonly sets: CredentialSets;
  readonly openBreaker: OpenBreaker;
  readonly send?: Send;
  readonly now?: () => Date;
  readonly clock?: ProviderClock;
}

/** The gateway's advice after 429: from 2 to 5 s, doubling. */
export const OMS_RETRY: RetryPolicy = { maxSends: 4, baseMs: 4_000, capMs: 30_000 };

/** A start is answered within seconds or not at all; the caller resolves it then. */
const TIMEOUT_MS = 10_000;

type Writable<Value> = { -readonly [Name in keyof Value]: Value[Name] };

/** The key pair of a set that has one. */
const pairIn = ({ sdkSk = '', sdkSecurityToken = '' }: OmsSet) => ({
  secretKey: sdkSk,
  securityToken: sdkSecurityToken,
});

export function connectOms({
  config,
  sets,
  openBreaker,
  send = createSend({ timeoutMs: TIMEOUT_MS, connections: config.limits.inFlight }),
  now = () => new Date(),
  clock = createClock({ now }),
}: OmsAccessOptions): OpenOms {
  const opened = new Map<string, OmsAccess>();
  const { auth } = config;
  const tokens =
    auth.kind === 'token'
      ? createTokenSource({ endpoint: config.iamEndpoint, user: auth.user, send, now, clock })
      : undefined;

  /** Key pairs of sets by access key, each as it was last read: signers read them with every request. */
  const pairs = new Map<string, Writable<Credentials>>();
  const pairOf = (accessKey: string): Writable<Credentials> => {
    const pair = pairs.get(accessKey) ?? { secretId: accessKey, secretKey: '' };
    pairs.set(accessKey, pair);
    return pair;
  };

  /** The configured identity, unless the set names a key pair of its own for calling OMS. */
  const identify = ({ region, projectId }: OmsPlace, set: OmsSet): [string, Authenticator] => {
    if (set.sdkAk !== undefined) return [set.sdkAk, signWith(pairOf(set.sdkAk))];
    if (auth.kind === 'aksk') return [auth.credentials.secretId, signWith(auth.credentials)];
    return [
      `user ${auth.user.name}`,
      tokenOf(tokens as NonNullable<typeof tokens>, region, projectId),
    ];
  };

  return async (place) => {
    const { region, projectId, credentials } = place;
    const set = await sets.get('oms', credentials);
    const key = JSON.stringify([region, projectId, set.sdkAk ?? '']);
    if (set.sdkAk !== undefined) Object.assign(pairOf(set.sdkAk), pairIn(set));
    const known = opened.get(key);
    if (known) return known;
    const [identity, authenticator] = identify(place, set);
    const options = { endpoint: config.omsEndpoint, region, projectId, authenticator, send, clock };
    const access = {
      v1: createOmsV1Client(options),
      v2: createOmsV2Client(options),
      run: prepared(openBreaker(region, identity).run, authenticator),
    };
    opened.set(key, access);
    return access;
  };
}

/** Fetches a token when the turn of a call comes; only then its run, the pace and the key are looked at. */
const prepared =
  (run: CredentialBreaker['run'], authenticator: Authenticator): CredentialBreaker['run'] =>
  (request, options = {}) =>
    run(request, {
      ...options,
      async before() {
        await authenticator.prepare?.();
        await options.before?.();
      },
    });
