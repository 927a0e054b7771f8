/** Builds the dashboard in a checkout when a browser first requests it, never by hand. */
import { resolve } from 'node:path';
import { fileURLToPath } from 'node:url';
import type { Log } from '../shared/lib/log.ts';
import type { EventHandler } from './http.ts';

/** Where the page is built; `runs` serves it from there. */
export const dashboardFolder = (): string =>
  resolve(fileURLToPath(new URL('../.build/dashboard', import.meta.url)));

/**
 * Has the page built before the first request for one of its files is answered, when its sources are
 * newer. Without esbuild, a development dependency, what was built before is served as it is.
 */
export function withDashboard(handler: EventHandler, log: Log): EventHandler {
  let ready: Promise<void> | undefined;
  return async (event) => {
    ready ??= prepare().catch((error: unknown) => {
      ready = undefined;
      log.warn('dashboard.not-built', {}, error);
    });
    await ready;
    return handler(event);
  };
}

async function prepare(): Promise<void> {
  const { buildDashboard, isFresh } = await import('../scripts/build-dashboard.ts');
  if (!isFresh()) await buildDashboard();
}
