/**
 * The metrics that alarms and dashboard show. Waybill's own are those of `shared/lib/metrics.ts`.
 */
import { NAMESPACE } from '../shared/lib/metrics.ts';
import { nameOf, ref, STAGE } from './cfn.ts';
import { functionName, LEDGER } from './stores.ts';

export interface Metric {
  readonly namespace: string;
  readonly name: string;
  readonly dimensions: readonly (readonly [name: string, value: unknown])[];
  readonly stat: 'Sum' | 'Maximum' | 'Average' | 'p95';
}

type Stat = Metric['stat'];

export const ours = (name: string, stat: Stat): Metric => ({
  namespace: NAMESPACE,
  name,
  dimensions: [['Stage', STAGE]],
  stat,
});
export const ofFunction = (name: string, of: string, stat: Stat = 'Sum'): Metric => ({
  namespace: 'AWS/Lambda',
  name,
  dimensions: [['FunctionName', functionName(of)]],
  stat,
});
/** @param queue as in its name, such as `shards-dead` */
export const ofQueue = (name: string, queue: string, stat: Stat = 'Maximum'): Metric => ({
  namespace: 'AWS/SQS',
  name,
  dimensions: [['QueueName', nameOf(queue)]],
  stat,
});
export const ofApi = (name: string, stat: Stat = 'Sum'): Metric => ({
  namespace: 'AWS/ApiGateway',
  name,
  dimensions: [['ApiId', ref('HttpApi')]],
  stat,
});
/** @param index one of its global ones; the table itself without it */
export const ofTable = (name: string, index?: string): Metric => ({
  namespace: 'AWS/DynamoDB',
  name,
  dimensions: [
    ['TableName', ref(LEDGER)],
    ...(index === undefined ? [] : [['GlobalSecondaryIndexName', index] as const]),
  ],
  stat: 'Sum',
});
