import { describe, expect, it } from 'vitest';
import {
  BreakerOpenError,
  ConfigError,
  ProviderError,
  StoreError,
} from '../../../../shared/lib/errors.ts';
import { createLog } from '../../../../shared/lib/log.ts';
import { countRefusals, createMetrics, type Metrics } from '../../../../shared/lib/metrics.ts';
import { sweepConfig } from '../../../../shared/wiring/config/functions.ts';
import { silentLog } from '../../../fixtures/log.ts';

const AT = new Date('2026-11-20T02:00:00Z');

function written(config: { readonly stage: string } | undefined) {
  const lines: string[] = [];
  const metrics = createMetrics({ config, write: (line) => lines.push(line), now: () => AT });
  return { lines, metrics };
}

describe('metrics', () => {
  it('are one line of the embedded metric format, all counts of a call in it', () => {
    const { lines, metrics } = written({ stage: 'prod' });
    metrics({ RunsActive: 3, RunsStuck: 0 });
    expect(lines).toHaveLength(1);
    expect(lines[0]).toMatch(/^\{.*\}\n$/);
    expect(JSON.parse(lines[0] ?? '')).toEqual({
      _aws: {
        Timestamp: AT.getTime(),
        CloudWatchMetrics: [
          {
            Namespace: 'Waybill',
            Dimensions: [['Stage']],
            Metrics: [
              { Name: 'RunsActive', Unit: 'Count' },
              { Name: 'RunsStuck', Unit: 'Count' },
            ],
          },
        ],
      },
      Stage: 'prod',
      RunsActive: 3,
      RunsStuck: 0,
    });
  });

  it('are not written where nobody asked for them, nor when there are none', () => {
    const off = written(undefined);
    off.metrics({ RunsActive: 3 });
    const on = written({ stage: 'prod' });
    on.metrics({});
    // A line for each would cost more than the object.
    on.metrics({ Transfers: 1 }, { state: 'succeeded', provider: 'tencent' });
    on.metrics({ CallbackLagSeconds: 3, HttpSeconds: 1, RequestSeconds: 1 });
    expect([...off.lines, ...on.lines]).toEqual([]);
  });

  it('are off unless WAYBILL_METRICS says emf, and then need the stage', () => {
    const keys = { TENCENTCLOUD_SECRET_ID: 'id', TENCENTCLOUD_SECRET_KEY: 'key' };
    expect(sweepConfig(keys)).not.toHaveProperty('metrics');
    const on = { ...keys, WAYBILL_METRICS: 'emf' };
    expect(sweepConfig({ ...on, WAYBILL_STAGE: 'prod' }).metrics).toEqual({ stage: 'prod' });
    expect(() => sweepConfig(on)).toThrow(ConfigError);
    expect(() => sweepConfig(on)).toThrow('WAYBILL_STAGE');
  });
});

describe('refused credentials', () => {
  const refusal = (kind: 'credentials' | 'throttled') =>
    new ProviderError('no', { provider: 'huawei', providerCode: 'X', status: 401, class: kind });

  function counted() {
    const counts: Parameters<Metrics>[0][] = [];
    const lines: string[] = [];
    const log = createLog({ write: (line) => lines.push(line) });
    return { log: countRefusals(log, (each) => counts.push(each)), counts, lines };
  }

  it.each([
    ['an event of that name', 'run.credentials-refused', undefined],
    ['a provider that refuses the key', 'nightly.not-listed', refusal('credentials')],
    ['a key that is barred', 'http.failed', new BreakerOpenError()],
  ])('are counted by %s', (_name, event, error) => {
    const { log, counts, lines } = counted();
    log.error(event, { runId: 'r1' }, error);
    log.warn(event, { runId: 'r1' }, error);
    expect(counts).toEqual([{ CredentialFailures: 1 }, { CredentialFailures: 1 }]);
    expect(lines).toHaveLength(2);
  });

  it('are not confused with other trouble', () => {
    const { log, counts, lines } = counted();
    log.error('run.failed', {}, new StoreError('full'));
    log.warn('sweep.unanswered', {}, refusal('throttled'));
    log.error('sweep.failed');
    log.info('run.credentials-refused');
    expect(counts).toEqual([]);
    expect(lines).toHaveLength(4);
  });

  it('are counted whatever level is logged', () => {
    const counts: unknown[] = [];
    countRefusals(silentLog, (each) => counts.push(each)).error('sweep.credentials-refused');
    expect(counts).toHaveLength(1);
  });
});
