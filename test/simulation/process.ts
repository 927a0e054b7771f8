/**
 * A simulated process: with a clock of its own, it may die or stand still at any of its calls, and what it
 * had under way when it was believed dead may have its effect later.
 */
import { AsyncLocalStorage } from 'node:async_hooks';
import type { VirtualTime } from '../fixtures/virtual-time.ts';
import type { Random } from './random.ts';
import type { Weather } from './weather.ts';

const current = new AsyncLocalStorage<Process>();

/** Whose code runs now. */
export const currentProcess = (): Process | undefined => current.getStore();

export interface Process {
  readonly name: string;
  readonly isDead: boolean;
  /** By its own clock. */
  readonly now: () => number;
  later(ms: number, act: () => void): () => void;
  readonly wait: (ms: number) => Promise<void>;
  /** Runs as this process. */
  run<Value>(work: () => Promise<Value>): Promise<Value>;
  /** One call of it to something outside. */
  point<Value>(name: string, call: () => Promise<Value>, kind?: 'store' | 'other'): Promise<Value>;
  /** One call to a store that streams its answer. */
  each<Item>(name: string, open: () => AsyncIterable<Item>): AsyncGenerator<Item>;
  skew(ms: number): void;
  die(): void;
}

export interface ProcessOptions {
  readonly name: string;
  readonly time: VirtualTime;
  readonly random: Random;
  readonly weather: Weather;
  readonly trace: (text: string) => void;
  readonly skewMs: number;
  readonly onDeath: () => void;
}

const never = new Promise<never>(() => {});

export function createProcess(options: ProcessOptions): Process {
  const { name, time, random, weather, trace, onDeath } = options;
  let { skewMs } = options;
  let isDead = false;
  let frozen: { readonly until: Promise<void>; readonly held: (() => void)[] } | undefined;
  let left = weather.life();
  let awakeFor = weather.awake();

  const die = (): void => {
    if (isDead) return;
    isDead = true;
    trace(`${name} dies`);
    onDeath();
  };
  const freeze = (): void => {
    const ms = weather.frozenMs();
    trace(`${name} stands still for ${ms}`);
    const held: (() => void)[] = [];
    const { promise, resolve } = Promise.withResolvers<void>();
    frozen = { until: promise, held };
    time.later(ms, () => {
      frozen = undefined;
      resolve();
      for (const act of held) act();
    });
  };
  const awake = async (): Promise<void> => {
    while (frozen && !isDead) await frozen.until;
    if (isDead) await never;
  };
  const later = (ms: number, act: () => void): (() => void) => {
    let isCancelled = false;
    const due = (): void => {
      if (isDead || isCancelled) return;
      if (frozen) frozen.held.push(due);
      else current.run(self, act);
    };
    const cancel = time.later(ms, due);
    return () => {
      isCancelled = true;
      cancel();
    };
  };
  const wait = (ms: number): Promise<void> => new Promise((resume) => void later(ms, resume));

  const point: Process['point'] = async (what, call, kind = 'store') => {
    await awake();
    left -= 1;
    awakeFor -= 1;
    if (left < 0 && !weather.isCalm) {
      left = Number.POSITIVE_INFINITY;
      const fate = random.between(0, 2);
      // Heard by nobody, now or once others have taken over.
      if (fate === 1) time.during(call().catch(() => {}));
      if (fate === 2)
        time.later(random.between(1, 180_000), () => void time.during(call().catch(() => {})));
      weather.note('process dies');
      trace(`${name} ${what} is its last: ${fate}`);
      die();
      return never;
    }
    if (awakeFor < 0 && !weather.isCalm) {
      awakeFor = weather.awake();
      weather.note('process stands still');
      freeze();
      await awake();
    }
    const ms = weather.latencyMs();
    if (ms > 0) await wait(ms);
    if (kind === 'store') weather.before(what);
    trace(`${name} ${what}`);
    const value = await time.during(call());
    if (kind === 'store') weather.after(what);
    if (frozen || isDead) await awake();
    return value;
  };

  async function* each<Item>(what: string, open: () => AsyncIterable<Item>): AsyncGenerator<Item> {
    const iterator = await point(what, async () => open()[Symbol.asyncIterator]());
    for (;;) {
      const next = await time.during(iterator.next());
      if (frozen || isDead) await awake();
      if (next.done) return;
      yield next.value;
    }
  }

  const self: Process = {
    name,
    get isDead() {
      return isDead;
    },
    now: () => time.now() + skewMs,
    later,
    wait,
    run: (work) => current.run(self, work),
    point,
    each,
    skew(ms) {
      skewMs = ms;
      trace(`${name} has its clock set to ${ms}`);
    },
    die,
  };
  return self;
}

/** Names of methods that stream. */
const STREAMS: ReadonlySet<string> = new Set(['shards', 'read', 'list']);

/** A port as one process sees it: each call is a point. */
export function watched<Port extends object>(
  port: Port,
  process: Process,
  { streams = [] as readonly string[], own = {} as Partial<Port> } = {},
): Port {
  const seen: Record<PropertyKey, unknown> = {};
  for (const name of Object.keys(port)) {
    const call = Reflect.get(port, name);
    if (typeof call !== 'function') seen[name] = call;
    else if (STREAMS.has(name) && streams.includes(name)) {
      seen[name] = (...given: unknown[]) => process.each(name, () => call.apply(port, given));
    } else {
      seen[name] = (...given: unknown[]) =>
        process.point(name, async () => call.apply(port, given));
    }
  }
  return { ...seen, ...own } as Port;
}
