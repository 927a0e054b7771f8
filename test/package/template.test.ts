/** What an engineer signs off, read from the packaged template. */
import { describe, expect, it } from 'vitest';
import { functionNames } from '../../scripts/bundle.ts';
import { FIXED } from '../../scripts/costs.ts';
import { POISON_RECEIVES } from '../../shared/runs/poison.ts';
import { loadTemplate, ofType, type Properties, type Resolved } from '../fixtures/template.ts';
import { KEY } from '../fixtures/variants.ts';

const template = loadTemplate();
const propertiesOf = (id: string, of: Resolved = template): Properties =>
  of.Resources[id]?.Properties ?? {};
const lambdas = ofType(template, 'AWS::Lambda::Function').map(
  ([, { Properties }]) =>
    Properties as {
      FunctionName: string;
      Environment: { Variables: Readonly<Record<string, string>> };
      ReservedConcurrentExecutions?: number;
      TracingConfig: { Mode: string };
    } & Properties,
);

describe('functions', () => {
  it('are all there, on arm64 and Node 24, with JSON logs and without lines of the platform', () => {
    expect(lambdas.map(({ FunctionName }) => FunctionName).sort()).toEqual(
      functionNames().map((name) => `waybill-dev-${name}`),
    );
    for (const lambda of lambdas) {
      expect(lambda, lambda.FunctionName).toMatchObject({
        Runtime: 'nodejs24.x',
        Architectures: ['arm64'],
        LoggingConfig: { LogFormat: 'JSON', SystemLogLevel: 'WARN' },
      });
    }
  });

  it('hold no secret in their environment, only names of secrets', () => {
    for (const { FunctionName, Environment } of lambdas) {
      const { Variables } = Environment;
      const secretive = Object.keys(Variables).filter((name) =>
        /TOKEN|SECRET|KEY|PASSWORD|_AK$|_SK$|CREDENTIAL/.test(name),
      );
      // Whether there are any, and which; `ON_KEY_EXIST` is a setting.
      const names = ['WAYBILL_CREDENTIALS_SECRET', 'WAYBILL_ON_KEY_EXIST', 'WAYBILL_SECRETS'];
      expect(
        secretive.filter((name) => !names.includes(name)),
        FunctionName,
      ).toEqual([]);
      expect(Variables['WAYBILL_SECRETS'] ?? '', FunctionName).toMatch(
        /^(?:waybill\/dev\/[a-z]+(?:,waybill\/dev\/[a-z]+)*)?$/,
      );
    }
    const text = JSON.stringify(template);
    expect(text).not.toContain('AWS::SecretsManager');
    expect(text).not.toContain('resolve:secretsmanager');
  });

  it('have texts alone in their environment', () => {
    for (const { FunctionName, Environment } of lambdas) {
      const others = Object.entries(Environment.Variables).filter(
        ([, value]) => typeof value !== 'string',
      );
      expect(others, FunctionName).toEqual([]);
    }
  });

  it('keep logs for a while', () => {
    const groups = ofType(template, 'AWS::Logs::LogGroup');
    expect(groups).toHaveLength(functionNames().length + 1);
    for (const [id, { Properties }] of groups)
      expect(Properties, id).toMatchObject({ RetentionInDays: 30 });
  });

  it('are traced, but for the one that is called once per object', () => {
    const modes = lambdas.map(({ FunctionName, TracingConfig }) => [
      FunctionName,
      TracingConfig.Mode,
    ]);
    expect(modes.filter(([, mode]) => mode !== 'Active')).toEqual([
      ['waybill-dev-record-callback', 'PassThrough'],
    ]);
  });

  it('are bounded where a provider or the public asks for it, unless the account is too small', () => {
    const reserved = (of: Resolved) =>
      Object.fromEntries(
        ofType(of, 'AWS::Lambda::Function').flatMap(([, { Properties }]) =>
          'ReservedConcurrentExecutions' in Properties
            ? [[Properties['FunctionName'], Properties['ReservedConcurrentExecutions']]]
            : [],
        ),
      );
    expect(reserved(template)).toEqual({
      'waybill-dev-cos-batch-job': 2,
      'waybill-dev-oms-v1-start-task': 2,
      'waybill-dev-oms-v2-create-task': 2,
      'waybill-dev-oms-v2-start-task': 2,
      'waybill-dev-record-callback': 20,
      'waybill-dev-retry-failed-objects': 1,
      'waybill-dev-sweep': 2,
    });
    expect(reserved(loadTemplate('everything'))).toEqual({});
  });

  it('keep the events that failed for good; a sweep is repeated by the next one', () => {
    const kept = ofType(template, 'AWS::Lambda::EventInvokeConfig').map(([id, { Properties }]) => [
      id,
      Properties['MaximumRetryAttempts'],
      Properties['DestinationConfig'],
    ]);
    const always = { OnFailure: { Destination: '<FailedEvents.Arn>' } };
    expect(kept.sort()).toEqual([
      ['AdvanceDashmigrationLambdaRetries', 0, undefined],
      ['AuditDasharrivalLambdaRetries', 2, always],
      ['CosDashbatchDashjobLambdaRetries', 2, always],
      ['ListDashsourceLambdaRetries', 2, always],
      ['OmsDashv1DashstartDashtaskLambdaRetries', 2, always],
      ['OmsDashv2DashcreateDashtaskLambdaRetries', 2, always],
      ['OmsDashv2DashstartDashtaskLambdaRetries', 2, always],
      ['PlanDashmanifestLambdaRetries', 2, always],
      ['RetryDashfailedDashobjectsLambdaRetries', 2, always],
      ['SweepLambdaRetries', 0, undefined],
    ]);
  });
});

describe('stores', () => {
  it('the table is encrypted, recoverable, cleaned by TTL, paid by request, and stays', () => {
    expect(template.Resources['Ledger']).toMatchObject({
      DeletionPolicy: 'Retain',
      UpdateReplacePolicy: 'Retain',
      Properties: {
        BillingMode: 'PAY_PER_REQUEST',
        SSESpecification: { SSEEnabled: true },
        PointInTimeRecoverySpecification: { PointInTimeRecoveryEnabled: true },
        TimeToLiveSpecification: { AttributeName: 'ttl', Enabled: true },
      },
    });
  });

  it('every bucket is encrypted and shut to the public, ours keeps versions and stays', () => {
    for (const [id, { Properties }] of ofType(template, 'AWS::S3::Bucket')) {
      expect(Properties, id).toMatchObject({
        BucketEncryption: {
          ServerSideEncryptionConfiguration: [
            { ServerSideEncryptionByDefault: { SSEAlgorithm: 'AES256' } },
          ],
        },
        PublicAccessBlockConfiguration: {
          BlockPublicAcls: true,
          BlockPublicPolicy: true,
          IgnorePublicAcls: true,
          RestrictPublicBuckets: true,
        },
        VersioningConfiguration: { Status: 'Enabled' },
      });
    }
    expect(template.Resources['Objects']).toMatchObject({
      DeletionPolicy: 'Retain',
      UpdateReplacePolicy: 'Retain',
      Properties: {
        LifecycleConfiguration: {
          Rules: [
            { AbortIncompleteMultipartUpload: {}, NoncurrentVersionExpiration: {} },
            { Prefix: 'staging/', ExpirationInDays: '90' },
            { Prefix: 'fetches/', ExpirationInDays: '90' },
          ],
        },
      },
    });
  });

  it('every queue is encrypted; shards that fail ten times are kept aside for two weeks', () => {
    const queues = ofType(template, 'AWS::SQS::Queue');
    expect(queues.map(([id]) => id).sort()).toEqual(['DeadShards', 'FailedEvents', 'Shards']);
    for (const [id, { Properties }] of queues) {
      expect(Properties, id).toMatchObject({
        SqsManagedSseEnabled: true,
        MessageRetentionPeriod: 1_209_600,
      });
    }
    expect(propertiesOf('Shards')['RedrivePolicy']).toEqual({
      deadLetterTargetArn: '<DeadShards.Arn>',
      maxReceiveCount: POISON_RECEIVES,
    });
  });

  it('a shard comes back alone, and is hidden for six calls', () => {
    const [[, mapping] = []] = ofType(template, 'AWS::Lambda::EventSourceMapping');
    expect(mapping?.Properties).toMatchObject({
      BatchSize: 1,
      EventSourceArn: '<Shards.Arn>',
      FunctionResponseTypes: ['ReportBatchItemFailures'],
      ScalingConfig: { MaximumConcurrency: 2 },
    });
    const worker = lambdas.find(({ FunctionName }) => FunctionName.endsWith('cos-offline-fetch'));
    expect(propertiesOf('Shards')['VisibilityTimeout']).toBe(6 * Number(worker?.['Timeout']));
  });
});

describe('a key of the operator', () => {
  const everything = loadTemplate('everything');

  it('encrypts table, queues, bucket, logs and topic', () => {
    expect(propertiesOf('Ledger', everything)).toMatchObject({
      SSESpecification: { SSEEnabled: true, SSEType: 'KMS', KMSMasterKeyId: KEY },
    });
    for (const [id, { Properties }] of ofType(everything, 'AWS::SQS::Queue')) {
      expect(Properties, id).toMatchObject({ KmsMasterKeyId: KEY });
      expect(Properties, id).not.toHaveProperty('SqsManagedSseEnabled');
    }
    expect(propertiesOf('Objects', everything)).toMatchObject({
      BucketEncryption: {
        ServerSideEncryptionConfiguration: [
          {
            BucketKeyEnabled: true,
            ServerSideEncryptionByDefault: { SSEAlgorithm: 'aws:kms', KMSMasterKeyID: KEY },
          },
        ],
      },
    });
    for (const [id, { Properties }] of ofType(everything, 'AWS::Logs::LogGroup')) {
      expect(Properties, id).toMatchObject({ KmsKeyId: KEY });
    }
    expect(propertiesOf('Alarms', everything)).toMatchObject({ KmsMasterKeyId: KEY });
    expect(ofType(everything, 'AWS::KMS::Key')).toEqual([]);
  });

  it('is not needed', () => {
    expect(JSON.stringify(template)).not.toMatch(/KMSMasterKeyI[dD]|KmsKeyId/);
  });
});

describe('triggers', () => {
  const notified = (of: Resolved) => {
    const { NotificationConfiguration } = propertiesOf('Objects', of) as {
      NotificationConfiguration: { LambdaConfigurations: readonly Properties[] };
    };
    return JSON.stringify(NotificationConfiguration.LambdaConfigurations);
  };
  const rules = (of: Resolved) =>
    ofType(of, 'AWS::Events::Rule').map(([, { Properties }]) => Properties['State']);

  it('uploads start what they are for, and two functions through EventBridge', () => {
    expect(notified(template)).toMatch(/cos-batch\/.*cos-fetch\//);
    expect(rules(template)).toEqual(['ENABLED', 'ENABLED']);
    for (const [, { Properties }] of ofType(template, 'AWS::Events::Rule')) {
      expect(JSON.stringify(Properties['EventPattern'])).toContain('{"prefix":"oms/"}');
      expect(Properties['Targets']).toMatchObject([
        { DeadLetterConfig: { Arn: '<FailedEvents.Arn>' } },
      ]);
    }
  });

  it('uploads for a cloud that is not in use start nothing', () => {
    const huawei = loadTemplate('huawei');
    expect(notified(huawei).match(/"Value":"[^"]*"/g)).toEqual(['"Value":"oms-lists/"']);
    expect(rules(huawei)).toEqual(['ENABLED', 'ENABLED']);
    const tencent = loadTemplate('tencent');
    expect(notified(tencent)).not.toContain('oms-lists/');
    expect(notified(tencent)).toMatch(/cos-batch\/.*cos-fetch\//);
    expect(rules(tencent)).toEqual(['DISABLED', 'DISABLED']);
  });

  it('schedules have a time zone, start at their moment, and are not lost', () => {
    const schedules = ofType(template, 'AWS::Scheduler::Schedule');
    expect(schedules.map(([, { Properties }]) => Properties['ScheduleExpression']).sort()).toEqual([
      'cron(0 2 * * ? *)',
      'rate(5 minutes)',
      'rate(5 minutes)',
      'rate(5 minutes)',
      'rate(5 minutes)',
      'rate(5 minutes)',
      'rate(5 minutes)',
      'rate(5 minutes)',
    ]);
    for (const [id, { Properties }] of schedules) {
      expect(Properties, id).toMatchObject({
        ScheduleExpressionTimezone: 'UTC',
        FlexibleTimeWindow: { Mode: 'OFF' },
        Target: { DeadLetterConfig: { Arn: '<FailedEvents.Arn>' }, RetryPolicy: {} },
      });
    }
    const inputOf = (id: string): unknown =>
      JSON.parse((propertiesOf(id)['Target'] as { Input: string }).Input);
    const time = '<aws.scheduler.scheduled-time>';
    expect(inputOf('NightlySchedule')).toMatchObject({ time, detail: {} });
    expect(inputOf('NightlyContinueSchedule')).toMatchObject({ time, detail: { continue: true } });
  });

  it('the HTTP API is throttled and logs neither paths nor headers', () => {
    const stage = propertiesOf('HttpApiStage') as {
      AccessLogSettings: { Format: string };
      DefaultRouteSettings: unknown;
    };
    expect(stage.DefaultRouteSettings).toMatchObject({
      ThrottlingBurstLimit: 50,
      ThrottlingRateLimit: 100,
    });
    const format = stage.AccessLogSettings.Format;
    expect(JSON.parse(format)).toMatchObject({
      route: '$context.routeKey',
      status: '$context.status',
    });
    expect(format).not.toMatch(/path|header|authoriz|querystring/i);
    expect(propertiesOf('HttpApi')).not.toHaveProperty('CorsConfiguration');
  });

  it('HEAD goes wherever GET goes', () => {
    const keys = ofType(template, 'AWS::ApiGatewayV2::Route').map(([, { Properties }]) =>
      String(Properties?.['RouteKey']),
    );
    const pathsOf = (method: string) =>
      keys.filter((key) => key.startsWith(`${method} `)).map((key) => key.split(' ')[1]);
    expect(pathsOf('GET').length).toBeGreaterThan(10);
    expect(pathsOf('HEAD').sort()).toEqual(pathsOf('GET').sort());
  });

  it('callbacks come in at an address that costs nothing beyond the call', () => {
    expect(propertiesOf('RecordDashcallbackLambdaFunctionUrl')).toMatchObject({ AuthType: 'NONE' });
    expect(ofType(template, 'AWS::Lambda::Url')).toHaveLength(1);
    const base = (of: Resolved) =>
      (
        propertiesOf('CosDashofflineDashfetchLambdaFunction', of)['Environment'] as {
          Variables: Readonly<Record<string, string>>;
        }
      ).Variables['WAYBILL_PUBLIC_URL'];
    expect(base(template)).toBe('<RecordDashcallbackLambdaFunctionUrl.FunctionUrl>');
    expect(base(loadTemplate('everything'))).toBe('https://callbacks.bank.example');
  });
});

describe('alarms', () => {
  const alarms = ofType(template, 'AWS::CloudWatch::Alarm').map(([, { Properties }]) => Properties);

  it('are there for everything that somebody must look at, and tell the topic', () => {
    const names = alarms.map(({ AlarmName }) => String(AlarmName).replace('waybill-dev-', ''));
    expect(names.sort()).toEqual(
      [
        'credential-failures',
        'dead-shards',
        'failed-callbacks',
        'failed-events',
        'failed-requests',
        ...['', '-newest', '-open'].flatMap((index) =>
          ['read', 'write'].map((kind) => `ledger-throttles-${kind}${index}`),
        ),
        'nightly-failed',
        'queue-age',
        'refused-callbacks',
        'refused-requests',
        'stuck-runs',
        'sweep-silent',
        ...functionNames().flatMap((name) => [`${name}-errors`, `${name}-throttles`]),
      ].sort(),
    );
    for (const alarm of alarms) {
      expect(alarm, String(alarm['AlarmName'])).toMatchObject({
        AlarmActions: ['<Alarms>'],
        OKActions: ['<Alarms>'],
      });
    }
  });

  it('cost what costs.md says', () => {
    const named = FIXED.find(([what]) => what.endsWith('alarms at 0.10'));
    expect(named?.[1]).toBeCloseTo(alarms.length * 0.1);
  });

  it('see a throttled table, its global indexes too', () => {
    const looked = alarms
      .filter(({ AlarmName }) => /-ledger-throttles-/.test(String(AlarmName)))
      .map(({ MetricName, Dimensions }) =>
        [MetricName, ...(Dimensions as readonly Properties[]).map(({ Value }) => Value)].join(' '),
      );
    expect(looked).toEqual(
      ['', ' newest', ' open'].flatMap((index) =>
        ['Read', 'Write'].map((kind) => `${kind}ThrottleEvents <Ledger>${index}`),
      ),
    );
  });

  it('tell a topic that is encrypted with a key which CloudWatch may use', () => {
    expect(propertiesOf('Alarms')['KmsMasterKeyId']).toBe('<AlarmsKey.Arn>');
    expect(propertiesOf('AlarmsKey')).toMatchObject({ EnableKeyRotation: true });
  });

  it('look at metrics of functions and queues that exist', () => {
    const queues = ofType(template, 'AWS::SQS::Queue').map(
      ([, { Properties }]) => Properties['QueueName'],
    );
    const names = new Set<unknown>([
      ...lambdas.map(({ FunctionName }) => FunctionName),
      ...queues,
      '<HttpApi>',
      '<Ledger>',
      'newest',
      'open',
      'dev',
    ]);
    for (const { AlarmName, Dimensions } of alarms) {
      for (const { Value } of Dimensions as readonly { readonly Value: string }[]) {
        expect(names.has(Value), `${AlarmName} looks at ${Value}`).toBe(true);
      }
    }
  });

  it('mail whoever the stage names', () => {
    expect(ofType(template, 'AWS::SNS::Subscription')).toEqual([]);
    expect(ofType(loadTemplate('everything'), 'AWS::SNS::Subscription')).toMatchObject([
      [expect.anything(), { Properties: { Protocol: 'email', Endpoint: 'oncall@bank.example' } }],
    ]);
  });

  it('and dashboard: a JSON document that shows what the alarms look at', () => {
    const body = JSON.parse(String(propertiesOf('Dashboard')['DashboardBody'])) as {
      widgets: readonly {
        readonly properties: { readonly metrics: readonly (readonly unknown[])[] };
      }[];
    };
    const shown = new Set(
      body.widgets.flatMap(({ properties }) => properties.metrics.map(([, name]) => name)),
    );
    const looked = alarms
      .map(({ MetricName }) => MetricName)
      .filter((name) => name !== 'Invocations');
    expect(looked.filter((name) => !shown.has(name))).toEqual([]);
    expect(JSON.stringify(body)).not.toMatch(/\$\{|<[A-Z]\w+\./);
  });
});

it('nothing has a name that two stacks of one account could share', () => {
  for (const [id, { Properties }] of Object.entries(template.Resources)) {
    const name = Object.entries(Properties ?? {}).find(
      ([key]) =>
        /^(?:\w*Name)$/.test(key) && !['StageName', 'FunctionName', 'DisplayName'].includes(key),
    );
    if (name) expect(String(name[1]), id).toMatch(/dev/);
  }
});
