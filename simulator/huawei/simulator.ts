/**
 * The Huawei half of the simulator, which tests also start alone: OMS versions 1 and 2, IAM tokens,
 * OBS objects and SMN messages. `simulator/main.ts` starts it beside the Tencent APIs.
 */
import { createFaults, type Faults } from '../faults/faults.ts';
import { listenAll } from '../server.ts';
import { createTimers, type Timers } from '../timers.ts';
import { createAuth, type HuaweiKey } from './auth.ts';
import { createGateway } from './gateway.ts';
import { createGroups, type OmsGroups } from './groups.ts';
import { createIam, type IamUser } from './iam.ts';
import type { ReadSource } from './move.ts';
import { createObs, type ObsObjects } from './obs.ts';
import { createRoutes, type ListSource, type Quotas } from './oms-create.ts';
import { groupRoutes } from './oms-groups.ts';
import { v1Routes } from './oms-v1.ts';
import { v2Routes } from './oms-v2.ts';
import { createSmn, type SmnSender } from './smn.ts';
import { createTasks, type OmsTasks } from './tasks.ts';

export type { HuaweiKey } from './auth.ts';
export type { FailedObject } from './failed-list.ts';
export type { GroupOutcome, NewOmsGroup, OmsGroup, OmsGroups } from './groups.ts';
export type { ReadSource, SourceObject } from './move.ts';
export type { ObsObjects } from './obs.ts';
export type { SmnConfirmation, SmnMessage, SmnOverrides, SmnSender } from './smn.ts';
export type { NewOmsTask, OmsTask, Outcome } from './task.ts';
export type { OmsTasks } from './tasks.ts';

export interface HuaweiOptions {
  /** Of OMS; IAM, OBS and SMN take the next three. 0 takes free ones. @default 0 */
  readonly port?: number;
  /** The key pairs the gateway knows. @default [DEFAULT_HUAWEI_KEY] */
  readonly keys?: readonly HuaweiKey[];
  /** @default '0123456789abcdef0123456789abcdef' */
  readonly projectId?: string;
  /** What else keys and users may use. @default none */
  readonly otherProjects?: readonly string[];
  /** Of paths that name none. @default 'cn-north-4' */
  readonly region?: string;
  /** The only IAM user. */
  readonly user?: IamUser;
  /** @default none */
  readonly faults?: Faults;
  /** How long a started task runs, and how long pausing takes. @default 200 */
  readonly runMs?: number;
  /** Tasks running at once per region and project; others wait. @default 5 */
  readonly running?: number;
  /** What a project may create and have waiting. @default what the vendor documents */
  readonly quotas?: Partial<Quotas>;
  /** Objects of a task that a group makes. @default 5000000 */
  readonly splitAt?: number;
  /** Objects that created tasks read from their lists. @default each arrives without bytes */
  readonly source?: ReadSource;
  /** What created tasks find behind a prefix. @default ten objects, which arrive without bytes */
  readonly listSource?: ListSource;
  /** Life of a token. @default 86400 */
  readonly tokenSeconds?: number;
  /** Prefix of the codes of version 1: today's, or the historical one. @default 'OMS' */
  readonly v1Prefix?: 'OMS' | 'S3M';
  readonly now?: () => Date;
}

interface HuaweiStats {
  /** Calls that reached an API, refused ones too, by kind: `v2 start`, `v1 list`, `iam token`, … */
  readonly calls: Readonly<Record<string, number>>;
  /** Starts taken, by task id. */
  readonly starts: Readonly<Record<string, number>>;
  /** Starts and retries taken, by group id. */
  readonly groupStarts: Readonly<Record<string, number>>;
  /** Descriptions of the tasks and groups that were created, in order. */
  readonly created: readonly string[];
  /** Refusals of a signature, or of the lack of one. */
  readonly signatureRefusals: number;
  /** Refusals because a key was locked. */
  readonly lockedRefusals: number;
  /** Tokens issued. */
  readonly tokens: number;
  /** Most tasks of one project that ran at once, by region. */
  readonly mostRunning: Readonly<Record<string, number>>;
}

export interface HuaweiSimulator {
  readonly omsUrl: string;
  readonly iamUrl: string;
  readonly obsUrl: string;
  readonly smnUrl: string;
  /** The variables that make Waybill talk to this simulator. */
  env(): Record<string, string>;
  readonly tasks: OmsTasks;
  readonly groups: OmsGroups;
  readonly obs: ObsObjects;
  readonly smn: SmnSender;
  stats(): HuaweiStats;
  close(): Promise<void>;
}

export const DEFAULT_HUAWEI_KEY: HuaweiKey = {
  ak: 'HUAWEISIMULATOR00000',
  sk: 'simulator-secret-key-0000000000000000000',
};
export const DEFAULT_HUAWEI_USER: IamUser = {
  name: 'waybill',
  password: 'simulator-password',
  domain: 'simulator-domain',
};
/** Keys of the buckets; OBS knows the destination's. */
export const DEFAULT_OMS_KEYS = {
  source: { ak: 'SOURCESIMULATOR00000', sk: 'source-secret-key-000000000000000000000' },
  destination: { ak: 'DESTINATIONSIMULAT00', sk: 'destination-secret-key-0000000000000000' },
} as const;

/** @throws Error with code `EADDRINUSE` when a port is taken */
export async function startHuawei(options: HuaweiOptions = {}): Promise<HuaweiSimulator> {
  const given = withDefaults(options);
  const { port, keys, projectId, region, user, now } = given;
  const counted = createCounts();
  const timers = createTimers();
  const { oms, iam, obs, smn, tasks, groups } = await createApis(given, counted, timers);
  const servers = await listenAll(port, [oms, iam.handle, obs.handle, smn.handle], now);
  const [omsUrl = '', iamUrl = '', obsUrl = '', smnUrl = ''] = servers.map(({ url }) => url);
  return {
    omsUrl,
    iamUrl,
    obsUrl,
    smnUrl,
    env: () => ({
      ...keysEnv(keys[0] ?? DEFAULT_HUAWEI_KEY, user),
      HUAWEICLOUD_SDK_PROJECT_ID: projectId,
      HUAWEICLOUD_SDK_REGION: region,
      WAYBILL_OMS_ENDPOINT: `${omsUrl}/{region}`,
      WAYBILL_IAM_ENDPOINT: iamUrl,
      WAYBILL_OBS_ENDPOINT: `${obsUrl}/{bucket}`,
      WAYBILL_SMN_ENDPOINT: smnUrl,
    }),
    tasks,
    groups,
    obs: obs.objects,
    smn: smn.sender(smnUrl),
    stats() {
      const { called: _called, ...counts } = counted;
      return {
        ...structuredClone(counts),
        starts: startsOf(tasks.all()),
        groupStarts: startsOf(groups.all()),
      };
    },
    async close() {
      timers.close();
      await Promise.all(servers.map((server) => server.close()));
    },
  };
}

type Reading = 'listSource' | 'source';

type Given = Required<Omit<HuaweiOptions, Reading>> & Pick<HuaweiOptions, Reading>;

const withDefaults = (options: HuaweiOptions): Given => ({
  port: 0,
  keys: [DEFAULT_HUAWEI_KEY],
  projectId: '0123456789abcdef0123456789abcdef',
  otherProjects: [],
  region: 'cn-north-4',
  user: DEFAULT_HUAWEI_USER,
  faults: createFaults(),
  runMs: 200,
  running: 5,
  quotas: {},
  splitAt: 5_000_000,
  tokenSeconds: 86_400,
  v1Prefix: 'OMS',
  now: () => new Date(),
  ...options,
});

async function createApis(options: Given, counted: Counts, timers: Timers) {
  const { keys, projectId, otherProjects, region, faults, now } = options;
  const { called, mostRunning } = counted;
  const obs = createObs({ key: DEFAULT_OMS_KEYS.destination, faults, now, called });
  const common = { ...options, timers, put: obs.objects.put };
  const tasks = createTasks({
    ...common,
    mostRunning,
    source: options.source,
    target: obs.objects,
    onEnd: (task) => groups.taskEnded(task),
  });
  const groups = createGroups({ ...common, tasks });
  const quotas = { ...QUOTAS, ...options.quotas };
  const projects = [projectId, ...otherProjects];
  const iam = createIam({ ...options, projects, stats: counted });
  const routes = [
    ...v2Routes(tasks, now),
    ...createRoutes({ ...options, ...counted, groups, obs: obs.objects, quotas, tasks }),
    ...groupRoutes(groups, tasks, now),
    ...v1Routes(tasks, now, options.v1Prefix),
  ];
  const refuse = createAuth({ keys, projects, tokens: iam.tokens, now, stats: counted });
  const oms = createGateway({ routes, refuse, region, faults, called });
  return { oms, iam, obs, smn: await createSmn(now), tasks, groups };
}

const keysEnv = ({ ak, sk, securityToken }: HuaweiKey, user: IamUser) => ({
  HUAWEICLOUD_SDK_AK: ak,
  HUAWEICLOUD_SDK_SK: sk,
  ...(securityToken !== undefined && { HUAWEICLOUD_SDK_SECURITY_TOKEN: securityToken }),
  HUAWEICLOUD_IAM_USERNAME: user.name,
  HUAWEICLOUD_IAM_PASSWORD: user.password,
  HUAWEICLOUD_IAM_DOMAIN: user.domain,
  OMS_SRC_AK: DEFAULT_OMS_KEYS.source.ak,
  OMS_SRC_SK: DEFAULT_OMS_KEYS.source.sk,
  OMS_DST_AK: DEFAULT_OMS_KEYS.destination.ak,
  OMS_DST_SK: DEFAULT_OMS_KEYS.destination.sk,
});

const startsOf = (all: Iterable<{ id: string; starts: number }>) =>
  Object.fromEntries([...all].map(({ id, starts }) => [id, starts]));

const QUOTAS: Quotas = { created: 1_500, waiting: 1_500, groups: 5 };

type Counts = ReturnType<typeof createCounts>;

function createCounts() {
  const calls: Record<string, number> = {};
  return {
    calls,
    created: [] as string[],
    signatureRefusals: 0,
    lockedRefusals: 0,
    tokens: 0,
    mostRunning: Object.create(null) as Record<string, number>,
    called(kind: string): void {
      calls[kind] = (calls[kind] ?? 0) + 1;
    },
  };
}
