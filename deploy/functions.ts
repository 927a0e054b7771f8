/** The functions of the stack as the framework takes them, each with a role of its own. */
import type { AWS } from '@serverless/typescript';
import type { Deployment } from '../shared/runtime/deployment.ts';
import {
  att,
  lambdaId,
  logGroupId,
  NO_VALUE,
  param,
  type Resource,
  type Resources,
  ref,
  roleId,
  when,
} from './cfn.ts';
import { ownKey } from './encryption.ts';
import { environment } from './environment.ts';
import { keepsFailures, statements } from './permissions.ts';
import { FAILED_EVENTS, SHARDS } from './stores.ts';

type Functions = NonNullable<AWS['functions']>;
type Definition = Functions[string];
type Events = NonNullable<Definition['events']>;
type Deployments = Readonly<Record<string, Deployment>>;

const requests = ({ http = [] }: Deployment): Events =>
  http.flatMap((route) => {
    const [method = '', path = ''] = route.split(' ');
    const methods = method === 'GET' ? ['GET', 'HEAD'] : [method];
    return methods.map((each) => ({ httpApi: { method: each, path } }));
  });

const messages = ({ queue }: Deployment): Events =>
  queue
    ? [
        {
          sqs: {
            arn: att(SHARDS),
            batchSize: queue.batchSize,
            functionResponseType: 'ReportBatchItemFailures',
          },
        },
      ]
    : [];

const define = (name: string, deployment: Deployment): Definition => {
  const { description, hasUrl, isTraced = true, memoryMb, reservedConcurrency } = deployment;
  return {
    handler: `.build/functions/${name}.handler`,
    description,
    timeout: deployment.timeoutSeconds,
    memorySize: memoryMb,
    role: roleId(name),
    events: [...requests(deployment), ...messages(deployment)],
    ...(hasUrl && { url: true }),
    ...(reservedConcurrency !== undefined && {
      reservedConcurrency: when('ReservesConcurrency', reservedConcurrency) as {
        'Fn::If': string[];
      },
    }),
    // `PassThrough` still follows a trace that a caller began.
    tracing: isTraced ? 'Active' : 'PassThrough',
    package: { patterns: ['!**', `.build/functions/${name}.js`, ...(deployment.files ?? [])] },
  };
};

export const functions = (deployments: Deployments): Functions =>
  Object.fromEntries(
    Object.entries(deployments).map(([name, deployment]) => [name, define(name, deployment)]),
  );

const role = (name: string, deployment: Deployment): Resource => ({
  Type: 'AWS::IAM::Role',
  Properties: {
    Description: `What ${name} of Waybill may do.`,
    AssumeRolePolicyDocument: {
      Version: '2012-10-17',
      Statement: [
        {
          Effect: 'Allow',
          Principal: { Service: 'lambda.amazonaws.com' },
          Action: 'sts:AssumeRole',
        },
      ],
    },
    PermissionsBoundary: when('HasBoundary', param('permissionsBoundary')),
    Policies: [
      {
        PolicyName: name,
        PolicyDocument: { Version: '2012-10-17', Statement: statements(name, deployment) },
      },
    ],
  },
});

export const roles = (deployments: Deployments): Resources =>
  Object.fromEntries(
    Object.entries(deployments).map(([name, deployment]) => [roleId(name), role(name, deployment)]),
  );

/** How Lambda repeats events that nobody waits for. */
export const repetition = (deployments: Deployments): Resources =>
  Object.fromEntries(
    Object.entries(deployments)
      .filter(([, { uploads, schedules }]) => uploads ?? schedules)
      .map(([name, deployment]) => [
        lambdaId(name).replace(/Function$/, 'Retries'),
        {
          Type: 'AWS::Lambda::EventInvokeConfig',
          Properties: {
            FunctionName: ref(lambdaId(name)),
            Qualifier: '$LATEST',
            MaximumRetryAttempts: deployment.retries ?? 2,
            DestinationConfig: keepsFailures(deployment)
              ? { OnFailure: { Destination: att(FAILED_EVENTS) } }
              : NO_VALUE,
          },
        },
      ]),
  );

/** What the framework makes, with what it has no words for. */
export const extensions = (deployments: Deployments) =>
  Object.fromEntries(
    Object.entries(deployments).flatMap(([name, deployment]) => [
      // Not among the framework's own words: it would give them to `invoke local`, which runs on the
      // stores of this machine.
      [lambdaId(name), { Properties: { Environment: { Variables: environment(deployment) } } }],
      [logGroupId(name), { Properties: { RetentionInDays: param('logDays'), KmsKeyId: ownKey() } }],
      ...(deployment.queue
        ? [
            [
              lambdaId(name).replace(/LambdaFunction$/, `EventSourceMappingSQS${SHARDS}`),
              { Properties: { ScalingConfig: { MaximumConcurrency: param('maxShardWorkers') } } },
            ],
          ]
        : []),
    ]),
  );
