/** The outputs of the stack that an operator needs. */
import { att, idOf, nameOf, param, REGION, ref, sub, when } from './cfn.ts';
import { BUCKET, DEAD_SHARDS, FAILED_EVENTS, LEDGER, SHARDS, TOPIC } from './stores.ts';

const CONSOLE = `https://console.aws.amazon.com/cloudwatch/home?region=${REGION}`;

const output = (Description: string, Value: unknown) => ({ Description, Value });

/** The address of the HTTP API is among them already, as `HttpApiUrl`. */
export const outputs = () => ({
  CallbackUrl: output(
    'Base of the callback URLs that providers get',
    when(
      'HasPublicUrl',
      param('WAYBILL_PUBLIC_URL'),
      att(`${idOf('record-callback')}LambdaFunctionUrl`, 'FunctionUrl'),
    ),
  ),
  ObjectsBucket: output('Manifests go in here, reports come out', ref(BUCKET)),
  LedgerTable: output('The ledger', ref(LEDGER)),
  ShardQueueUrl: output('Shards that wait', ref(SHARDS)),
  DeadShardQueueUrl: output('Shards that were given up', ref(DEAD_SHARDS)),
  FailedEventQueueUrl: output('Uploads and schedules that started nothing', ref(FAILED_EVENTS)),
  AlarmTopic: output('Sends alarms', ref(TOPIC)),
  DashboardUrl: output('What goes on', sub(`${CONSOLE}#dashboards:name=${nameOf('overview')}`)),
});
