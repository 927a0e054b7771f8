/**
 * The alarms of a stage and the topic they notify. `docs/runbook.md` says what to do for each, by
 * name.
 */
import type { Deployment } from '../shared/runtime/deployment.ts';
import { nameOf, param, pascal, type Resource, type Resources, ref } from './cfn.ts';
import { topicKey } from './encryption.ts';
import { type Metric, ofApi, ofFunction, ofQueue, ofTable, ours } from './metrics.ts';
import { TOPIC } from './stores.ts';
import { GLOBAL_INDEXES } from './table.ts';

interface Alarm {
  /** After the stage, and the heading in the runbook. */
  readonly name: string;
  readonly says: string;
  readonly metric: Metric;
  /** At least so much. @default 1 */
  readonly threshold?: unknown;
  readonly below?: boolean;
  readonly periodSeconds?: number;
  /** In a row. @default 1 */
  readonly periods?: number;
  /** Silence is what is alarming. */
  readonly isHeartbeat?: boolean;
}

const FIVE_MINUTES = 300;

const alarm = ({ name, says, metric, threshold = 1, ...more }: Alarm): Resource => ({
  Type: 'AWS::CloudWatch::Alarm',
  Properties: {
    AlarmName: nameOf(name),
    AlarmDescription: `${says} See docs/runbook.md, ${name}.`,
    Namespace: metric.namespace,
    MetricName: metric.name,
    Dimensions: metric.dimensions.map(([Name, Value]) => ({ Name, Value })),
    Statistic: metric.stat,
    Period: more.periodSeconds ?? FIVE_MINUTES,
    EvaluationPeriods: more.periods ?? 1,
    Threshold: threshold,
    ComparisonOperator: more.below ? 'LessThanThreshold' : 'GreaterThanOrEqualToThreshold',
    TreatMissingData: more.isHeartbeat ? 'breaching' : 'notBreaching',
    AlarmActions: [ref(TOPIC)],
    OKActions: [ref(TOPIC)],
  },
});

const GENERAL: readonly Alarm[] = [
  {
    name: 'dead-shards',
    says: 'A shard was given up: its objects are not submitted.',
    metric: ofQueue('ApproximateNumberOfMessagesVisible', 'shards-dead'),
  },
  {
    name: 'failed-events',
    says: 'An upload or a schedule started nothing.',
    metric: ofQueue('ApproximateNumberOfMessagesVisible', 'failed-events'),
  },
  {
    name: 'queue-age',
    says: 'Shards wait longer than they should.',
    metric: ofQueue('ApproximateAgeOfOldestMessage', 'shards'),
    threshold: param('queueAgeAlarmSeconds'),
  },
  {
    name: 'stuck-runs',
    says: 'A run is active and nothing in it moves.',
    metric: ours('RunsStuck', 'Maximum'),
    // One look of the sweeper may fall out.
    periodSeconds: 3 * FIVE_MINUTES,
  },
  {
    name: 'credential-failures',
    says: 'A provider refuses a key pair; its runs are stopped.',
    metric: ours('CredentialFailures', 'Sum'),
  },
  {
    name: 'refused-callbacks',
    says: 'Many calls of the callback address are refused.',
    metric: ofFunction('Url4xxCount', 'record-callback'),
    threshold: param('callbackAlarmCount'),
  },
  {
    name: 'refused-requests',
    says: 'Many requests of the HTTP API are refused.',
    metric: ofApi('4xx'),
    threshold: param('callbackAlarmCount'),
  },
  {
    name: 'failed-callbacks',
    says: 'Calls of the callback address end in errors.',
    metric: ofFunction('Url5xxCount', 'record-callback'),
  },
  {
    name: 'failed-requests',
    says: 'Requests of the HTTP API end in errors.',
    metric: ofApi('5xx'),
  },
  {
    name: 'nightly-failed',
    says: 'The nightly pass ended in an error.',
    metric: ofFunction('Errors', 'retry-failed-objects'),
  },
  {
    name: 'sweep-silent',
    says: 'The sweeper has not run.',
    metric: ofFunction('Invocations', 'sweep'),
    below: true,
    isHeartbeat: true,
    periods: 3,
  },
];

/** Of the table and of each global index, whose capacity is its own. */
const ofLedger = (index?: string): readonly Alarm[] =>
  (['Read', 'Write'] as const).map((kind) => ({
    name: ['ledger-throttles', kind.toLowerCase(), index ?? ''].join('-').replace(/-$/, ''),
    says: `DynamoDB refuses ${kind.toLowerCase()}s of the ledger${index ? `, index ${index}` : ''}.`,
    metric: ofTable(`${kind}ThrottleEvents`, index),
    // Short ones pass: a table paid by request adapts to its load.
    periods: 3,
  }));

const ofEach = (name: string): readonly Alarm[] => [
  {
    name: `${name}-errors`,
    says: `Calls of ${name} end in errors.`,
    metric: ofFunction('Errors', name),
  },
  {
    name: `${name}-throttles`,
    says: `Lambda refuses calls of ${name}.`,
    metric: ofFunction('Throttles', name),
    periods: 3,
  },
];

export function alarms(deployments: Readonly<Record<string, Deployment>>): Resources {
  const all = [
    ...GENERAL,
    ...[undefined, ...GLOBAL_INDEXES].flatMap(ofLedger),
    ...Object.keys(deployments).flatMap(ofEach),
  ];
  return {
    ...Object.fromEntries(all.map((each) => [`${pascal(each.name)}Alarm`, alarm(each)])),
    [TOPIC]: {
      Type: 'AWS::SNS::Topic',
      Properties: {
        TopicName: nameOf('alarms'),
        DisplayName: 'Waybill',
        KmsMasterKeyId: topicKey(),
      },
    },
    AlarmsPolicy: {
      Type: 'AWS::SNS::TopicPolicy',
      Properties: {
        Topics: [ref(TOPIC)],
        PolicyDocument: {
          Version: '2012-10-17',
          Statement: [
            {
              Sid: 'AlarmsOfThisAccount',
              Effect: 'Allow',
              Principal: { Service: 'cloudwatch.amazonaws.com' },
              Action: 'sns:Publish',
              Resource: ref(TOPIC),
              Condition: { StringEquals: { 'aws:SourceAccount': ref('AWS::AccountId') } },
            },
          ],
        },
      },
    },
    AlarmsEmail: {
      Type: 'AWS::SNS::Subscription',
      Condition: 'HasAlarmEmail',
      Properties: { TopicArn: ref(TOPIC), Protocol: 'email', Endpoint: param('alarmEmail') },
    },
  };
}
