/** The type of the AWS configuration: region, keys, endpoints and the addresses of the stores. */
import type { AwsKeys } from '../../lib/aws/keys.ts';

export interface AwsConfig {
  readonly region: string;
  readonly keys: AwsKeys;
  /** In place of every service's own address: emulators, private links. */
  readonly endpoint?: string;
}

/** What is kept where, and who else is there, besides. */
export interface AwsStoresConfig extends AwsConfig {
  /** Of the ledger, where its protocol is spoken by somebody else. */
  readonly dynamodbEndpoint?: string;
  /** Name of the deployed sweeper, for whoever wakes it. */
  readonly sweepFunction?: string;
  /** Name of the deployed planner, for whoever has no time to plan. */
  readonly planFunction?: string;
  /** Name of the deployed lister, for lists that migrations open. */
  readonly listFunction?: string;
  /** Begins with audits. */
  readonly auditFunction?: string;
  /** Name of the deployed function that advances migrations. */
  readonly advanceFunction?: string;
  /** Name of this function, for work that its answer can't wait for. */
  readonly ownFunction?: string;
}

/** China's regions have an address of their own. */
export const domainOf = (region: string): string =>
  region.startsWith('cn-') ? 'amazonaws.com.cn' : 'amazonaws.com';
