/**
 * The embedded service: HTTP API, watched folder, queue pump and cron around the same handlers that
 * run on AWS, with everything in one data folder. `npm start` runs it.
 */
import { relative, resolve } from 'node:path';
import { closeStores, onMetrics, openEnv, openStores } from '#wiring';
import { recordWrite } from '../shared/api/audit-log.ts';
import { parseToken } from '../shared/api/auth.ts';
import { ConfigError, type InputFault } from '../shared/lib/errors.ts';
import { createLog, type Log } from '../shared/lib/log.ts';
import { runsConfig, storesConfig } from '../shared/wiring/config/functions.ts';
import { removedNames } from '../shared/wiring/config/names.ts';
import { sqliteFiles } from '../shared/wiring/sqlite-files.ts';
import { type Simulator, startSimulator } from '../simulator/main.ts';
import { createTokenCheck } from './authorize.ts';
import { dashboardFolder, withDashboard } from './dashboard.ts';
import { createEventRoutes } from './event-routes.ts';
import { FUNCTIONS } from './functions.ts';
import { createGauges } from './gauges.ts';
import { type EventHandler, startServer } from './http.ts';
import { lockFiles, lockFolder } from './lock.ts';
import { createPrometheus, METRICS_ROUTE } from './prometheus.ts';
import { createReadiness, READY_ROUTE } from './readiness.ts';
import { openSecrets, secretsPath } from './secrets.ts';
import { addEnvFile, addMissing, readSettings, type Settings } from './settings.ts';
import { createUpload } from './upload.ts';
import { startWork } from './work.ts';

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
 * @param lookMs between two looks for work that goes on. @default 1000
 * @throws ConfigError (CONFIG_INVALID) with every fault at once; StoreError when a store can't be opened
 */
export async function startService(
  write: (line: string) => void = (line) => process.stdout.write(line),
  lookMs?: number,
): Promise<Service> {
  const unusual = addEnvFile(process.env, '.env');
  // What secrets of AWS hold counts as set.
  addMissing(process.env, (await openEnv(process.env)).env);
  const settings = readSettings(process.env);
  const { timeZone } = settings;
  // Cron and the pace go by the clock of the process.
  if (timeZone !== undefined) process.env['TZ'] = timeZone;
  const warnings = [...unusual, ...removedNames(process.env)];
  // Whatever was started is ended in reverse order: when starting fails, and when stopping.
  const started = new AsyncDisposableStack();
  try {
    const lock = lockFolder(settings.folder);
    started.defer(() => lock.release());
    const simulator = settings.simulated
      ? await startSimulator({ huawei: true, samples: true })
      : undefined;
    if (simulator) started.defer(() => simulator.close());
    // Other roles share theirs with other processes.
    const secrets = settings.role === 'all' ? openSecrets(settings.folder) : undefined;
    const tokenIn = process.env['WAYBILL_API_TOKENS']?.trim()
      ? 'WAYBILL_API_TOKENS'
      : secretsPath(relative('.', settings.folder));
    addMissing(process.env, {
      WAYBILL_DASHBOARD: dashboardFolder(),
      ...simulator?.env(),
      WAYBILL_API_TOKENS: secrets?.apiToken,
      WAYBILL_CALLBACK_KEYS: secrets?.callbackKeys,
      WAYBILL_CERTIFICATE_KEYS: secrets?.certificateKeys,
      WAYBILL_LEDGER: `sqlite:${resolve(settings.folder, 'waybill.db')}`,
      WAYBILL_QUEUE: `sqlite:${resolve(settings.folder, 'waybill.db')}`,
      WAYBILL_OBJECTS: `folder:${resolve(settings.folder, 'objects')}`,
    });
    return await start({ ...settings, tokenIn, warnings, lookMs }, started, simulator, write);
  } catch (error) {
    await started.disposeAsync();
    throw error;
  }
}

interface Started extends Settings {
  /** Where whoever opens the dashboard finds its token. */
  readonly tokenIn: string;
  /** Of variables. */
  readonly warnings: readonly InputFault[];
  readonly lookMs: number | undefined;
}

async function start(
  settings: Started,
  started: AsyncDisposableStack,
  simulator: Simulator | undefined,
  write: (line: string) => void,
): Promise<Service> {
  const config = storesConfig(process.env);
  const { apiTokens, pace } = runsConfig(process.env);
  const log = createLog({ level: config.logLevel, write });
  const lock = lockFiles(sqliteFiles(config));
  started.defer(() => lock.release());
  started.defer(closeStores);
  const stores = await openStores(config);
  const readiness = createReadiness({ ...stores, log });
  const { metrics, page } = createPrometheus(createGauges({ ...stores, pace, log }));
  started.defer(onMetrics(metrics));
  const { role } = settings;
  let noticeUpload = (_key: string): void => {};
  let url = '';
  const auditLog = { ledger: stores.ledger, log, now: () => new Date() };
  const upload = createUpload({
    objects: stores.objects,
    async onWritten(key, caller) {
      noticeUpload(key);
      if (caller) await recordWrite(caller, { request: `PUT /objects/${key}` }, auditLog);
    },
  });
  const server = await startServer({
    host: settings.host,
    port: settings.port,
    log,
    metrics,
    routes: [...httpRoutes(role, log), [READY_ROUTE, readiness.answer], [METRICS_ROUTE, page]],
    checkToken: createTokenCheck(() => openEnv(process.env)),
    streams: role === 'worker' ? [] : [['PUT /objects/{key+}', upload]],
    events:
      role === 'events'
        ? createEventRoutes({ settings, queue: stores.queue, log, url: () => url })
        : [],
  });
  url = reachable(server.url);
  started.defer(() => server.close());
  // Known only now when the port is a free one; no function has read it yet.
  addMissing(process.env, { WAYBILL_PUBLIC_URL: url });
  write(banner(server.url, settings));
  warn(settings, process.env['WAYBILL_PUBLIC_URL'] ?? url, log);
  const { returned, released } = stores;
  if (returned + released > 0) log.info('service.recovered', { returned, released });
  if (role === 'all' || role === 'worker') {
    const inbox = await startWork({ settings, config, stores, log }, started);
    noticeUpload = (key) => void inbox.notice(key);
  }
  return {
    url: server.url,
    apiToken: apiTokens.map(parseToken).find(({ role }) => role === 'operate')?.secret ?? '',
    ...(simulator && { simulator }),
    async stop() {
      log.info('service.stopping');
      readiness.end();
      await started.disposeAsync();
      log.info('service.stopped');
    },
  };
}

/** A worker only tells how it is. */
const httpRoutes = (role: Settings['role'], log: Log) =>
  FUNCTIONS.flatMap(({ handler, deployment }) =>
    (deployment.http ?? [])
      .filter((route) => role !== 'worker' || route === 'GET /healthz')
      .map((route): [string, EventHandler] => [
        route,
        /^GET \/(?:$|assets\/)/.test(route) ? withDashboard(handler, log) : handler,
      ]),
  );

function warn({ providers, warnings }: Started, publicUrl: string, log: Log): void {
  for (const { path, message } of warnings) log.warn('config.unusual', { path, message });
  if (providers.tencent && isLoopback(publicUrl)) log.warn('service.no-callbacks', { publicUrl });
}

/** An address of this machine, for a service that listens on all of them. */
const reachable = (url: string): string =>
  url.replace('//0.0.0.0:', '//127.0.0.1:').replace('//[::]:', '//[::1]:');

const isLoopback = (url: string): boolean =>
  /^(localhost|127\.[\d.]+|\[::1\])$/.test(new URL(url).hostname);

/** The first line: who is talked to. Not whose key pair it is, as an id is half of a secret. */
function banner(url: string, { providers, simulated, tokenIn }: Started): string {
  const peers = [
    ...(providers.tencent ? [`Tencent Cloud${account()}`] : []),
    ...(providers.huawei ? ['Huawei Cloud'] : []),
  ];
  const peer = simulated
    ? 'the built-in provider simulators (no key pair of a provider is configured)'
    : peers.join(' and ');
  return `Waybill talks to ${peer} and listens on ${url} (dashboard there, its token in ${tokenIn})\n`;
}

function account(): string {
  const id = process.env['TENCENTCLOUD_APP_ID'] || process.env['TENCENTCLOUD_UIN'];
  return id ? ` for account ${id}` : '';
}

/** What hangs then is left as it is: nothing is lost, as after `kill -9`. */
const END_MS = 9_500;

/** Runs the service until a signal ends it; a second signal ends it at once. */
export async function main(): Promise<void> {
  // Before anything starts: a signal that comes meanwhile is obeyed as soon as there is a service.
  const starting = startService();
  let stopping = false;
  for (const signal of ['SIGINT', 'SIGTERM'] as const) {
    process.on(signal, () => {
      if (stopping) process.exit(1);
      stopping = true;
      setTimeout(() => process.exit(1), END_MS).unref();
      starting
        .then((service) => service.stop())
        .then(
          () => process.exit(0),
          (error: unknown) => {
            process.stderr.write(`${String(error)}\n`);
            process.exit(1);
          },
        );
    });
  }
  await starting;
}

if (import.meta.main) {
  main().catch((error: unknown) => {
    process.stderr.write(`${error instanceof Error ? error.message : String(error)}\n`);
    process.exit(error instanceof ConfigError ? 2 : 1);
  });
}
