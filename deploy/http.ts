/**
 * The HTTP API of the stack. Callers authenticate with bearer tokens, which `runs` and its siblings
 * check. Routes that providers call are listed here too, for a domain or firewall in front of the
 * API.
 */
import { param } from './cfn.ts';
import { ownKey } from './encryption.ts';

/**
 * No path and no header: paths of callbacks hold tokens.
 * https://docs.aws.amazon.com/apigateway/latest/developerguide/http-api-logging-variables.html
 */
const ACCESS_LOG = {
  at: '$context.requestTime',
  requestId: '$context.requestId',
  sourceIp: '$context.identity.sourceIp',
  route: '$context.routeKey',
  status: '$context.status',
  bytes: '$context.responseLength',
  latencyMs: '$context.responseLatency',
  functionMs: '$context.integrationLatency',
  functionStatus: '$context.integrationStatus',
  error: '$context.error.message',
  functionError: '$context.integrationErrorMessage',
};

export const accessLog = JSON.stringify(ACCESS_LOG);

export const throttling = () => ({
  HttpApiStage: {
    Properties: {
      DefaultRouteSettings: {
        DetailedMetricsEnabled: true,
        ThrottlingBurstLimit: param('apiBurst'),
        ThrottlingRateLimit: param('apiRate'),
      },
    },
  },
  HttpApiLogGroup: { Properties: { RetentionInDays: param('logDays'), KmsKeyId: ownKey() } },
});
