import { setImmediate } from 'node:timers/promises';
import { describe, expect, it } from 'vitest';
import { createIntent } from '../../../../shared/ledger/intent.ts';
import type { IntentWindow, Ledger } from '../../../../shared/ledger/ledger.ts';
import type { TransferUpdate } from '../../../../shared/ledger/model.ts';
import { NO_TALLY } from '../../../../shared/ledger/tally.ts';
import { newRun, newShard } from '../../../contract/ledger.ts';
import { openStores } from '../../../fixtures/stores.ts';

const START = Date.parse('2026-11-20T02:00:00Z');
const LEASE_MS = 60_000;

/**
 * A worker with a shard whose lines 0 and 1 stand there as `report` says; an earlier one may have sent
 * the lines below 256.
 */
async function setup(
  report: Partial<TransferUpdate> = {},
  change: (ledger: Ledger) => Partial<Ledger> = () => ({}),
  more: readonly IntentWindow[] = [],
  rows: readonly number[] = [0, 1],
) {
  const { ledger } = openStores();
  const clock = { at: START };
  const now = () => new Date(clock.at);
  const shard = newShard('r1');
  const lease = (owner: string) => ({ owner, at: now(), leaseMs: LEASE_MS });
  await ledger.openRun(newRun('r1'));
  await ledger.activateRun('r1', { shardCount: 1, sizeBytes: 100 });
  await ledger.openShard(shard, lease('first'));
  for (const window of [{ through: 256, at: now() }, ...more]) {
    await ledger.coverShard(shard, lease('first'), window, NO_TALLY);
  }
  for (const line of rows) {
    const order = { state: 'planned', attempt: 2, accepted: [], event: 'ordered' } as const;
    await ledger.record(`r1.0.${line}`, { ...order, at: new Date(START + 20_000), ...report });
  }
  await ledger.releaseShard(shard, lease('first'));
  clock.at += 20_000;
  const opened = await ledger.openShard(shard, lease('w'));
  if (typeof opened === 'string') throw new Error(opened);
  const intent = createIntent({
    ledger: { ...ledger, ...change(ledger) },
    shard,
    opened,
    lease: { owner: 'w', leaseMs: LEASE_MS },
    watch: ledger.stops.watch('r1'),
    settleMs: 60_000,
    windowLines: 2,
    seen: () => NO_TALLY,
    now,
  });
  const asked: Date[] = [];
  const next = (line: number, arrived = true) => {
    const object = { url: `http://o.example/${line}`, key: `k${line}` };
    const transfer = { id: `r1.0.${line}`, line, target: shard.target, ...object };
    return intent.next(transfer, async (_transfer, since) => {
      asked.push(since);
      return arrived;
    });
  };
  return { asked, clock, intent, lease, ledger, next, now, shard };
}

it('sends nothing more of its rows soon after the run was cancelled', async () => {
  const { clock, intent, ledger, next, now } = await setup();
  expect(await next(0)).toBe(2);
  await ledger.stopRun('r1', { state: 'cancelled', at: now() });
  clock.at += 10_000;
  expect(await next(1)).toBeUndefined();
  expect(intent.signal.aborted).toBe(true);
  expect((await ledger.read('r1.0.1'))?.state).toBe('planned');
});

it('keeps its shard for as long as it sends', async () => {
  const { clock, lease, ledger, next, shard } = await setup();
  for (const line of [0, 1]) {
    clock.at += LEASE_MS - 1_000;
    expect(await next(line)).toBe(2);
  }
  expect(await ledger.openShard(shard, lease('other'))).toBe('leased');
});

it('looks for what arrived since it was sent, not since no answer came', async () => {
  const unanswered = { state: 'submitting', attempt: 1, event: 'unanswered' } as const;
  const { asked, clock, next } = await setup(unanswered);
  await expect(next(0)).rejects.toMatchObject({ code: 'UNSETTLED' });
  clock.at += 60_000;
  expect(await next(0)).toBeUndefined();
  expect(asked).toEqual([new Date(START)]);
});

it.each([
  ['the attempt that is open, not the first one', { attempt: 2, event: 'submitting' }, 0],
  ['its row where nothing else tells', { attempt: 1, event: 'unanswered' }, 300],
] as const)('looks for what arrived since %s', async (_name, report, line) => {
  const submitting = { state: 'submitting', ...report } as const;
  const { asked, clock, next } = await setup(submitting, () => ({}), [], [line]);
  clock.at += 60_000;
  expect(await next(line)).toBeUndefined();
  expect(asked).toEqual([new Date(START + 20_000)]);
});

describe('G2: lets a line be sent only once it is kept that it may be:', () => {
  it.each([
    ['one that nobody may have sent', 256, {}, 1, 'window to 258'],
    ['one that is ordered again', 0, {}, 2, 'submitting 2'],
    [
      'one that did not arrive',
      0,
      { state: 'submitting', attempt: 1, event: 'submitting' },
      2,
      'submitting 2',
    ],
  ] as const)('%s', async (_name, line, report, attempt, intent) => {
    const kept: string[] = [];
    const slowly = async <Answer>(write: Promise<Answer>, what: string): Promise<Answer> => {
      const answer = await write;
      for (let turns = 0; turns < 10; turns += 1) await setImmediate();
      kept.push(what);
      return answer;
    };
    const { clock, next } = await setup(report, ({ coverShard, record }) => ({
      coverShard: (...given) => slowly(coverShard(...given), `window to ${given[2].through}`),
      record: (id, update) => slowly(record(id, update), `${update.state} ${update.attempt}`),
    }));
    clock.at += 60_000;
    expect(await next(line, false)).toBe(attempt);
    expect(kept).toContain(intent);
  });

  it('each line, however many ask at once', async () => {
    const windows: number[] = [];
    const { intent, next } = await setup({}, ({ coverShard }) => ({
      coverShard: async (...given) => {
        const answer = await coverShard(...given);
        windows.push(given[2].through);
        return answer;
      },
    }));
    const sent = async (line: number) => {
      expect(await next(line)).toBe(1);
      expect(windows.some((through) => line < through)).toBe(true);
    };
    await Promise.all([256, 257, 258, 259].map(sent));
    for (const line of [260, 261, 262, 263]) await sent(line);
    expect(windows).toEqual([258, 260, 262, 264]);
    expect(intent.unsentFrom).toBe(Number.POSITIVE_INFINITY);
  });
});

it('G2: gives back the windows of those before it, and of its own what it may have sent', async () => {
  const { clock, intent, next } = await setup();
  for (const line of [256, 257, 258]) expect(await next(line)).toBe(1);
  const [earlier, own] = [START, clock.at].map((at) => new Date(at));
  expect(intent.windowsBelow(259)).toEqual([
    { through: 256, at: earlier },
    { through: 258, at: own },
    { through: 259, at: own },
  ]);
  expect(intent.windowsBelow(0)).toContainEqual({ through: 256, at: earlier });
});

it('G2: looks for a line since the first window over it, not since a later one', async () => {
  const again = { through: 300, at: new Date(START + 10_000) };
  const { asked, clock, next } = await setup({}, () => ({}), [again]);
  clock.at += 60_000;
  for (const line of [2, 299]) expect(await next(line)).toBeUndefined();
  expect(asked).toEqual([new Date(START), again.at]);
});

it('G2: lets nothing more be sent once another worker has the shard', async () => {
  const { intent, ledger, lease, next, shard } = await setup();
  expect(await next(256)).toBe(1);
  await ledger.releaseShard(shard, lease('w'));
  expect(await ledger.openShard(shard, lease('other'))).toBeTypeOf('object');
  expect(await next(300)).toBeUndefined();
  expect(intent.signal.aborted).toBe(true);
  expect(intent.unsentFrom).toBe(300);
  await expect(intent.checkRun()).rejects.toMatchObject({ code: 'RUN_STOPPED' });
});

it('tells with each window below which line everything is settled, acceptances in a pack aside', async () => {
  const told: (number | undefined)[] = [];
  const packed: number[] = [];
  const { intent, next } = await setup({}, ({ coverShard }) => ({
    packs: { lines: 256, ms: 10_000 },
    accept: async (_shard, pack) => void packed.push(...pack.map(({ line }) => line)),
    coverShard: (...given) => {
      told.push(given[4]?.settledBelow);
      return coverShard(...given);
    },
  }));
  for (const line of [256, 257, 258]) await next(line);
  for (const line of [256, 258]) intent.settle(line);
  await next(260);
  intent.settle(257);
  await intent.accept({ line: 258, id: 't', at: new Date(START) });
  intent.settle(260);
  await next(262);
  await intent.flush();
  await next(264);
  expect(told).toEqual([256, 256, 257, 258, 262]);
  expect(packed).toEqual([258]);
});

it('takes back what never left: a row is ordered anew, a line of a window has none', async () => {
  const { clock, intent, ledger, next, shard } = await setup();
  clock.at += 60_000;
  const transferOf = (line: number) => {
    const object = { url: `http://o.example/${line}`, key: `k${line}` };
    return { id: `r1.0.${line}`, line, target: shard.target, ...object };
  };
  for (const [line, attempt] of [
    [0, 2],
    [2, 2],
    [256, 1],
  ] as const) {
    expect(await next(line, false)).toBe(attempt);
    await intent.giveBack(transferOf(line), attempt);
  }
  for (const id of ['r1.0.0', 'r1.0.2']) {
    expect(await ledger.read(id)).toMatchObject({ state: 'planned', attempt: 3 });
  }
  expect(await ledger.read('r1.0.256')).toBeUndefined();
  expect(intent.unsentFrom).toBe(0);
});
