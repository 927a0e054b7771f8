/**
 * The CloudWatch dashboard: one page with what an operator looks at first.
 * https://docs.aws.amazon.com/AmazonCloudWatch/latest/APIReference/CloudWatch-Dashboard-Body-Structure.html
 */
import type { Deployment } from '../shared/runtime/deployment.ts';
import { nameOf, REGION, type Resources, sub } from './cfn.ts';
import { type Metric, ofApi, ofFunction, ofQueue, ofTable, ours } from './metrics.ts';
import { GLOBAL_INDEXES } from './table.ts';

interface Graph {
  readonly title: string;
  readonly metrics: readonly (readonly [label: string, metric: Metric])[];
}

const GRAPHS: readonly Graph[] = [
  {
    title: 'Runs',
    metrics: [
      ['active', ours('RunsActive', 'Maximum')],
      ['stuck', ours('RunsStuck', 'Maximum')],
    ],
  },
  {
    title: 'Objects and tasks',
    metrics: [
      ['open', ours('TransfersOpen', 'Maximum')],
      ['submitted', ours('Submitted', 'Sum')],
      ['throttled by the provider', ours('Throttled', 'Sum')],
    ],
  },
  {
    title: 'Credential failures',
    metrics: [['refused', ours('CredentialFailures', 'Sum')]],
  },
  {
    title: 'Shards',
    metrics: [
      ['waiting', ofQueue('ApproximateNumberOfMessagesVisible', 'shards')],
      ['worked on', ofQueue('ApproximateNumberOfMessagesNotVisible', 'shards')],
      ['dead', ofQueue('ApproximateNumberOfMessagesVisible', 'shards-dead')],
      ['failed events', ofQueue('ApproximateNumberOfMessagesVisible', 'failed-events')],
    ],
  },
  {
    title: 'Age of the oldest shard, seconds',
    metrics: [['age', ofQueue('ApproximateAgeOfOldestMessage', 'shards')]],
  },
  {
    title: 'Callbacks',
    metrics: [
      ['requests', ofFunction('UrlRequestCount', 'record-callback')],
      ['refused', ofFunction('Url4xxCount', 'record-callback')],
      ['failed', ofFunction('Url5xxCount', 'record-callback')],
    ],
  },
  {
    title: 'HTTP API',
    metrics: [
      ['requests', ofApi('Count')],
      ['4xx', ofApi('4xx')],
      ['5xx', ofApi('5xx')],
    ],
  },
  {
    title: 'Ledger, capacity units',
    metrics: [
      ['read', ofTable('ConsumedReadCapacityUnits')],
      ['written', ofTable('ConsumedWriteCapacityUnits')],
    ],
  },
  {
    title: 'Ledger, throttled',
    metrics: [
      ['reads', ofTable('ReadThrottleEvents')],
      ['writes', ofTable('WriteThrottleEvents')],
      ...GLOBAL_INDEXES.flatMap((index) => [
        [`reads of ${index}`, ofTable('ReadThrottleEvents', index)] as const,
        [`writes of ${index}`, ofTable('WriteThrottleEvents', index)] as const,
      ]),
    ],
  },
];

const ofFunctions = (names: readonly string[]): readonly Graph[] =>
  (
    [
      ['Errors', 'Errors', 'Sum'],
      ['Throttles', 'Throttles', 'Sum'],
      ['Duration, 95 of 100, ms', 'Duration', 'p95'],
      ['Concurrent executions', 'ConcurrentExecutions', 'Maximum'],
    ] as const
  ).map(([title, metric, stat]) => ({
    title,
    metrics: names.map((name) => [name, ofFunction(metric, name, stat)]),
  }));

/** The body's own words for a reference, inside `sub`. */
const text = (value: unknown): string =>
  typeof value === 'string' ? value : `\${${(value as { Ref: string }).Ref}}`;

const COLUMNS = 3;
const WIDTH = 8;
const HEIGHT = 6;

const widget = ({ title, metrics }: Graph, at: number) => ({
  type: 'metric',
  x: (at % COLUMNS) * WIDTH,
  y: Math.floor(at / COLUMNS) * HEIGHT,
  width: WIDTH,
  height: HEIGHT,
  properties: {
    title,
    region: REGION,
    view: 'timeSeries',
    period: 300,
    metrics: metrics.map(([label, { namespace, name, dimensions, stat }]) => [
      namespace,
      name,
      ...dimensions.flatMap(([dimension, value]) => [dimension, text(value)]),
      { label, stat },
    ]),
  },
});

export const dashboard = (deployments: Readonly<Record<string, Deployment>>): Resources => ({
  Dashboard: {
    Type: 'AWS::CloudWatch::Dashboard',
    Properties: {
      DashboardName: nameOf('overview'),
      DashboardBody: sub(
        JSON.stringify({
          widgets: [...GRAPHS, ...ofFunctions(Object.keys(deployments))].map(widget),
        }),
      ),
    },
  },
});
