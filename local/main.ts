/**
 * The embedded service: HTTP API, watched folder, queue pump and cron around the same handlers that
 * run on AWS, with everything in one data folder. `npm start` runs it.
 */
import { existsSync, readFileSync } from 'node:fs';
import { resolve } from 'node:path';
import { parseEnv } from 'node:util';
import { closeStores, openLedger, openObjects, openQueue } from '#wiring';
import * as cosOfflineFetch from '../functions/cos-offline-fetch.ts';
import * as planManifest from '../functions/plan-manifest.ts';
import * as recordCallback from '../functions/record-callback.ts';
import * as runs from '../functions/runs.ts';
import * as sweep from '../functions/sweep.ts';
import {
  callbackConfig,
  cosFetchConfig,
  createEnvReader,
  planConfig,
  runsConfig,
  storesConfig,
  sweepConfig,
} from '../shared/config.ts';
import { ConfigError, type InputFault } from '../shared/errors.ts';
import { createLog } from '../shared/log.ts';
import { json } from '../shared/middleware.ts';
import { type Simulator, startSimulator } from '../simulator/main.ts';
import { startCron } from './cron.ts';
import { type EventHandler, startServer } from './http.ts';
import { startInbox } from './inbox.ts';
import { type Lock, lockFolder } from './lock.ts';
import { startPump } from './pump.ts';
import { openSecrets } from './secrets.ts';
import { createUpload } from './upload.ts';

export interface Service {
  readonly url: string;
  /** A token its API takes, for programs that started it. */
  readonly apiToken: string;
  /** Present when it stands in for the provider. */
  readonly simulator?: Simulator;
  /** Finishes or gives back what is under way, then closes everything. */
  stop(): Promise<void>;
}

/**
 * Starts the service from the environment, which it completes for the functions: one per process.
 * @throws ConfigError (CONFIG_INVALID) with every fault at once; StoreError when a store can't be opened
 */
export async function startService(
  write: (line: string) => void = (line) => process.stdout.write(line),
): Promise<Service> {
  const settings = readSettings();
  const lock = lockFolder(settings.folder);
  const simulator = hasCredentials() ? undefined : await startSimulator();
  const secrets = openSecrets(settings.folder);
  setMissing({
    ...simulator?.env(),
    WAYBILL_API_TOKENS: secrets.apiToken,
    WAYBILL_CALLBACK_KEYS: secrets.callbackKeys,
    WAYBILL_LEDGER: `sqlite:${resolve(settings.folder, 'waybill.db')}`,
    WAYBILL_QUEUE: `sqlite:${resolve(settings.folder, 'waybill.db')}`,
    WAYBILL_OBJECTS: `folder:${resolve(settings.folder, 'objects')}`,
    WAYBILL_PUBLIC_URL: `http://127.0.0.1:${settings.port}`,
  });
  try {
    return await start(settings, lock, simulator, write);
  } catch (error) {
    await simulator?.close();
    lock.release();
    throw error;
  }
}

interface Settings {
  readonly folder: string;
  readonly host: string;
  readonly port: number;
  readonly pumpConcurrency: number;
  readonly settleMs: number;
  readonly sweepMs: number;
}

function readSettings(): Settings {
  if (existsSync('.env')) setMissing(parseEnv(readFileSync('.env', 'utf8')));
  const from = createEnvReader(process.env);
  const settings = {
    folder: from.optional('WAYBILL_DATA') ?? './data',
    host: from.optional('WAYBILL_HOST') ?? '127.0.0.1',
    port: from.integer('PORT', 8787, 0, 65_535),
    pumpConcurrency: from.integer('WAYBILL_PUMP_CONCURRENCY', 4, 1, 64),
    settleMs: 1_000 * from.integer('WAYBILL_SETTLE_SECONDS', 60, 0, 86_400),
    sweepMs: 1_000 * from.integer('WAYBILL_SWEEP_SECONDS', 300, 1, 86_400),
  };
  from.done();
  return settings;
}

const hasCredentials = (): boolean =>
  Boolean(process.env['TENCENTCLOUD_SECRET_ID'] || process.env['TENCENTCLOUD_SECRET_KEY']);

function setMissing(values: Readonly<Record<string, string | undefined>>): void {
  for (const [name, value] of Object.entries(values)) {
    if (value !== undefined && !process.env[name]) process.env[name] = value;
  }
}

/** All faults of all functions at once, before anything starts. */
function checkConfiguration(): void {
  const faults = new Map<string, InputFault>();
  for (const check of [
    storesConfig,
    planConfig,
    cosFetchConfig,
    callbackConfig,
    sweepConfig,
    runsConfig,
  ]) {
    try {
      check(process.env);
    } catch (error) {
      if (!(error instanceof ConfigError)) throw error;
      for (const fault of error.faults) faults.set(fault.path, fault);
    }
  }
  if (faults.size > 0) throw new ConfigError([...faults.values()]);
}

async function start(
  settings: Settings,
  lock: Lock,
  simulator: Simulator | undefined,
  write: (line: string) => void,
): Promise<Service> {
  checkConfiguration();
  const stores = storesConfig(process.env);
  const { apiTokens } = runsConfig(process.env);
  const log = createLog({ level: stores.logLevel, write });
  const [ledger, queue, objects] = await Promise.all([
    openLedger(stores),
    openQueue(stores),
    openObjects(stores),
  ]);
  // This process alone owns the folder: whatever an earlier one held is free again.
  const [returned, released] = await Promise.all([queue.recover(), ledger.releaseLeases()]);

  let noticeUpload = (_key: string): void => {};
  const routes = [recordCallback, runs].flatMap(({ handler, deployment }) =>
    (deployment.http ?? []).map((route): [string, EventHandler] => [route, handler]),
  );
  const server = await startServer({
    host: settings.host,
    port: settings.port,
    log,
    routes: [...routes, ['GET /healthz', async () => json(200, { status: 'ok' })]],
    streams: [
      [
        'PUT /objects/{key+}',
        createUpload({ apiTokens, objects, onWritten: (key) => noticeUpload(key) }),
      ],
    ],
  });
  if (settings.port === 0) fixPublicUrl(server.url);
  write(banner(server.url, simulator));
  if (returned + released > 0) log.info('service.recovered', { returned, released });

  const pump = startPump({
    queue,
    handler: cosOfflineFetch.handler,
    log,
    concurrency: settings.pumpConcurrency,
    retryMs: Math.max(1_000, settings.settleMs),
  });
  const inbox = await startInbox({
    objects,
    plan: planManifest.handler,
    log,
    onPlanned: () => pump.wake(),
  });
  noticeUpload = (key) => void inbox.notice(key);
  const cron = startCron({ ledger, sweep: sweep.handler, log, sweepMs: settings.sweepMs });

  return {
    url: server.url,
    apiToken: apiTokens[0] ?? '',
    ...(simulator && { simulator }),
    async stop() {
      log.info('service.stopping');
      await inbox.stop();
      await pump.stop();
      await cron.stop();
      await server.close();
      await closeStores();
      await simulator?.close();
      lock.release();
      log.info('service.stopped');
    },
  };
}

/** With a free port, the address is known only now; no function has read it yet. */
function fixPublicUrl(url: string): void {
  if (process.env['WAYBILL_PUBLIC_URL']?.endsWith(':0')) process.env['WAYBILL_PUBLIC_URL'] = url;
}

function banner(url: string, simulator: Simulator | undefined): string {
  const peer = simulator
    ? 'built-in provider simulator (no Tencent Cloud key pair is configured)'
    : `Tencent Cloud at ${process.env['WAYBILL_COS_MIGRATION_ENDPOINT'] || 'its own addresses'}`;
  return `Waybill talks to the ${peer} and listens on ${url}\n`;
}

/** Runs the service until a signal ends it; a second signal ends it at once. */
export async function main(): Promise<void> {
  const service = await startService();
  let stopping = false;
  for (const signal of ['SIGINT', 'SIGTERM'] as const) {
    process.on(signal, () => {
      if (stopping) process.exit(1);
      stopping = true;
      service.stop().then(
        () => process.exit(0),
        (error: unknown) => {
          process.stderr.write(`${String(error)}\n`);
          process.exit(1);
        },
      );
    });
  }
}

if (import.meta.main) {
  main().catch((error: unknown) => {
    process.stderr.write(`${error instanceof Error ? error.message : String(error)}\n`);
    process.exit(error instanceof ConfigError ? 2 : 1);
  });
}
