/**
 * The permissions of a function, from what its `deployment` says it uses: only these actions, on
 * only these resources. `test/package/iam.test.ts` compares them with the packaged template.
 */
import type { Deployment, LedgerUse, SecretName } from '../shared/runtime/deployment.ts';
import { arn, att, NO_VALUE, nameOf, param, when } from './cfn.ts';
import { useOfKey } from './encryption.ts';
import { conditionOf } from './parameters.ts';
import { bucketArn, DEAD_SHARDS, FAILED_EVENTS, functionArn, LEDGER, SHARDS } from './stores.ts';

export interface Statement {
  readonly Sid: string;
  readonly Effect: 'Allow';
  readonly Action: readonly string[];
  readonly Resource: readonly unknown[];
  readonly Condition?: unknown;
}

const allow = (
  Sid: string,
  Action: readonly string[],
  Resource: readonly unknown[],
  Condition?: unknown,
): Statement => ({ Sid, Effect: 'Allow', Action, Resource, ...(Condition ? { Condition } : {}) });

const LEDGER_ACTIONS: Readonly<Record<LedgerUse, readonly string[]>> = {
  read: ['dynamodb:GetItem'],
  readMany: ['dynamodb:BatchGetItem'],
  list: ['dynamodb:Query'],
  write: ['dynamodb:PutItem', 'dynamodb:UpdateItem'],
  remove: ['dynamodb:DeleteItem'],
};

function ledger({ ledger: uses = [], indexes = [] }: Deployment['uses']): readonly Statement[] {
  if (uses.length === 0) return [];
  const actions = uses.flatMap((use) => LEDGER_ACTIONS[use]);
  return [
    allow('Ledger', actions, [att(LEDGER)]),
    ...(indexes.length === 0
      ? []
      : [
          allow(
            'LedgerIndexes',
            ['dynamodb:Query'],
            indexes.map((index) => arn('dynamodb', `table/${nameOf('ledger')}/index/${index}`)),
          ),
        ]),
  ];
}

const SEND = ['sqs:SendMessage'];
// Lambda receives and deletes with this role; the function itself decides when a message returns.
const RECEIVE = [
  'sqs:ReceiveMessage',
  'sqs:DeleteMessage',
  'sqs:GetQueueAttributes',
  'sqs:ChangeMessageVisibility',
];
const QUEUE_ACTIONS = { send: SEND, receive: RECEIVE, both: [...SEND, ...RECEIVE] };

const queue = ({ queue: use }: Deployment['uses']): readonly Statement[] =>
  use ? [allow('Shards', QUEUE_ACTIONS[use], [att(SHARDS)])] : [];

const COUNT = ['sqs:GetQueueAttributes'];
const deadLetters = ({ deadLetters: use }: Deployment['uses']): readonly Statement[] =>
  use
    ? [
        allow('CountShards', COUNT, [att(SHARDS)]),
        allow(
          'DeadShards',
          [...COUNT, 'sqs:ReceiveMessage', 'sqs:DeleteMessage', 'sqs:ChangeMessageVisibility'],
          [att(DEAD_SHARDS)],
        ),
      ]
    : [];

function objects({ objects: use = {} }: Deployment['uses']): readonly Statement[] {
  const { read = [], write = [], remove = [] } = use;
  const under = (prefixes: readonly string[]) => prefixes.map((prefix) => bucketArn(`${prefix}*`));
  // Whoever writes an object looks at it once it is there.
  const seen = [...new Set([...read, ...write])];
  return [
    ...(seen.length === 0 ? [] : [allow('ReadObjects', ['s3:GetObject'], under(seen))]),
    ...(read.length === 0
      ? []
      : [
          // Also decides whether an object that is not there is told as absent or as forbidden.
          allow('ListObjects', ['s3:ListBucket'], [bucketArn()], {
            StringLike: { 's3:prefix': read.map((prefix) => `${prefix}*`) },
          }),
        ]),
    ...(write.length === 0
      ? []
      : [allow('WriteObjects', ['s3:PutObject', 's3:AbortMultipartUpload'], under(write))]),
    ...(remove.length === 0 ? [] : [allow('RemoveObjects', ['s3:DeleteObject'], under(remove))]),
  ];
}

export const secretParam = (name: SecretName): string => param(`${name}Secret`);
const PROVIDER_SECRETS: Partial<Record<SecretName, Deployment['provider']>> = {
  huawei: 'huawei',
  tencent: 'tencent',
};
const OPTIONAL_SECRETS: Partial<Record<SecretName, string>> = {
  credentials: 'HasCredentialSets',
  sources: 'HasSources',
  webhooks: 'HasWebhooks',
};
/** The condition under which a secret is there. */
export const secretCondition = (name: SecretName): string | undefined =>
  OPTIONAL_SECRETS[name] ?? conditionOf(PROVIDER_SECRETS[name]);

/** Secrets Manager ends each ARN with a hyphen and six characters of its own choice. */
const secrets = ({ secrets: names = [] }: Deployment['uses']): readonly unknown[] =>
  names.map((name) => {
    const resource = arn('secretsmanager', `secret:${secretParam(name)}-??????`);
    const sid = `Secret${name.slice(0, 1).toUpperCase()}${name.slice(1)}`;
    const statement = allow(sid, ['secretsmanager:GetSecretValue'], [resource]);
    const condition = secretCondition(name);
    return condition ? when(condition, statement, NO_VALUE) : statement;
  });

const invokes = ({ invokes: names = [] }: Deployment['uses']): readonly Statement[] =>
  names.length === 0
    ? []
    : [allow('StartFunctions', ['lambda:InvokeFunction'], names.map(functionArn))];

/** Log lines and traces, and events that ended in an error for good. */
function platform(name: string, { isTraced = true, ...deployment }: Deployment) {
  const streams = arn('logs', `log-group:/aws/lambda/${nameOf(name)}:*`);
  return [
    allow('Logs', ['logs:CreateLogStream', 'logs:PutLogEvents'], [streams]),
    ...(isTraced
      ? [allow('Traces', ['xray:PutTraceSegments', 'xray:PutTelemetryRecords'], ['*'])]
      : []),
    ...(keepsFailures(deployment)
      ? [allow('FailedEvents', ['sqs:SendMessage'], [att(FAILED_EVENTS)])]
      : []),
  ];
}

/** Whether Lambda repeats its failed events, and keeps those that fail for good. */
export const keepsFailures = ({
  uploads,
  schedules,
  retries = 2,
}: Pick<Deployment, 'uploads' | 'schedules' | 'retries'>): boolean =>
  (uploads ?? schedules) !== undefined && retries > 0;

/** The operator's key, through the stores that the function uses. */
function key({ uses, ...deployment }: Deployment): unknown {
  const {
    ledger: items,
    queue: messages,
    deadLetters: dead,
    objects: files,
    secrets: names,
  } = uses;
  const keeps = keepsFailures(deployment);
  const services = [
    items ? (['dynamodb'] as const) : [],
    messages || dead || keeps ? (['sqs'] as const) : [],
    files ? (['s3'] as const) : [],
    names ? (['secretsmanager'] as const) : [],
  ].flat();
  const sends = messages === 'send' || messages === 'both';
  return useOfKey(services, sends || dead || keeps || (files?.write ?? []).length > 0);
}

export const statements = (name: string, deployment: Deployment): readonly unknown[] => {
  const { uses } = deployment;
  return [
    ...ledger(uses),
    ...queue(uses),
    ...deadLetters(uses),
    ...objects(uses),
    ...secrets(uses),
    ...invokes(uses),
    ...platform(name, deployment),
    key(deployment),
  ];
};
