/** The names of a stage's stores, which several resources and all functions share. */
import { ACCOUNT, arn, nameOf, REGION, STAGE, sub } from './cfn.ts';

/** Logical ids. */
export const LEDGER = 'Ledger';
export const SHARDS = 'Shards';
export const DEAD_SHARDS = 'DeadShards';
export const FAILED_EVENTS = 'FailedEvents';
export const BUCKET = 'Objects';
export const TOPIC = 'Alarms';
export const ALARMS_KEY = 'AlarmsKey';

/** Fixed, as the bucket calls functions whose roles name the bucket: neither could refer to the other. */
export const BUCKET_NAME = `waybill-${STAGE}-${ACCOUNT}-${REGION}`;
export const bucketArn = (path = '') =>
  sub(`arn:\${AWS::Partition}:s3:::${BUCKET_NAME}${path && `/${path}`}`);

export const functionName = (name: string): string => nameOf(name);
export const functionArn = (name: string) => arn('lambda', `function:${functionName(name)}`);
