/** Log and metrics of a function, from its configuration. */
import type { StoresConfig } from './config.ts';
import { createLog, type Log } from './log.ts';
import { countRefusals, createMetrics, type Metrics } from './metrics.ts';

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
