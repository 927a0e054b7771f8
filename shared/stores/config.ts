/** The type of the configuration that says where the stores are. */
import type { StoreAddress } from '../lib/env.ts';
import type { LogLevel } from '../lib/log.ts';
import type { MetricsConfig } from '../lib/metrics.ts';
import type { S3Config } from '../lib/s3/bucket.ts';
import type { AwsStoresConfig } from './aws/config.ts';

export interface StoresConfig {
  readonly ledger: StoreAddress<'sqlite' | 'dynamodb' | 'postgres'>;
  readonly queue: StoreAddress<'sqlite' | 'sqs' | 'postgres'>;
  readonly objects: StoreAddress<'folder' | 's3'>;
  readonly logLevel: LogLevel;
  /** How long the ledger keeps an ended run; 0 is for ever. */
  readonly retentionDays: number;
  /** Present when metrics are written. */
  readonly metrics?: MetricsConfig;
  /** Present when ledger or queue are on AWS. */
  readonly aws?: AwsStoresConfig;
  /** Present when objects are in a bucket. */
  readonly s3?: S3Config;
}
