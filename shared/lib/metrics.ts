/**
 * Writes the metrics that alarms and dashboards use, as lines of CloudWatch's embedded metric
 * format: on AWS only the log is written to, and a metric costs no call.
 * https://docs.aws.amazon.com/AmazonCloudWatch/latest/monitoring/CloudWatch_Embedded_Metric_Format_Specification.html
 */
import { toCause } from './cause.ts';
import type { Log } from './log.ts';

export interface MetricsConfig {
  /** Of the deployment, as a dimension. */
  readonly stage: string;
}

export const NAMESPACE = 'Waybill';

/**
 * `RunsActive`, `RunsStuck` and `TransfersOpen` are what a sweep found; `Submitted` and `Throttled`
 * what one delivery of a shard came to; `CredentialFailures` counts what `countRefusals` hears of.
 */
export type MetricName =
  | 'CredentialFailures'
  | 'RunsActive'
  | 'RunsStuck'
  | 'Submitted'
  | 'Throttled'
  | 'TransfersOpen';

/** Counts; all of one call stand in one line. */
export type Metrics = (counts: Readonly<Partial<Record<MetricName, number>>>) => void;

export interface MetricsOptions {
  /** Undefined writes nothing. */
  readonly config: MetricsConfig | undefined;
  /** Takes one line with its line feed. @default standard output */
  readonly write?: (line: string) => void;
  readonly now?: () => Date;
}

export function createMetrics({
  config,
  write = (line) => process.stdout.write(line),
  now = () => new Date(),
}: MetricsOptions): Metrics {
  if (!config) return noMetrics;
  return (counts) => {
    const names = Object.keys(counts);
    if (names.length === 0) return;
    const directive = {
      Namespace: NAMESPACE,
      Dimensions: [['Stage']],
      Metrics: names.map((Name) => ({ Name, Unit: 'Count' })),
    };
    const head = { Timestamp: now().getTime(), CloudWatchMetrics: [directive] };
    write(`${JSON.stringify({ _aws: head, Stage: config.stage, ...counts })}\n`);
  };
}

export const noMetrics: Metrics = () => {};

/** The same log, which counts lines of refused credentials: a run, a pass or a request ended by them. */
export function countRefusals(log: Log, metrics: Metrics): Log {
  const count = (event: string, error: unknown): void => {
    const isRefusal =
      event.endsWith('.credentials-refused') ||
      (error !== undefined && toCause(error).class === 'credentials');
    if (isRefusal) metrics({ CredentialFailures: 1 });
  };
  return {
    ...log,
    warn(event, fields, error) {
      log.warn(event, fields, error);
      count(event, error);
    },
    error(event, fields, error) {
      log.error(event, fields, error);
      count(event, error);
    },
  };
}
