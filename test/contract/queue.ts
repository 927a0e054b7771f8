/** What every queue adapter must do, the same assertions for each. */
import { beforeEach, describe, expect, it } from 'vitest';
import type { Queue } from '../../shared/stores/queue.ts';

export interface QueueUnderTest {
  readonly queue: Queue;
  /** Lets time pass for the queue: at least so much, and less than 500 ms more. */
  advance(ms: number): Promise<void>;
  readonly maxReceives: number;
}

/** What a queue promises beyond what every one does. */
export interface QueueTraits {
  /** Messages come in the order in which they were sent or given back. */
  readonly isOrdered: boolean;
  /** One process owns it and can take back what an earlier one held. */
  readonly isOwned: boolean;
  /** A dead letter tells how often it was received. */
  readonly countsDead: boolean;
  /** Groups are served in turn. */
  readonly isFair: boolean;
  /** A receipt of an earlier delivery ends nothing, and one call gives out all that was asked for. */
  readonly isExact: boolean;
}

const ALL: QueueTraits = {
  isOrdered: true,
  isOwned: true,
  countsDead: true,
  isFair: true,
  isExact: true,
};

/** SQS promises no more. */
export const OF_SQS: QueueTraits = {
  isOrdered: false,
  isOwned: false,
  countsDead: false,
  isFair: false,
  isExact: false,
};

export function queueContract(
  name: string,
  open: () => Promise<QueueUnderTest>,
  { isOrdered, isOwned, countsDead, isFair, isExact }: QueueTraits = ALL,
): void {
  describe(`queue contract: ${name}`, () => {
    let queue: Queue;
    let advance: QueueUnderTest['advance'];
    let maxReceives: number;
    beforeEach(async () => {
      ({ queue, advance, maxReceives } = await open());
    });
    const bodies = async (max = 10, visibilityMs = 1_000) =>
      (await queue.receive(max, visibilityMs)).map(({ body }) => body);
    const inOrder = it.runIf(isOrdered);
    const byOwner = it.runIf(isOwned);
    const inTurn = it.runIf(isFair);
    const exactly = it.runIf(isExact);

    it('gives out up to the number of messages asked for', async () => {
      await queue.send(['a', 'b']);
      await queue.send(['c']);
      const calls: string[][] = [];
      while (calls.flat().length < 3) calls.push(await bodies(2, 60_000));
      expect(Math.max(...calls.map(({ length }) => length))).toBeLessThanOrEqual(2);
      if (isExact) expect(calls.map(({ length }) => length)).toEqual([2, 1]);
      expect(calls.flat().sort()).toEqual(['a', 'b', 'c']);
      expect(await bodies(2)).toEqual([]);
    });

    inOrder('gives messages out oldest first', async () => {
      await queue.send(['a', 'b']);
      await queue.send(['c']);
      expect(await bodies(2)).toEqual(['a', 'b']);
      expect(await bodies(2)).toEqual(['c']);
      expect(await bodies(2)).toEqual([]);
    });

    it('keeps bodies as they are', async () => {
      const body = JSON.stringify({ key: '目录/a "b"\n\u{1f680}', size: 'x'.repeat(100_000) });
      await queue.send([body]);
      expect(await bodies()).toEqual([body]);
    });

    it('hides a received message until its time is over, and counts its deliveries', async () => {
      await queue.send(['a']);
      const [first] = await queue.receive(1, 1_000);
      expect(first).toMatchObject({ body: 'a', receiveCount: 1 });
      await advance(300);
      expect(await bodies()).toEqual([]);
      await advance(700);
      const [second] = await queue.receive(1, 1_000);
      expect(second).toMatchObject({ messageId: first?.messageId, receiveCount: 2 });
      expect(second?.receipt).not.toBe(first?.receipt);
    });

    it('gives out messages after their delay, and others meanwhile', async () => {
      await queue.send(['late'], { group: 'r1', delayMs: 1_000 });
      await queue.send(['now'], { group: 'r1' });
      expect(await bodies(10, 60_000)).toEqual(['now']);
      await advance(1_000);
      expect(await bodies(10, 60_000)).toEqual(['late']);
    });

    it('tells how long the oldest waits that could be received, where it tells that', async () => {
      if (!queue.waitedMs) return;
      expect(await queue.waitedMs()).toBe(0);
      await queue.send(['a']);
      await queue.send(['later'], { delayMs: 60_000 });
      await advance(2_000);
      await queue.send(['b']);
      await advance(1_000);
      expect(await queue.waitedMs()).toBe(3_000);
      await queue.receive(1, 60_000);
      expect(await queue.waitedMs()).toBe(1_000);
    });

    it('ends a removed message for good', async () => {
      await queue.send(['a']);
      const [message] = await queue.receive(1, 1_000);
      if (message) await queue.remove(message);
      await advance(5_000);
      expect(await bodies()).toEqual([]);
      expect(await queue.depth()).toEqual({ waiting: 0, inFlight: 0, dead: 0 });
    });

    it('extends the time, or gives a message back at once', async () => {
      await queue.send(['a']);
      const [message] = await queue.receive(1, 1_000);
      if (!message) throw new Error('nothing received');
      await queue.extend(message, 3_000);
      await advance(2_000);
      expect(await bodies()).toEqual([]);
      await queue.giveBack(message, 0);
      expect(await bodies()).toEqual(['a']);
    });

    it('gives a message back for later', async () => {
      await queue.send(['a']);
      const [message] = await queue.receive(1, 60_000);
      if (!message) throw new Error('nothing received');
      await queue.giveBack(message, 1_000);
      expect(await bodies()).toEqual([]);
      await advance(1_000);
      expect(await queue.receive(1, 60_000)).toMatchObject([{ body: 'a', receiveCount: 2 }]);
    });

    exactly('ignores the receipt of a message that was given back', async () => {
      await queue.send(['a']);
      const [message] = await queue.receive(1, 60_000);
      if (!message) throw new Error('nothing received');
      await queue.giveBack(message, 0);
      await queue.receive(1, 60_000);
      await queue.giveBack(message, 0);
      await queue.remove(message);
      expect(await queue.depth()).toEqual({ waiting: 0, inFlight: 1, dead: 0 });
    });

    exactly('ignores a receipt of an earlier delivery', async () => {
      await queue.send(['a']);
      const [stale] = await queue.receive(1, 1_000);
      await advance(1_000);
      const [fresh] = await queue.receive(1, 1_000);
      if (!stale || !fresh) throw new Error('nothing received');
      await queue.remove(stale);
      await queue.extend(stale, 0);
      await queue.giveBack(stale, 0);
      expect(await bodies()).toEqual([]);
      await advance(1_000);
      expect(await bodies()).toEqual(['a']);
    });

    it('sets a message aside that was received too often', async () => {
      await queue.send(['poison', 'good']);
      for (let time = 1; time <= maxReceives; time += 1) {
        const messages = await queue.receive(10, 1_000);
        const poison = messages.find(({ body }) => body === 'poison');
        expect(poison).toMatchObject({ receiveCount: time });
        for (const message of messages) {
          if (message.body === 'good') await queue.remove(message);
        }
        await advance(1_000);
      }
      expect(await bodies()).toEqual([]);
      expect(await queue.depth()).toEqual({ waiting: 0, inFlight: 0, dead: 1 });
      const dead = await queue.deadLetters(10);
      expect(dead.map(({ body }) => body)).toEqual(['poison']);
      if (countsDead) expect(dead[0]?.receiveCount).toBe(maxReceives);
    });

    it('puts dead letters back as if they were new, up to the number asked for', async () => {
      await queue.send(['a', 'b', 'c']);
      for (let time = 0; time <= maxReceives; time += 1) {
        await queue.receive(10, 1_000);
        await advance(1_000);
      }
      expect(await queue.depth()).toEqual({ waiting: 0, inFlight: 0, dead: 3 });
      expect(await queue.redrive(2)).toBe(2);
      expect(await queue.depth()).toEqual({ waiting: 2, inFlight: 0, dead: 1 });
      expect(await queue.redrive(100)).toBe(1);
      expect(await queue.redrive(100)).toBe(0);
      const messages = await queue.receive(10, 1_000);
      expect(messages.map(({ body }) => body).sort()).toEqual(['a', 'b', 'c']);
      expect(messages.every(({ receiveCount }) => receiveCount === 1)).toBe(true);
    });

    it('tells how many wait and are in flight', async () => {
      await queue.send(['a', 'b', 'c']);
      await queue.receive(1, 1_000);
      expect(await queue.depth()).toEqual({ waiting: 2, inFlight: 1, dead: 0 });
    });

    byOwner('makes what is in flight visible again for the process that owns it', async () => {
      await queue.send(['a', 'b']);
      await queue.receive(1, 60_000);
      expect(await queue.recover()).toBe(1);
      // The message may be what killed the process: a delivery that was begun counts.
      const received = await queue.receive(10, 1_000);
      expect(received.map(({ body, receiveCount }) => [body, receiveCount]).sort()).toEqual([
        ['a', 2],
        ['b', 1],
      ]);
    });

    it('takes messages of every group', async () => {
      await queue.send(['a1', 'a2'], { group: 'run-a' });
      await queue.send(['b1'], { group: 'run-b' });
      expect((await bodies()).sort()).toEqual(['a1', 'a2', 'b1']);
    });

    inTurn('G11: serves the group first that was served least recently', async () => {
      await queue.send(['a1', 'a2', 'a3', 'a4'], { group: 'a' });
      expect(await bodies(2, 60_000)).toEqual(['a1', 'a2']);
      await advance(1_000);
      await queue.send(['b1', 'b2'], { group: 'b' });
      await queue.send(['c1'], { group: 'c' });
      expect(await bodies(1, 60_000)).toEqual(['b1']);
      expect(await bodies(4, 60_000)).toEqual(['c1', 'a3', 'b2', 'a4']);
    });

    inTurn('G11: a group that waits has its turn, however many new ones come', async () => {
      await queue.send(['a1', 'a2', 'a3'], { group: 'a' });
      const seen: string[] = [];
      for (let n = 0; n < 6; n += 1) {
        for (const each of ['x', 'y']) await queue.send([`${each}${n}`], { group: `${each}${n}` });
        seen.push(...(await bodies(2, 60_000)));
      }
      expect(seen.filter((body) => body.startsWith('a'))).toEqual(['a1', 'a2', 'a3']);
    });

    inTurn('G11: remembers whose turn it was while a group has messages', async () => {
      await queue.send(['a1'], { group: 'a' });
      const [first] = await queue.receive(1, 60_000);
      await queue.send(['b1'], { group: 'b' });
      // As a worker does that has used up its time: its shard goes to the back.
      await queue.send(['a1'], { group: 'a' });
      if (first) await queue.remove(first);
      expect(await bodies(2, 60_000)).toEqual(['b1', 'a1']);
    });

    it('gives each message to one of many receivers', async () => {
      await queue.send(Array.from({ length: 100 }, (_, n) => String(n)));
      const received = await Promise.all(Array.from({ length: 20 }, () => bodies(5, 60_000)));
      while (!isExact && received.flat().length < 100) received.push(await bodies(5, 60_000));
      expect(new Set(received.flat()).size).toBe(100);
      expect(received.flat()).toHaveLength(100);
    });

    it('leaves nothing of a probe', async () => {
      await queue.probe();
      expect(await queue.depth()).toEqual({ waiting: 0, inFlight: 0, dead: 0 });
      expect(await bodies()).toEqual([]);
    });

    it('takes an empty batch for nothing', async () => {
      await queue.send([]);
      expect(await queue.depth()).toEqual({ waiting: 0, inFlight: 0, dead: 0 });
    });

    inOrder('lets what was given back wait behind what waited before it', async () => {
      await queue.send(['a', 'b']);
      const [message] = await queue.receive(1, 60_000);
      await advance(1_000);
      if (message) await queue.giveBack(message, 0);
      expect(await bodies()).toEqual(['b', 'a']);
    });

    it('takes a message for dead only once its last delivery is over', async () => {
      await queue.send(['a']);
      for (let time = 1; time < maxReceives; time += 1) {
        const [message] = await queue.receive(1, 60_000);
        if (message) await queue.giveBack(message, 0);
      }
      const [last] = await queue.receive(1, 60_000);
      expect(await queue.deadLetters(10)).toEqual([]);
      expect(await queue.depth()).toEqual({ waiting: 0, inFlight: 1, dead: 0 });
      if (last) await queue.remove(last);
      expect(await queue.depth()).toEqual({ waiting: 0, inFlight: 0, dead: 0 });
    });

    const crashWith = async (max: number): Promise<readonly string[]> => {
      const messages = await queue.receive(max, 600_000);
      await queue.recover();
      // What the process that died would have ended: its receipts are worth nothing.
      for (const message of messages) await queue.remove(message);
      return messages.map(({ body }) => body);
    };

    byOwner(
      'G2: loses no message to crashes; one that was begun too often is a dead letter',
      async () => {
        await queue.send(['a']);
        for (let crash = 1; crash <= maxReceives; crash += 1) {
          expect(await crashWith(1)).toEqual(['a']);
          const { dead } = await queue.depth();
          expect(dead).toBe(crash === maxReceives ? 1 : 0);
          await advance(600_000);
        }
        expect(await bodies()).toEqual([]);
        expect((await queue.deadLetters(10)).map(({ body }) => body)).toEqual(['a']);
        expect(await queue.redrive(10)).toBe(1);
        expect(await bodies()).toEqual(['a']);
      },
    );

    byOwner('delivers what two processes died with after others, and alone', async () => {
      await queue.send(['a', 'b']);
      expect(await crashWith(2)).toEqual(['a', 'b']);
      // Once is no reason for suspicion.
      expect(await crashWith(2)).toEqual(['a', 'b']);
      await queue.send(['c', 'd']);
      const [c] = await queue.receive(1, 600_000);
      expect(c?.body).toBe('c');
      await advance(60_000);
      // Now it is the turn of the first of them, but something else is still being worked on.
      expect(await bodies()).toEqual([]);
      if (c) await queue.remove(c);
      const [a, ...others] = await queue.receive(10, 600_000);
      expect([a?.body, others]).toEqual(['a', []]);
      expect(await bodies()).toEqual([]);
      if (a) await queue.remove(a);
      const [b] = await queue.receive(10, 600_000);
      expect(b?.body).toBe('b');
      if (b) await queue.remove(b);
      expect(await bodies()).toEqual(['d']);
    });

    byOwner('counts no crash for what was given back before it', async () => {
      await queue.send(['a']);
      for (let crash = 1; crash < maxReceives; crash += 1) {
        const [message] = await queue.receive(1, 600_000);
        if (message) await queue.giveBack(message, 300_000);
        await queue.recover();
      }
      await queue.send(['b']);
      expect((await bodies()).sort()).toEqual(['a', 'b']);
    });
  });
}
