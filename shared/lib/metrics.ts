/**
 * The metrics: one way to record a number. Here they become lines of CloudWatch's embedded metric
 * format: on AWS only the log is written to, and a metric costs no call. The service shows them to
 * Prometheus besides (local/prometheus.ts).
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
 * What CloudWatch gets, without labels. `RunsActive`, `RunsStuck` and `TransfersOpen` are what a sweep
 * found; `Submitted` and `Throttled` what one delivery of a shard came to; `CredentialFailures` counts
 * what `countRefusals` hears of.
 */
const CLOUDWATCH = [
  'CredentialFailures',
  'RunsActive',
  'RunsStuck',
  'Submitted',
  'Throttled',
  'TransfersOpen',
] as const;

/**
 * What a process that is asked itself tells besides, one by one: transfers that came to a state, and how
 * long requests to providers, requests to the service and callbacks took.
 */
export type MetricName =
  | (typeof CLOUDWATCH)[number]
  | 'CallbackLagSeconds'
  | 'HttpSeconds'
  | 'RequestSeconds'
  | 'Transfers';

/** Values are of closed lists: no key, address, id, time or text of an error. */
export type Labels = Readonly<Record<string, string | undefined>>;

/** Takes numbers; all of one call belong together. */
export type Metrics = (
  numbers: Readonly<Partial<Record<MetricName, number>>>,
  labels?: Labels,
) => void;

interface MetricsOptions {
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
  return (numbers) => {
    const names = CLOUDWATCH.filter((name) => numbers[name] !== undefined);
    if (names.length === 0) return;
    const counts = Object.fromEntries(names.map((name) => [name, numbers[name]]));
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
