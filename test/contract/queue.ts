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
}

const ALL: QueueTraits = { isOrdered: true, isOwned: true, countsDead: true, isFair: true };

export function queueContract(
  name: string,
  open: () => Promise<QueueUnderTest>,
  { isOrdered, isOwned, countsDead, isFair }: QueueTraits = ALL,
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

    it('gives out up to the number of messages asked for', async () => {
      await queue.send(['a', 'b']);
      await queue.send(['c']);
      const [first, second] = [await bodies(2), await bodies(2)];
      expect([first.length, second.length]).toEqual([2, 1]);
      expect([...first, ...second].sort()).toEqual(['a', 'b', 'c']);
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
      await queue.extend(message, 0);
      expect(await bodies()).toEqual(['a']);
    });

    it('ignores a receipt of an earlier delivery', async () => {
      await queue.send(['a']);
      const [stale] = await queue.receive(1, 1_000);
      await advance(1_000);
      const [fresh] = await queue.receive(1, 1_000);
      if (!stale || !fresh) throw new Error('nothing received');
      await queue.remove(stale);
      await queue.extend(stale, 0);
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
      // A crash is no fault of the message: the delivery does not count.
      expect((await queue.receive(10, 1_000)).map(({ receiveCount }) => receiveCount)).toEqual([
        1, 1,
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
      const received = await Promise.all(Array.from({ length: 20 }, () => bodies(5)));
      expect(new Set(received.flat()).size).toBe(100);
      expect(received.flat()).toHaveLength(100);
    });

    it('takes an empty batch for nothing', async () => {
      await queue.send([]);
      expect(await queue.depth()).toEqual({ waiting: 0, inFlight: 0, dead: 0 });
    });

    inOrder('lets what was given back wait behind what waited before it', async () => {
      await queue.send(['a', 'b']);
      const [message] = await queue.receive(1, 60_000);
      await advance(1_000);
      if (message) await queue.extend(message, 0);
      expect(await bodies()).toEqual(['b', 'a']);
    });

    it('takes a message for dead only once its last delivery is over', async () => {
      await queue.send(['a']);
      for (let time = 1; time < maxReceives; time += 1) {
        const [message] = await queue.receive(1, 60_000);
        if (message) await queue.extend(message, 0);
      }
      const [last] = await queue.receive(1, 60_000);
      expect(await queue.deadLetters(10)).toEqual([]);
      expect(await queue.depth()).toEqual({ waiting: 0, inFlight: 1, dead: 0 });
      if (last) await queue.remove(last);
      expect(await queue.depth()).toEqual({ waiting: 0, inFlight: 0, dead: 0 });
    });

    byOwner(
      'G2: loses no message to crashes, however many there are, and knows no receipt from before',
      async () => {
        await queue.send(['a']);
        for (let crash = 0; crash < 2 * maxReceives; crash += 1) {
          const [message] = await queue.receive(1, 60_000);
          await queue.recover();
          if (message) await queue.remove(message);
        }
        expect(await queue.depth()).toEqual({ waiting: 1, inFlight: 0, dead: 0 });
      },
    );
  });
}
