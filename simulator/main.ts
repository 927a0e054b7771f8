/**
 * The simulator of the provider APIs: for tests, the demo, and trying Waybill without an account.
 * `npm run simulator -- --help` tells how to run it alone; docs/simulator.md describes it.
 */
import { parseArgs } from 'node:util';
import { createControl } from './faults/control.ts';
import { createFaults, type FaultRule, parseFaults } from './faults/faults.ts';
import { addSamples } from './huawei/samples.ts';
import { type HuaweiOptions, type HuaweiSimulator, startHuawei } from './huawei/simulator.ts';
import { listenAll } from './server.ts';
import type { CosKeys } from './tencent/auth.ts';
import type { BatchJob } from './tencent/batch/job.ts';
import type { FetchTask } from './tencent/fetch-task.ts';
import type { ObjectsStore } from './tencent/objects-store.ts';
import { addSampleObjects } from './tencent/samples.ts';
import { createTencent, type SimulatorStats, type TencentOptions } from './tencent/simulator.ts';

export type { FaultRule } from './faults/faults.ts';
export type { HuaweiSimulator, NewOmsTask } from './huawei/simulator.ts';
export type { BatchJob } from './tencent/batch/job.ts';
export type { FetchTask } from './tencent/fetch-task.ts';
export type { SimulatorStats } from './tencent/simulator.ts';

export interface SimulatorOptions extends TencentOptions {
  /** Of the migration API; objects, control and Batch take the next three. 0 takes free ones. @default 0 */
  readonly port?: number;
  /** The only key pair it knows. */
  readonly keys?: CosKeys;
  readonly faults?: readonly FaultRule[];
  /** @default 1 */
  readonly seed?: number;
  /** Stands in for Huawei Cloud as well. @default false */
  readonly huawei?: boolean | Omit<HuaweiOptions, 'faults' | 'now' | 'port'>;
  /** Adds a few OMS tasks (`huawei/samples.ts`) and a Batch manifest to try things with. @default false */
  readonly samples?: boolean;
  readonly now?: () => Date;
}

export interface Simulator {
  readonly migrationUrl: string;
  readonly objectsUrl: string;
  readonly controlUrl: string;
  readonly batchUrl: string;
  /** The variables that make Waybill talk to this simulator. */
  env(): Record<string, string>;
  stats(): SimulatorStats;
  /** Every fetch task that was taken, in order. */
  submissions(): readonly FetchTask[];
  /** Every Batch job that was taken, in order. */
  batchJobs(): readonly BatchJob[];
  /** Moves every Batch job one state further. */
  stepBatch(): void;
  /** Of COS, by `<bucket>/<key>`. */
  readonly objects: ObjectsStore;
  /** Present when it was asked for. */
  readonly huawei?: HuaweiSimulator;
  setFaults(rules: readonly FaultRule[]): void;
  close(): Promise<void>;
}

export const DEFAULT_KEYS: CosKeys = {
  secretId: 'AKIDsimulator00000000000000000000000',
  secretKey: 'simulator-secret-key-000000000000',
};

/** The account that Batch serves. */
export const ACCOUNT = { uin: '100000000001', appId: '1250000000' };

/** @throws Error with code `EADDRINUSE` when a port is taken */
export async function startSimulator(options: SimulatorOptions = {}): Promise<Simulator> {
  const { port = 0, keys = DEFAULT_KEYS, now = () => new Date() } = options;
  const faults = createFaults(options.faults, options.seed);
  const tencent = createTencent({ ...options, keys, account: ACCOUNT, faults, now });
  const { tasks, jobs, objects, stats } = tencent;
  const asked = options.huawei ?? false;
  const more = asked === true ? {} : asked;
  const huawei = more
    ? await startHuawei({ ...more, faults, now, port: port === 0 ? 0 : port + 4 })
    : undefined;
  if (options.samples) addSampleObjects(objects, now);
  if (huawei && options.samples) addSamples(huawei);
  const control = createControl({ batch: jobs, faults, huawei, objects, stats, tasks });
  const handlers = [tencent.fetch, tencent.serveObjects, control, tencent.batch];
  const servers = await listenAll(port, handlers, now).catch(async (error: unknown) => {
    await huawei?.close();
    throw error;
  });
  const [migrationUrl = '', objectsUrl = '', controlUrl = '', batchUrl = ''] = servers.map(
    ({ url }) => url,
  );
  return {
    migrationUrl,
    objectsUrl,
    controlUrl,
    batchUrl,
    env: () => ({
      TENCENTCLOUD_SECRET_ID: keys.secretId,
      TENCENTCLOUD_SECRET_KEY: keys.secretKey,
      ...(keys.securityToken !== undefined && { TENCENTCLOUD_SECURITY_TOKEN: keys.securityToken }),
      WAYBILL_COS_MIGRATION_ENDPOINT: migrationUrl,
      WAYBILL_COS_ENDPOINT: `${objectsUrl}/{bucket}`,
      WAYBILL_COS_CONTROL_ENDPOINT: batchUrl,
      TENCENTCLOUD_UIN: ACCOUNT.uin,
      TENCENTCLOUD_APP_ID: ACCOUNT.appId,
      ...huawei?.env(),
    }),
    ...(huawei && { huawei }),
    objects,
    stats,
    submissions: () => [...tasks.all()],
    batchJobs: jobs.all,
    stepBatch: jobs.step,
    setFaults: (rules) => faults.set(rules),
    async close() {
      tencent.close();
      await Promise.all([...servers.map((server) => server.close()), huawei?.close()]);
    },
  };
}

const HELP = `Stands in for Tencent COS offline fetch, COS objects and COS Batch, and for Huawei OMS (v1, v2),
IAM, OBS and SMN.

Usage: npm run simulator -- [options]

  --port <n>        migration API here; objects, control, Batch, OMS, IAM, OBS and SMN on the next seven
                    (default 9100, or PORT of the environment)
  --faults <json>   rules, such as '[{"api":"fetch-create","kind":"slow-down","rate":0.05}]'
  --seed <n>        of the faults (default 1)
  --no-downloads    take every source for there and empty (for measurements)
  --any-signature   do not check signatures (for measurements)
  --help            this text
`;

/** Seven more follow it. */
const HIGHEST_PORT = 65_535 - 7;

async function main(): Promise<void> {
  const { values } = parseArgs({
    options: {
      port: { type: 'string' },
      faults: { type: 'string', default: '[]' },
      seed: { type: 'string', default: '1' },
      downloads: { type: 'boolean', default: true },
      'any-signature': { type: 'boolean', default: false },
      help: { type: 'boolean', default: false },
    },
    allowNegative: true,
  });
  if (values.help) return void process.stdout.write(HELP);
  const { PORT } = process.env;
  const port = values.port ?? (PORT || '9100');
  const number = (name: string, text: string, highest: number): number => {
    if (/^\d{1,9}$/.test(text) && Number(text) <= highest) return Number(text);
    throw new TypeError(`${name}: expected a whole number of at most ${highest}`);
  };
  const simulator: Simulator = await startSimulator({
    port: number(values.port === undefined ? 'PORT' : '--port', port, HIGHEST_PORT),
    seed: number('--seed', values.seed, 999_999_999),
    faults: parseFaults(JSON.parse(values.faults)),
    downloads: values.downloads,
    verifySignatures: !values['any-signature'],
    // Its own buckets are the sources of tasks.
    huawei: { source: ({ bucket, key }) => simulator.huawei?.obs.get(bucket, key) },
    samples: true,
  });
  const lines = Object.entries(simulator.env()).map(([name, value]) => `${name}=${value}\n`);
  process.stdout.write(lines.join(''));
  process.stdout.write(`# control: ${simulator.controlUrl}/_simulator/stats\n`);
  process.send?.({ env: simulator.env(), controlUrl: simulator.controlUrl });
  for (const signal of ['SIGINT', 'SIGTERM'] as const) {
    process.once(signal, () => {
      simulator.close().then(() => process.exit(0));
    });
  }
}

if (import.meta.main) {
  main().catch((error: unknown) => {
    process.stderr.write(`${error instanceof Error ? error.message : String(error)}\n`);
    process.exit(2);
  });
}
