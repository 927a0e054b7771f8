/**
 * The provider: the simulator's own handlers of COS offline fetch and objects, called in this process, over
 * tasks that take their time on the virtual clock. Its record is what ours is compared with.
 */
import type { ApiRequest } from '../../shared/lib/api-request.ts';
import { TransportError } from '../../shared/lib/errors.ts';
import { type ApiResponse, type Send, wirePath } from '../../shared/lib/http.ts';
import type { FaultRule, Faults } from '../../simulator/faults/faults.ts';
import { DEFAULT_KEYS } from '../../simulator/main.ts';
import { type Answer, splitOnce, type Wire } from '../../simulator/server.ts';
import { createCosFetch } from '../../simulator/tencent/fetch.ts';
import type { FetchRequest, FetchTask } from '../../simulator/tencent/fetch-task.ts';
import { createCosObjects } from '../../simulator/tencent/objects.ts';
import { createObjectsStore } from '../../simulator/tencent/objects-store.ts';
import type { VirtualTime } from '../fixtures/virtual-time.ts';
import type { Process } from './process.ts';
import type { Random } from './random.ts';
import type { Weather } from './weather.ts';

export const MIGRATION = 'http://migration.example';
export const OBJECTS = 'http://objects.example';

/** A task as the provider has it. */
export interface Task extends FetchTask {
  endedAt?: number;
  /** Longer than a worker waits before it looks at the target. */
  readonly isSlow: boolean;
}

interface ProviderOptions {
  readonly time: VirtualTime;
  readonly random: Random;
  readonly weather: Weather;
  readonly trace: (text: string) => void;
  /** Just before a task is taken. */
  readonly onAccept: (request: FetchRequest, looks: number) => void;
  readonly onEnd: (task: Task) => void;
}

/** Codes of tasks that fail: what another night may help, what is tried again, what is not. */
const FAILURES = ['NotFound', 'InternalError', 'Forbidden'] as const;

const REFUSALS = ['slow-down', 'too-many-requests'] as const;
const FAILED = ['internal-error', 'bad-gateway', 'gateway-timeout', 'reset-before'] as const;
const LOST = ['reset-after', 'truncate', 'empty'] as const;

export function createProvider(options: ProviderOptions) {
  const { time, random, weather, trace, onAccept, onEnd } = options;
  const now = () => new Date(time.now());
  const objects = createObjectsStore();
  const tasks = new Map<string, Task>();
  /** How often somebody was told whether an object is there. */
  const looks = new Map<string, number>();
  const faults: Faults = {
    strike(api): FaultRule | undefined {
      if (weather.strikes('provider throttles')) {
        return { api, kind: random.pick(REFUSALS), retryAfterSeconds: random.between(1, 90) };
      }
      if (weather.strikes('provider fails')) return { api, kind: random.pick(FAILED) };
      if (weather.strikes('answer lost')) return { api, kind: random.pick(LOST) };
      return random.chance(0.05) ? { api, kind: 'odd-shape' } : undefined;
    },
    set() {},
    counts: () => ({}),
  };
  const accept = (request: FetchRequest): Task => {
    onAccept(request, looks.get(`/${request.bucket}/${request.key}`) ?? 0);
    const taskId = `task-${tasks.size + 1}`;
    const isSlow = weather.strikes('task slow');
    const task: Task = { ...request, taskId, acceptedAt: now(), state: 'doing', isSlow };
    tasks.set(taskId, task);
    trace(`provider takes ${request.key} as ${taskId}`);
    const path = `${request.bucket}/${request.key}`;
    time.later(isSlow ? random.between(60_000, 1_500_000) : random.between(0, 25_000), () => {
      const code = weather.strikes('task fails') ? random.pick(FAILURES) : undefined;
      const lastModifiedAt = now();
      task.endedAt = time.now();
      if (code) Object.assign(task, { state: 'failed', code, message: 'no' });
      else {
        task.state = 'succeeded';
        objects.put(path, { md5: '0'.repeat(32), sizeBytes: 0, lastModifiedAt }, Buffer.alloc(0));
      }
      trace(`provider ends ${taskId}: ${task.state}`);
      onEnd(task);
    });
    return task;
  };
  const stats = {
    ...{ creates: 0, queries: 0, signatureRefusals: 0, bodyRefusals: 0, undefinedRequests: 0 },
    ...{ heads: 0, objectSignatureRefusals: 0 },
  };
  const common = { faults, keys: DEFAULT_KEYS, verifySignatures: true, now, stats };
  const fetch = createCosFetch({
    ...common,
    successStatus: 'TASK_SUCCESS',
    tasks: {
      accept,
      find: (bucket, id) => (tasks.get(id)?.bucket === bucket ? tasks.get(id) : undefined),
      all: () => tasks.values(),
      callbacks: { sent: 0, answered: 0, refused: 0, unreachable: 0 },
      close() {},
    },
  });
  const serveObjects = createCosObjects({ ...common, objects });

  /** On the wire, whatever becomes of the sender. */
  const serve = async (request: ApiRequest, lateMs: number): Promise<Answer> => {
    await time.wait(lateMs);
    const wire = wireOf(request);
    const answer = await time.during(
      request.origin === MIGRATION ? fetch(wire) : Promise.resolve(serveObjects(wire)),
    );
    const isTold = request.method === 'HEAD' && (answer.status === 200 || answer.status === 404);
    if (isTold) looks.set(request.path, (looks.get(request.path) ?? 0) + 1);
    trace(
      `provider answers ${request.method} ${request.path}: ${answer.breakOff ?? answer.status}`,
    );
    return answer;
  };

  return {
    objects,
    tasks: (): Task[] => [...tasks.values()],
    stats,
    /** What a process sends with. @param onSend before a request leaves */
    sendOf:
      (process: Process, onSend: (request: ApiRequest) => void): Send =>
      (request) =>
        process
          .point(
            `send ${request.method} ${request.path}`,
            async () => {
              onSend(request);
              const isLate = weather.strikes('request late');
              const lateMs = isLate ? random.between(30_000, 45_000) : random.between(1, 300);
              const arriving = serve(request, lateMs);
              // Nobody waits on a frozen clock: the answer comes by itself.
              return { arriving, isLate };
            },
            'other',
          )
          .then(async ({ arriving, isLate }) => {
            if (isLate) {
              await process.wait(30_000);
              throw new TransportError('TRANSPORT_TIMEOUT', 'no answer in time', 'unknown');
            }
            const answer = await arriving;
            await process.wait(random.between(0, 200));
            return responseOf(answer, request, time.now(), random);
          }),
  };
}

export type Provider = ReturnType<typeof createProvider>;

function wireOf(request: ApiRequest): Wire {
  const [rawPath = '/', rawQuery = ''] = splitOnce(wirePath(request), '?');
  const { method, headers } = request;
  return { method, rawPath, rawQuery, headers, body: Buffer.from(request.body), isSecure: false };
}

function responseOf(
  { status, headers = {}, body = '', breakOff }: Answer,
  { method }: ApiRequest,
  at: number,
  random: Random,
): ApiResponse {
  const isWhole = breakOff === undefined || (breakOff === 'truncate' && status >= 400);
  if (!isWhole) throw new TransportError('TRANSPORT_FAILED', `the answer broke off`, 'unknown');
  const id = { 'x-cos-request-id': `request-${random.between(1, 1e9)}` };
  const date = { date: new Date(at).toUTCString() };
  const text = method === 'HEAD' || breakOff ? '' : String(body);
  return { status, headers: { ...headers, ...date, ...id }, body: text };
}
