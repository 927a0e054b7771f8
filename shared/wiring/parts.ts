/** Opens what nearly every function works with: stores, log and metrics. */
import { openLedger, openMetrics, openObjects } from '#wiring';
import { createLog } from '../lib/log.ts';
import { countRefusals } from '../lib/metrics.ts';
import type { StoresConfig } from '../stores/config.ts';

/** @throws ConfigError, StoreError */
export async function openParts(config: StoresConfig) {
  const metrics = openMetrics(config);
  const log = countRefusals(createLog({ level: config.logLevel }), metrics);
  const [ledger, objects] = await Promise.all([openLedger(config), openObjects(config)]);
  return { ledger, log, metrics, objects };
}

export type Parts = Awaited<ReturnType<typeof openParts>>;
