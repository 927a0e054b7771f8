import { describe, expect, it } from 'vitest';
import { faultsOf, PARAMETERS, stages } from '../../../deploy/parameters.ts';
import { functionNames } from '../../../scripts/bundle.ts';

/** As the framework resolves them. */
const resolved = Object.entries(stages().default).map(([name, value]) => [
  name,
  typeof value === 'string' ? value.replace(/^(waybill\/)\$\{sls:stage\}/, '$1prod-2') : value,
]);
const good = { ...Object.fromEntries(resolved), stage: 'prod-2' };

describe('stage parameters', () => {
  it('are right by default, in every stage', () => {
    expect(faultsOf(good)).toEqual([]);
    expect(faultsOf({ ...good, ...stages().prod })).toEqual([]);
  });

  it.each([
    ['providers', 'huawei,tencent'],
    ['providers', 'aws'],
    ['timeZone', 'UTC+8; rm'],
    ['nightlySchedule', '0 2 * * *'],
    ['nightlySchedule', 'cron(0 2 * * *)'],
    ['deletionPolicy', 'Snapshot'],
    ['deletionProtection', 'yes'],
    ['reservedConcurrency', 'true'],
    ['maxShardWorkers', '1'],
    ['maxShardWorkers', 'many'],
    ['maxShardWorkers', 1_001],
    ['logDays', 31],
    ['alarmEmail', 'nobody'],
    ['queueAgeAlarmSeconds', ''],
    ['permissionsBoundary', 'arn:aws:iam::1:role/x'],
    ['kmsKey', 'alias/waybill'],
    ['kmsKey', 'arn:aws:kms:eu-west-1:111122223333:alias/waybill'],
    ['tencentSecret', ''],
    ['apiSecret', 'waybill/*'],
    ['WAYBILL_PUBLIC_URL', 'waybill.example'],
    ['WAYBILL_RETENTION_DAYS', '0'],
    ['LOG_LEVEL', 'info\ndebug'],
    ['stage', 'Prod'],
    ['stage', 'a-stage-with-a-long-name'],
  ])('name %s when it is %j, and never its value', (name, value) => {
    const faults = faultsOf({ ...good, [name]: value });
    expect(faults).toHaveLength(1);
    expect(faults[0]).toMatch(new RegExp(`^${name}: expected `));
    if (String(value).length > 6) expect(faults[0]).not.toContain(String(value));
  });

  it.each([
    ['timeZone', 'America/Argentina/Buenos_Aires'],
    ['nightlySchedule', 'cron(30 1 ? * MON-FRI *)'],
    ['alarmEmail', 'waybill@bank.example'],
    ['permissionsBoundary', 'arn:aws:iam::111122223333:policy/teams/boundary'],
    ['kmsKey', 'arn:aws:kms:eu-west-1:111122223333:key/mrk-1234abcd12ab34cd56ef1234567890ab'],
    ['credentialsSecret', 'waybill/prod/credentials'],
    ['WAYBILL_PUBLIC_URL', 'https://waybill.bank.example'],
    // As the command line gives them.
    ['maxShardWorkers', '10'],
    ['deletionProtection', 'true'],
  ])('take %s=%s', (name, value) => {
    expect(faultsOf({ ...good, [name]: value })).toEqual([]);
  });

  it('list every fault at once', () => {
    expect(faultsOf({ stage: 'dev' })).toContainEqual(expect.stringMatching(/^providers: /));
    expect(faultsOf({ ...good, logDays: 2, timeZone: '' })).toHaveLength(2);
  });

  it('hold every setting that a function reads and that is no secret', async () => {
    const read = new Set<string>();
    for (const name of functionNames()) {
      const { deployment } = await import(`../../../functions/${name}.ts`);
      for (const variable of deployment.environment) read.add(variable);
    }
    // These come from secrets, or the deployment sets them; it reads no files.
    const elsewhere =
      /^(?:HUAWEICLOUD|OMS|TENCENTCLOUD)_|^WAYBILL_(?:API_TOKENS|(?:CALLBACK|CERTIFICATE)_KEYS|(?:CREDENTIALS|SOURCES)_(?:FILE|SECRET)|DASHBOARD)$/;
    const settings = [...read].filter((variable) => !elsewhere.test(variable));
    expect(settings.filter((variable) => !(variable in PARAMETERS))).toEqual([]);
    const unread = Object.keys(PARAMETERS).filter(
      (name) => /^[A-Z_]+$/.test(name) && !read.has(name),
    );
    // What every function reads is in no list.
    expect(unread.sort()).toEqual(['LOG_LEVEL', 'WAYBILL_RETENTION_DAYS']);
  });
});
