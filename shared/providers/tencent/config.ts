/** The types of the Tencent Cloud configuration: COS and COS Batch. */
import type { Credentials } from '../../lib/api-request.ts';
import type { LimitsConfig } from '../../limits/ports.ts';
import type { Pace } from '../../limits/rate/pace.ts';

/** What asking Tencent COS anything takes. Endpoints hold `{region}` and `{bucket}` where needed. */
export interface CosConfig {
  readonly credentials: Credentials;
  readonly migrationEndpoint: string;
  readonly objectsEndpoint: string;
  readonly limits: LimitsConfig;
  /** Of what is sent, until a person sets another one. */
  readonly pace?: Pace | undefined;
}

/** What calling COS Batch takes besides. */
export interface BatchConfig {
  readonly cos: CosConfig;
  readonly uin: string;
  readonly appId: string;
  /** With `{uin}` and `{region}`. */
  readonly endpoint: string;
  readonly limits: LimitsConfig;
}
