/**
 * Who may do what in the packaged stack: each function's role fits what its `deployment` says it uses,
 * and every wildcard is justified here by name.
 */
import { beforeAll, describe, expect, it } from 'vitest';
import { functionNames } from '../../scripts/bundle.ts';
import type { Deployment } from '../../shared/runtime/deployment.ts';
import { type Grant, resourceGrants, roleGrants } from '../fixtures/policies.ts';
import { loadTemplate, ofType } from '../fixtures/template.ts';
import { KEY } from '../fixtures/variants.ts';

const HERE = 'ap-southeast-1:111122223333';
const BUCKET = `arn:aws:s3:::waybill-dev-111122223333-ap-southeast-1`;
const TABLE = `arn:aws:dynamodb:${HERE}:table/waybill-dev-ledger`;

interface Justification {
  readonly actions: readonly string[];
  readonly resource: RegExp;
  readonly why: string;
}

const OBJECTS =
  'audits|cos-batch|cos-fetch|fetches|inventories|lists|migrations|oms|oms-lists|reports|staging';

/** Every `*` and `?` that is allowed to stand in a role. */
const JUSTIFIED: readonly Justification[] = [
  {
    actions: ['xray:PutTraceSegments', 'xray:PutTelemetryRecords'],
    resource: /^\*$/,
    why: 'X-Ray knows no resources for these two',
  },
  {
    actions: ['logs:CreateLogStream', 'logs:PutLogEvents'],
    resource: /^arn:aws:logs:[^*?]+:log-group:\/aws\/lambda\/waybill-dev-[a-z0-9-]+:\*$/,
    why: 'Lambda chooses the names of log streams; the group is its own',
  },
  {
    actions: ['s3:GetObject', 's3:PutObject', 's3:AbortMultipartUpload', 's3:DeleteObject'],
    resource: new RegExp(`^${BUCKET}/(?:${OBJECTS})/\\*$`),
    why: 'objects are named by operators and runs; the prefix is its own',
  },
  {
    actions: ['secretsmanager:GetSecretValue'],
    resource: new RegExp(`^arn:aws:secretsmanager:${HERE}:secret:waybill/dev/[a-z]+-\\?{6}$`),
    why: 'Secrets Manager ends each ARN with six characters of its own choice',
  },
];

const isWild = (text: string): boolean => /[*?]/.test(text);
const isJustified = ({ action, resource }: Grant): boolean =>
  JUSTIFIED.some((each) => each.actions.includes(action) && each.resource.test(resource));
const line = ({ of, action, resource }: Grant): string => `${of}: ${action} on ${resource}`;

const roleOf = (name: string): string => {
  const id = name.replaceAll('-', 'Dash');
  return `${id.slice(0, 1).toUpperCase()}${id.slice(1)}Role`;
};

const deployments: Record<string, Deployment> = {};
beforeAll(async () => {
  for (const name of functionNames()) {
    deployments[name] = (await import(`../../functions/${name}.ts`)).deployment;
  }
});

/** With every optional part, so that nothing stays unseen. */
const template = loadTemplate('everything');

/** What a deployment asks for, written down once more: action and resource. */
function wanted(name: string, { uses, ...deployment }: Deployment): readonly string[] {
  const { ledger = [], indexes = [], queue, objects = {}, secrets = [], invokes = [] } = uses;
  const { read = [], write = [], remove = [] } = objects;
  const on = (resource: string, ...actions: readonly string[]) =>
    actions.map((action) => `${action} on ${resource}`);
  const items = {
    read: ['dynamodb:GetItem'],
    readMany: ['dynamodb:BatchGetItem'],
    list: ['dynamodb:Query'],
    write: ['dynamodb:PutItem', 'dynamodb:UpdateItem'],
    remove: ['dynamodb:DeleteItem'],
  };
  const receive = [
    'ReceiveMessage',
    'DeleteMessage',
    'GetQueueAttributes',
    'ChangeMessageVisibility',
  ];
  const events = (deployment.uploads ?? deployment.schedules) && deployment.retries !== 0;
  return [
    ...on('<Ledger.Arn>', ...ledger.flatMap((use) => items[use])),
    ...indexes.flatMap((index) => on(`${TABLE}/index/${index}`, 'dynamodb:Query')),
    ...(queue && queue !== 'receive' ? on('<Shards.Arn>', 'sqs:SendMessage') : []),
    ...(queue && queue !== 'send'
      ? on('<Shards.Arn>', ...receive.map((each) => `sqs:${each}`))
      : []),
    ...(uses.deadLetters
      ? [
          ...on('<Shards.Arn>', 'sqs:GetQueueAttributes'),
          ...on(
            '<DeadShards.Arn>',
            'sqs:GetQueueAttributes',
            'sqs:ReceiveMessage',
            'sqs:DeleteMessage',
            'sqs:ChangeMessageVisibility',
          ),
        ]
      : []),
    ...[...new Set([...read, ...write])].flatMap((prefix) =>
      on(`${BUCKET}/${prefix}*`, 's3:GetObject'),
    ),
    ...(read.length > 0 ? on(BUCKET, 's3:ListBucket') : []),
    ...write.flatMap((prefix) =>
      on(`${BUCKET}/${prefix}*`, 's3:PutObject', 's3:AbortMultipartUpload'),
    ),
    ...remove.flatMap((prefix) => on(`${BUCKET}/${prefix}*`, 's3:DeleteObject')),
    ...secrets.flatMap((secret) =>
      on(
        `arn:aws:secretsmanager:${HERE}:secret:waybill/dev/${secret}-??????`,
        'secretsmanager:GetSecretValue',
      ),
    ),
    ...invokes.flatMap((other) =>
      on(`arn:aws:lambda:${HERE}:function:waybill-dev-${other}`, 'lambda:InvokeFunction'),
    ),
    ...on(
      `arn:aws:logs:${HERE}:log-group:/aws/lambda/waybill-dev-${name}:*`,
      'logs:CreateLogStream',
      'logs:PutLogEvents',
    ),
    ...(deployment.isTraced === false
      ? []
      : on('*', 'xray:PutTraceSegments', 'xray:PutTelemetryRecords')),
    ...(events ? on('<FailedEvents.Arn>', 'sqs:SendMessage') : []),
    ...on(KEY, 'kms:Decrypt'),
    ...(write.length > 0 || (queue && queue !== 'receive') || uses.deadLetters || events
      ? on(KEY, 'kms:GenerateDataKey')
      : []),
  ];
}

describe('roles', () => {
  it('hold no wildcard that is not justified, and no justification is left over', () => {
    const wild = roleGrants(template).filter(
      ({ action, resource }) => isWild(action) || isWild(resource),
    );
    expect(wild.filter((grant) => !isJustified(grant)).map(line)).toEqual([]);
    for (const { actions, resource } of JUSTIFIED) {
      for (const action of actions) {
        expect(
          wild.some((grant) => grant.action === action && resource.test(grant.resource)),
          `${action} on ${resource}`,
        ).toBe(true);
      }
    }
  });

  it('use a key of the operator through the stores alone, and none by default', () => {
    const ofKeys = (of: typeof template) =>
      roleGrants(of).filter(({ action }) => action.startsWith('kms:'));
    expect(ofKeys(loadTemplate())).toEqual([]);
    const through = Object.fromEntries(
      ofKeys(template).map(({ of, condition }) => [
        of,
        (condition as { StringEquals: Record<string, readonly string[]> }).StringEquals[
          'kms:ViaService'
        ]?.map((service) => service.replace('.ap-southeast-1.amazonaws.com', '')),
      ]),
    );
    expect(through).toMatchObject({
      CosDashofflineDashfetchRole: ['dynamodb', 'sqs', 's3', 'secretsmanager'],
      RecordDashcallbackRole: ['dynamodb', 's3', 'secretsmanager'],
      SchedulerRole: ['sqs'],
    });
    expect(Object.keys(through)).toHaveLength(functionNames().length + 1);
  });

  it('never deny, and every listing is limited to prefixes that are read', () => {
    for (const grant of roleGrants(template)) {
      expect(grant.effect, line(grant)).toBe('Allow');
      if (grant.action.startsWith('kms:')) continue;
      if (grant.action !== 's3:ListBucket') {
        expect(grant.condition, line(grant)).toBeUndefined();
        continue;
      }
      const name = functionNames().find((each) => roleOf(each) === grant.of) ?? '';
      const read = deployments[name]?.uses.objects?.read ?? [];
      expect(grant.condition, line(grant)).toEqual({
        StringLike: { 's3:prefix': read.map((prefix) => `${prefix}*`) },
      });
    }
  });

  it.each(functionNames())('%s may do what it uses, and nothing else', (name) => {
    const granted = roleGrants(template).filter(({ of }) => of === roleOf(name));
    const lines = granted.map(({ action, resource }) => `${action} on ${resource}`);
    expect(lines.sort()).toEqual([...wanted(name, deployments[name] as Deployment)].sort());
  });

  it('are one per function, for Lambda alone, without policies from elsewhere', () => {
    const used = ofType(template, 'AWS::Lambda::Function').map(
      ([, { Properties }]) => Properties['Role'],
    );
    expect(used.sort()).toEqual(
      functionNames()
        .map((name) => `<${roleOf(name)}.Arn>`)
        .sort(),
    );
    for (const [id, { Properties }] of ofType(template, 'AWS::IAM::Role')) {
      const service = id === 'SchedulerRole' ? 'scheduler.amazonaws.com' : 'lambda.amazonaws.com';
      expect(Properties['AssumeRolePolicyDocument'], id).toMatchObject({
        Statement: [{ Effect: 'Allow', Principal: { Service: service }, Action: 'sts:AssumeRole' }],
      });
      expect(Object.keys(Properties).sort(), id).toEqual(
        ['AssumeRolePolicyDocument', 'Description', 'PermissionsBoundary', 'Policies'].concat(
          Properties['Tags'] ? ['Tags'] : [],
        ),
      );
    }
    expect(ofType(template, 'AWS::IAM::Policy')).toEqual([]);
    expect(ofType(template, 'AWS::IAM::ManagedPolicy')).toEqual([]);
  });

  it('let the scheduler start the scheduled functions alone, and only for this account', () => {
    const granted = roleGrants(template).filter(({ of }) => of === 'SchedulerRole');
    const scheduled = functionNames().filter((name) => deployments[name]?.schedules);
    expect(granted.map(({ action, resource }) => `${action} on ${resource}`)).toEqual([
      ...scheduled.map(
        (name) => `lambda:InvokeFunction on arn:aws:lambda:${HERE}:function:waybill-dev-${name}`,
      ),
      'sqs:SendMessage on <FailedEvents.Arn>',
      `kms:Decrypt on ${KEY}`,
      `kms:GenerateDataKey on ${KEY}`,
    ]);
    const Condition = {
      StringEquals: { 'aws:SourceAccount': '111122223333' },
      ArnEquals: { 'aws:SourceArn': `arn:aws:scheduler:${HERE}:schedule-group/default` },
    };
    expect(template.Resources['SchedulerRole']?.Properties).toMatchObject({
      AssumeRolePolicyDocument: { Statement: [{ Condition }] },
    });
  });

  it('take the permissions boundary of the stage', () => {
    for (const [id, { Properties }] of ofType(template, 'AWS::IAM::Role')) {
      expect(Properties['PermissionsBoundary'], id).toBe(
        'arn:aws:iam::111122223333:policy/boundary',
      );
    }
    for (const [id, { Properties }] of ofType(loadTemplate(), 'AWS::IAM::Role')) {
      expect(Properties, id).not.toHaveProperty('PermissionsBoundary');
    }
  });

  it.each([
    ['tencent', 'huawei'],
    ['huawei', 'tencent'],
  ] as const)('with %s alone nobody needs a secret of %s', (used, unused) => {
    const { Resources } = loadTemplate(used);
    const text = JSON.stringify(
      Object.values(Resources).filter(({ Type }) =>
        ['AWS::IAM::Role', 'AWS::Lambda::Function'].includes(Type),
      ),
    );
    expect(text).not.toContain(`waybill/dev/${unused}`);
    expect(text).not.toContain('WAYBILL_CREDENTIALS_SECRET');
    expect(text).toContain('waybill/dev/callbacks');
  });
});

describe('policies of resources', () => {
  it('the key of the topic serves the account, and CloudWatch for the alarms of the stage', () => {
    const granted = resourceGrants(loadTemplate()).filter(({ of }) => of === 'AlarmsKey');
    expect(
      granted.map(({ action, principal, condition }) => [action, principal, condition]),
    ).toEqual([
      ['kms:*', 'arn:aws:iam::111122223333:root', undefined],
      ...['kms:Decrypt', 'kms:GenerateDataKey*'].map((action) => [
        action,
        'cloudwatch.amazonaws.com',
        {
          StringEquals: { 'aws:SourceAccount': '111122223333' },
          ArnLike: { 'aws:SourceArn': `arn:aws:cloudwatch:${HERE}:alarm:waybill-dev-*` },
        },
      ]),
    ]);
  });

  it('refuse everybody without TLS', () => {
    const refusals = resourceGrants(template).filter(({ effect }) => effect === 'Deny');
    for (const grant of refusals) {
      expect(grant.principal, line(grant)).toBe('*');
      expect(JSON.stringify(grant.condition), line(grant)).toMatch(
        /^\{"Bool":\{"aws:SecureTransport":"?false"?\}\}$/,
      );
    }
    const refused = new Set(refusals.map(({ resource }) => resource));
    expect(refused).toEqual(
      new Set([
        BUCKET,
        `${BUCKET}/*`,
        'arn:aws:s3:::<ServerlessDeploymentBucket>',
        'arn:aws:s3:::<ServerlessDeploymentBucket>/*',
        '<Shards.Arn>',
        '<DeadShards.Arn>',
        '<FailedEvents.Arn>',
      ]),
    );
  });

  it('let everybody call the callback address, and nothing else', () => {
    const open = resourceGrants(template).filter(
      ({ effect, principal }) => effect === 'Allow' && principal === '*',
    );
    expect(open.map(({ of, action, condition }) => [of, action, condition])).toEqual([
      ['RecordDashcallbackLambdaPermissionFnUrl', 'lambda:InvokeFunctionUrl', 'NONE'],
      ['RecordDashcallbackLambdaPermissionFn', 'lambda:InvokeFunction', true],
    ]);
  });

  it('name what a service may come from', () => {
    const services = resourceGrants(template).filter(
      ({ effect, principal }) => effect === 'Allow' && principal !== '*',
    );
    const sources = services.map(({ principal, resource, condition }) => [
      principal,
      resource.startsWith('<') ? JSON.stringify(condition) : resource,
    ]);
    expect(sources.length).toBeGreaterThan(8);
    for (const [principal, source] of sources) {
      if (principal === 'apigateway.amazonaws.com') {
        // Any route of this API.
        expect(source).toBe(`arn:aws:execute-api:${HERE}:<HttpApi>/*`);
      } else {
        expect(source, principal).not.toMatch(/[*?]/);
        expect(source, principal).toMatch(/111122223333/);
      }
    }
  });
});
