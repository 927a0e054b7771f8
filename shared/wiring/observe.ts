/** Creates the log and metrics of a function from its configuration. */
import { createLog, type Log } from '../lib/log.ts';
import { countRefusals, createMetrics, type Metrics } from '../lib/metrics.ts';
import type { StoresConfig } from '../stores/config.ts';

export function observe({
  logLevel,
  metrics: config,
}: Pick<StoresConfig, 'logLevel' | 'metrics'>): {
  readonly log: Log;
  readonly metrics: Metrics;
} {
  const metrics = createMetrics({ config });
  return { log: countRefusals(createLog({ level: logLevel }), metrics), metrics };
}
