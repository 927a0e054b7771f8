/** Everybody who takes part: workers, planner, sweeper, callbacks, operator, and those who forge and break. */
import { WaybillError } from '../../shared/lib/errors.ts';
import { cancelRun } from '../../shared/runs/cancel.ts';
import { pauseRun } from '../../shared/runs/pause.ts';
import { resumeRun } from '../../shared/runs/resume.ts';
import { retryRun } from '../../shared/runs/retry.ts';
import { loadJson } from '../fixtures/load.ts';
import type { VirtualTime } from '../fixtures/virtual-time.ts';
import { type Functions, openFunctions, type Ports, type Settings } from './functions.ts';
import { createProcess, type Process } from './process.ts';
import { createProvider, type Task } from './provider.ts';
import type { Random } from './random.ts';
import type { Site } from './site.ts';
import type { Weather } from './weather.ts';

const CALLBACK = loadJson('events/record-callback.json') as object;

interface Alive {
  readonly process: Process;
  readonly functions: Functions;
  readonly ports: Ports;
}

export interface WorldOptions {
  readonly time: VirtualTime;
  readonly random: Random;
  readonly weather: Weather;
  readonly site: Site;
  readonly settings: Settings;
  readonly trace: (text: string) => void;
}

const FIVE_MINUTES = 300_000;

export function createWorld(options: WorldOptions) {
  const { time, random, weather, site, settings, trace } = options;
  const { witness } = site;
  const alive = new Map<string, Promise<Alive>>();
  let births = 0;
  let isOver = false;
  let clocksSetAt = Number.NEGATIVE_INFINITY;
  /** Of all on one machine, which is also that of a cloud whose clocks are right. */
  const common = random.chance(0.3) ? random.pick([-3_600_000, -200_000, 200_000, 3_600_000]) : 0;
  const skewMs = (): number => common + (site.isOneMachine ? 0 : random.between(-500, 500));

  const provider = createProvider({
    ...{ time, random, weather, trace },
    onAccept: witness.takes,
    onEnd: (task) => callBack(task),
  });

  const born = async (role: string): Promise<Alive> => {
    births += 1;
    const name = `${role}-${births}`;
    const process = createProcess({
      ...{ name, time, random, weather, trace, skewMs: skewMs() },
      onDeath: () => {
        alive.delete(role);
        if (isOver || !(role in LOOPS)) return;
        time.later(random.between(1, 90_000), () => start(role));
      },
    });
    trace(`${name} is born`);
    const ports = await time.during(process.run(() => site.open(process)));
    const functions = openFunctions(process, ports, provider, settings, (request) =>
      witness.sends(request),
    );
    return { process, functions, ports };
  };
  /** One machine is one process, whatever it does. */
  const processOf = (role: string): Promise<Alive> => {
    const name = site.isOneMachine ? 'machine' : role;
    let found = alive.get(name);
    if (!found) {
      found = born(name);
      alive.set(name, found);
    }
    return found;
  };

  /** What a function throws is logged, and its caller's business; what is no error of ours is a fault. */
  const attempt = async (what: string, work: () => Promise<unknown>): Promise<void> => {
    try {
      await work();
    } catch (error) {
      if (!(error instanceof WaybillError)) {
        witness.fail(`${what} threw ${error instanceof Error ? error.stack : String(error)}`);
      }
      trace(`${what} failed: ${error instanceof WaybillError ? error.code : error}`);
    }
  };
  const as = async (role: string, what: string, work: (alive: Alive) => Promise<unknown>) => {
    const who = await processOf(role);
    return who.process.run(() => attempt(what, () => work(who)));
  };

  const work = async ({ process, functions, ports: { queue } }: Alive): Promise<void> => {
    let idleMs = 500;
    while (!isOver) {
      await attempt('receive', async () => {
        const [message] = await queue.receive(1, 90 * 60_000);
        if (!message) return;
        idleMs = 500;
        const { messageId, receipt, body, receiveCount } = message;
        const attributes = { ApproximateReceiveCount: String(receiveCount) };
        const record = { messageId, receiptHandle: receipt, body, attributes };
        const deadline = new Date(process.now() + 900_000);
        const { batchItemFailures } = await functions.work(
          { Records: [record] },
          site.isOneMachine ? {} : { deadline },
        );
        if (batchItemFailures.length === 0) await queue.remove(message);
        else if (site.isOneMachine) await queue.giveBack(message, 61_000);
      });
      await process.wait(idleMs);
      idleMs = Math.min(site.isOneMachine ? 60_000 : 30_000, idleMs * 2);
    }
  };
  const sweep = async ({ process, functions }: Alive): Promise<void> => {
    while (!isOver) {
      await process.wait(FIVE_MINUTES);
      const event = { detail: { followSeconds: 0 } };
      await attempt('sweep', () => functions.sweep(event));
      if (weather.strikes('event twice')) await attempt('sweep', () => functions.sweep(event));
      await attempt('continue', () => functions.night({ detail: { continue: true } }));
    }
  };
  const LOOPS: Readonly<Record<string, (who: Alive) => Promise<void>>> = site.isOneMachine
    ? {
        machine: async (who) => void (await Promise.all([work(who), work(who), sweep(who)])),
      }
    : { 'worker-a': work, 'worker-b': work, 'worker-c': work, sweeper: sweep };

  const busy = new Set<Process>();
  const start = (role: string): void => {
    void processOf(role).then((who) => {
      if (busy.has(who.process)) return;
      busy.add(who.process);
      void who.process.run(() => LOOPS[role]?.(who) ?? Promise.resolve());
    });
  };

  const receiveCallback = (url: string | undefined, what: string): Promise<void> =>
    as('callbacks', what, async ({ functions }) => {
      const token = url?.split('/').at(-1);
      const { statusCode } = await functions.callback({
        ...CALLBACK,
        pathParameters: { token },
        body: '{}',
      });
      trace(`${what} is answered ${statusCode}`);
    });

  let pending = 0;
  const callBack = (task: Task): void => {
    if (weather.strikes('callback lost')) return;
    const url = task.state === 'failed' ? task.failureCallbackUrl : task.successCallbackUrl;
    for (let n = weather.strikes('callback twice') ? 2 : 1; n > 0; n -= 1) {
      const ms = weather.strikes('callback late')
        ? random.between(1, 5_000_000)
        : random.between(1, 2_000);
      pending += 1;
      time.later(ms, () => {
        pending -= 1;
        void receiveCallback(url, `callback of ${task.taskId}`);
      });
    }
  };

  /** Somebody who knows what tokens look like, but not the secret. */
  const forge = (): Promise<void> => {
    const task = random.pick(provider.tasks());
    const url = random.pick([task?.successCallbackUrl, task?.failureCallbackUrl]);
    if (!url) return Promise.resolve();
    const good = url.split('/').at(-1) ?? '';
    const parts = good.split('.');
    const outcomeAt = parts.length - 3;
    const forged = [...parts];
    const kind = random.between(0, 3);
    if (kind === 0) forged[outcomeAt] = parts[outcomeAt] === 's' ? 'f' : 's';
    if (kind === 1) forged[outcomeAt - 1] = String(Number(parts[outcomeAt - 1]) + 1);
    if (kind === 2) forged[outcomeAt - 2] = String(Number(parts[outcomeAt - 2]) + 1);
    if (kind === 3) forged[parts.length - 1] = '0'.repeat(32);
    return as('callbacks', 'forged callback', async ({ functions }) => {
      const event = { ...CALLBACK, pathParameters: { token: forged.join('.') } };
      const { statusCode } = await functions.callback(event);
      if (statusCode !== 404) witness.fail(`a forged callback is answered ${statusCode}`);
    });
  };

  const plan = (key: string): Promise<void> =>
    as('planner', `plan ${key}`, ({ functions }) =>
      functions.plan({ Records: [{ s3: { bucket: { name: 'memory' }, object: { key } } }] }),
    );

  const operate = (runId: string, order: 'cancel' | 'pause' | 'resume' | 'retry'): Promise<void> =>
    as('operator', `${order} ${runId}`, async ({ functions }) => {
      if (order === 'retry') await retryRun(runId, undefined, functions);
      if (order === 'resume') await resumeRun(runId, functions);
      if (order === 'pause') await pauseRun(runId, functions);
      if (order === 'cancel') await cancelRun({ runId } as never, functions);
    });

  const night = (at: number): Promise<void> =>
    as('night', 'nightly pass', ({ functions }) =>
      functions.night({ time: new Date(at).toISOString() }),
    );

  return {
    provider,
    /** Callbacks that are still on their way. */
    pending: () => pending,
    forge,
    night,
    operate,
    plan,
    /** Clocks of all, or of one, are set. */
    async jump(): Promise<void> {
      const [...all] = await Promise.all(alive.values());
      const ms = random.pick([-3_600_000, -60_000, 60_000, 3_600_000]);
      for (const { process } of all) process.skew(common + ms);
      clocksSetAt = time.now();
    },
    /** When they were last. */
    clocksSetAt: () => clocksSetAt,
    start: () => {
      for (const role of Object.keys(LOOPS)) start(role);
    },
    end: async () => {
      isOver = true;
      for (const { process } of await Promise.all(alive.values())) process.die();
    },
  };
}

export type World = ReturnType<typeof createWorld>;
