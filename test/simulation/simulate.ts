/**
 * One seed: some manifests, everybody at work on them while the seed's faults happen, then calm until all is
 * closed, and the verdict. The same seed does the same, call by call.
 */
import { createHash } from 'node:crypto';
import type { Run } from '../../shared/ledger/model.ts';
import { createVirtualTime, type VirtualTime } from '../fixtures/virtual-time.ts';
import type { Settings } from './functions.ts';
import { withGlobals } from './globals.ts';
import { createMemoryObjects } from './objects.ts';
import { currentProcess } from './process.ts';
import { createRandom, type Random } from './random.ts';
import type { OpenSite } from './site.ts';
import { judge, type Manifest } from './verdict.ts';
import { createWeather } from './weather.ts';
import type { Witness } from './witness.ts';
import { createWorld, type World } from './world.ts';

const MINUTE = 60_000;
const HOUR = 60 * MINUTE;

/** No run takes longer once nothing goes wrong any more. */
const CALM_MS = 30 * HOUR;

export interface Outcome {
  readonly seed: number;
  /** What must not be, and was. */
  readonly faults: readonly string[];
  /** Of everything that happened, in order. */
  readonly digest: string;
  /** The end of it. */
  readonly trace: readonly string[];
  readonly struck: ReadonlyMap<string, number>;
  /** And other things that happened. */
  readonly calls: number;
  /** Virtual. */
  readonly tookMs: number;
}

export async function simulate(seed: number, open: OpenSite, traced = 0): Promise<Outcome> {
  const random = createRandom(seed);
  const time = createVirtualTime();
  const hash = createHash('sha1');
  const kept: string[] = [];
  let calls = 0;
  const trace = (text: string): void => {
    calls += 1;
    const line = `${new Date(time.now()).toISOString().slice(8, 23)} ${text}`;
    hash.update(line);
    kept.push(line);
    if (kept.length > 2 * traced) kept.splice(0, kept.length - traced);
  };
  const platform = () => currentProcess() ?? time;
  return withGlobals(platform, random, async () => {
    const weather = createWeather(random);
    const objects = createMemoryObjects(time.now);
    const site = open({ time, random, weather, objects });
    const settings = drawSettings(random);
    const world = createWorld({ time, random, weather, site, settings, trace });
    const { witness } = site;
    const manifests = drawManifests(random, time.now());
    const startedAt = time.now();
    const all = async (): Promise<readonly Run[]> =>
      time.during(site.raw.ledger.runs({ limit: 100 }).then(({ items }) => items));
    let checked = -1;
    const check = async (): Promise<void> => {
      if (checked === witness.effects()) return;
      checked = witness.effects();
      for (const { runId } of await all()) await time.during(witness.count(runId));
    };
    try {
      const endsAt = schedule({ manifests, random, time, weather, world, all, objects });
      world.start();
      while (time.now() < endsAt && witness.faults.length === 0) {
        await time.run(random.between(1, 4 * MINUTE));
        await check();
      }
      weather.calm();
      if (witness.faults.length === 0)
        await settle({ time, all, world, witness, manifests, check, random });
      if (witness.faults.length === 0) {
        const runs = await all();
        await time.during(
          judge({
            runs,
            manifests,
            raw: site.raw,
            ...world,
            clocksSetAt: world.clocksSetAt(),
            witness,
          }),
        );
      }
    } finally {
      await world.end();
      await site.close();
    }
    return {
      seed,
      faults: witness.faults,
      digest: hash.digest('hex'),
      trace: traced > 0 ? kept.slice(-traced) : [],
      struck: weather.struck,
      calls,
      tookMs: time.now() - startedAt,
    };
  });
}

const drawSettings = (random: Random): Settings => ({
  shardBytes: random.pick([150, 300, 700, 2_000, 65_536]),
  requestsPerSecond: random.pick([2, 20, 200]),
  inFlight: random.between(1, 6),
  maxAttempts: random.between(1, 3),
  maxNights: 2,
  isShared: random.chance(0.15),
  verify: random.pick(['none', 'failures', 'all']),
});

function drawManifests(random: Random, at: number): readonly Manifest[] {
  const count = random.pick([1, 1, 2, 3]);
  return Array.from({ length: count }, (_, n) => {
    const good: string[] = [];
    let bad = 0;
    let text = random.chance(0.8) ? 'url,key,md5\n' : '';
    const lines = random.pick([0, 3, 8, 16]) + random.between(1, 6);
    for (let line = 0; line < lines; line += 1) {
      const key = `${n}/${line}`;
      if (random.chance(0.05)) {
        text += `https://origin.example/${key},${key},\n`;
        bad += 1;
      } else if (random.chance(0.04)) text += '\n';
      else {
        text += `http://origin.example/${'x'.repeat(random.between(0, 40))}${key},${key},\n`;
        good.push(key);
      }
    }
    if (random.chance(0.3)) text = text.replace(/\n$/, '');
    const key = `cos-fetch/ap-shanghai/examplebucket-1250000000/m${n}.csv`;
    return { key, text, good, bad, at: at + random.between(0, 20 * MINUTE), isChanged: false };
  });
}

interface Scheduling {
  readonly manifests: readonly Manifest[];
  readonly random: Random;
  readonly time: VirtualTime;
  readonly weather: ReturnType<typeof createWeather>;
  readonly world: World;
  readonly all: () => Promise<readonly Run[]>;
  readonly objects: ReturnType<typeof createMemoryObjects>;
}

/** @returns when the faults end */
function schedule({ manifests, random, time, weather, world, all, objects }: Scheduling): number {
  const lengthMs = random.between(5, 60) * MINUTE;
  const at = (ms: number, act: () => unknown): void => void time.later(ms, () => void act());
  const anytime = (): number => random.between(1, lengthMs);
  for (const { key, text, at: from } of manifests) {
    at(from - time.now(), () => time.during(objects.put(key, text)).then(() => world.plan(key)));
    // The event comes again, at once or later.
    for (let n = random.between(0, 2); n > 0; n -= 1) {
      at(from - time.now() + random.pick([0, 1, 30, 300_000]), () => world.plan(key));
    }
  }
  const onSome = (act: (runId: string) => unknown) => async (): Promise<void> => {
    const runs = await all();
    if (runs.length > 0) act(random.pick(runs).runId);
  };
  const orders = ['cancel', 'pause', 'resume', 'resume', 'retry', 'retry'] as const;
  if (random.chance(0.5)) {
    for (let n = random.between(1, 6); n > 0; n -= 1) {
      const order = random.pick(orders);
      at(
        anytime(),
        onSome((runId) => world.operate(runId, order)),
      );
    }
  }
  for (let n = random.pick([0, 0, 1, 2]); n > 0; n -= 1) {
    const from = anytime();
    at(from, () => weather.storesDown(true));
    at(from + MINUTE, () => weather.storesDown(false));
  }
  for (let n = random.pick([0, 0, 1, 2]); n > 0; n -= 1) {
    const when = anytime();
    at(when, () => world.night(when));
    if (random.chance(0.5)) at(when + random.pick([0, 5, 100_000]), () => world.night(when));
  }
  for (let n = random.between(0, 4); n > 0; n -= 1) at(anytime(), world.forge);
  if (random.chance(0.15)) at(anytime(), world.jump);
  if (random.chance(0.03)) {
    const manifest = random.pick(manifests);
    at(manifest.at - time.now() + random.between(1, 600_000), async () => {
      manifest.isChanged = true;
      await time.during(objects.put(manifest.key, `${manifest.text}\nhttp://o.example/new,new,\n`));
    });
  }
  return time.now() + lengthMs;
}

interface Settling {
  readonly time: VirtualTime;
  readonly all: () => Promise<readonly Run[]>;
  readonly world: World;
  readonly witness: Witness;
  readonly manifests: readonly Manifest[];
  readonly check: () => Promise<void>;
  readonly random: Random;
}

/** Everybody does their part until nothing is open, then once more for what ended early or failed. */
async function settle({
  time,
  all,
  world,
  witness,
  manifests,
  check,
  random,
}: Settling): Promise<void> {
  const quiet = async (what: string): Promise<void> => {
    const until = time.now() + CALM_MS;
    for (;;) {
      await time.run(5 * MINUTE);
      const open = (await all()).filter(({ closedAt }) => closedAt === undefined);
      if (open.length === 0 && time.now() > until - CALM_MS + 5 * MINUTE) return check();
      if (witness.faults.length > 0) return;
      if (time.now() > until) {
        const told = open.map(
          ({ runId, state, counts }) => `${runId} ${state} ${JSON.stringify(counts)}`,
        );
        return witness.fail(
          `${what}: not closed after ${CALM_MS / HOUR} hours: ${told.join('; ')}`,
        );
      }
    }
  };
  for (const { key, at } of manifests) {
    if (at > time.now()) await time.run(at - time.now());
    await until(time, world.plan(key));
  }
  for (const { runId, state } of await all()) {
    if (state === 'paused') await until(time, world.operate(runId, 'resume'));
  }
  await quiet('once it is calm');
  for (const { runId, state } of await all()) {
    const isStopped = state === 'cancelled' || state === 'failed';
    if (isStopped || random.chance(0.2)) await until(time, world.operate(runId, 'retry'));
  }
  await quiet('after retries');
  if (random.chance(0.3)) {
    await until(time, world.night(time.now()));
    await quiet('after a nightly pass');
  }
  while (world.pending() > 0) await time.run(5 * MINUTE);
  await time.run(MINUTE);
}

async function until(time: VirtualTime, work: Promise<void>): Promise<void> {
  let isDone = false;
  void work.finally(() => {
    isDone = true;
  });
  for (let n = 0; n < 100_000 && !isDone; n += 1) await time.run(50);
}
