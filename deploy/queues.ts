/**
 * The shard queue, its dead letters, and the events of uploads and schedules that failed for good.
 * https://docs.aws.amazon.com/lambda/latest/dg/services-sqs-configure.html
 */
import type { Deployment } from '../shared/runtime/deployment.ts';
import { att, NO_VALUE, nameOf, type Resources, ref } from './cfn.ts';
import { byKey, ownKey } from './encryption.ts';
import { DEAD_SHARDS, FAILED_EVENTS, SHARDS } from './stores.ts';
import { ruleArn, type Upload } from './uploads.ts';

/** The longest there is: a run of hundreds of millions of objects waits for its turn for days. */
const FOURTEEN_DAYS = 1_209_600;
/**
 * A healthy shard is received once, and once more for each time that it must settle or a double of
 * it met its worker.
 */
const MAX_RECEIVES = 10;
/** What AWS advises: calls that Lambda throttles are repeated within it. */
const VISIBILITY_FACTOR = 6;

const queue = (name: string, more: Readonly<Record<string, unknown>> = {}) => ({
  Type: 'AWS::SQS::Queue',
  Properties: {
    QueueName: nameOf(name),
    SqsManagedSseEnabled: byKey(NO_VALUE, true),
    KmsMasterKeyId: ownKey(),
    MessageRetentionPeriod: FOURTEEN_DAYS,
    ...more,
  },
});

/** Nobody may use a queue without TLS. */
const overTls = (id: string) => ({
  Sid: 'OnlyOverTls',
  Effect: 'Deny',
  Principal: '*',
  Action: 'sqs:*',
  Resource: att(id),
  Condition: { Bool: { 'aws:SecureTransport': 'false' } },
});

const policy = (id: string, statements: readonly unknown[]) => ({
  Type: 'AWS::SQS::QueuePolicy',
  Properties: {
    Queues: [ref(id)],
    PolicyDocument: { Version: '2012-10-17', Statement: statements },
  },
});

/**
 * @param consumer of the shard queue
 * @param ruled uploads whose events EventBridge may fail to deliver
 */
export const queues = (
  { timeoutSeconds }: Pick<Deployment, 'timeoutSeconds'>,
  ruled: readonly Upload[],
): Resources => ({
  [SHARDS]: queue('shards', {
    // Longer than a call, so that none is received twice while it is worked on.
    VisibilityTimeout: VISIBILITY_FACTOR * timeoutSeconds,
    RedrivePolicy: { deadLetterTargetArn: att(DEAD_SHARDS), maxReceiveCount: MAX_RECEIVES },
  }),
  [DEAD_SHARDS]: queue('shards-dead'),
  [FAILED_EVENTS]: queue('failed-events'),
  ShardsPolicy: policy(SHARDS, [overTls(SHARDS)]),
  DeadShardsPolicy: policy(DEAD_SHARDS, [overTls(DEAD_SHARDS)]),
  FailedEventsPolicy: policy(FAILED_EVENTS, [
    overTls(FAILED_EVENTS),
    {
      Sid: 'EventsThatDidNotArrive',
      Effect: 'Allow',
      Principal: { Service: 'events.amazonaws.com' },
      Action: 'sqs:SendMessage',
      Resource: att(FAILED_EVENTS),
      Condition: { ArnEquals: { 'aws:SourceArn': ruled.map(ruleArn) } },
    },
  ]),
});
