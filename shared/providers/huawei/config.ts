/** The types of the Huawei Cloud configuration, with the formats of regions and project ids. */
import type { Credentials } from '../../lib/api-request.ts';
import type { LimitsConfig } from '../../limits/ports.ts';
import type { CredentialsConfig } from '../../stores/credential-sets.ts';
import type { IamUser } from './iam.ts';

/** One project in one region, whose tasks the nightly pass looks after. */
export interface OmsProject {
  readonly region: string;
  readonly projectId: string;
  /** Names the credential set of its tasks. */
  readonly credentials: string;
}

export interface HuaweiConfig {
  readonly auth:
    | { readonly kind: 'aksk'; readonly credentials: Credentials }
    | { readonly kind: 'token'; readonly user: IamUser };
  /** With `{region}`. */
  readonly omsEndpoint: string;
  readonly iamEndpoint: string;
  /** With `{region}` and `{bucket}`. */
  readonly obsEndpoint: string;
  /** The first one is the default of requests that name none. */
  readonly projects: readonly OmsProject[];
  readonly limits: LimitsConfig;
  /** Tasks at once per region: five are run by the provider, others wait there. */
  readonly running: number;
  readonly sets: CredentialsConfig;
}

export const REGION = /^[a-z0-9](?:[a-z0-9-]{0,62}[a-z0-9])?$/;

export const PROJECT_ID = /^[A-Za-z0-9_-]{1,1024}$/;
