/** What every queue adapter must do, the same assertions for each. */
import { beforeEach, describe, expect, it } from 'vitest';
import type { Queue } from '../../shared/queue/port.ts';

export interface QueueUnderTest {
  readonly queue: Queue;
  /** Lets time pass for the queue. */
  advance(ms: number): Promise<void>;
  readonly maxReceives: number;
}

export function queueContract(name: string, open: () => Promise<QueueUnderTest>): void {
  describe(`queue contract: ${name}`, () => {
    let queue: Queue;
    let advance: QueueUnderTest['advance'];
    let maxReceives: number;
    beforeEach(async () => {
      ({ queue, advance, maxReceives } = await open());
    });
    const bodies = async (max = 10, visibilityMs = 1_000) =>
      (await queue.receive(max, visibilityMs)).map(({ body }) => body);

    it('gives messages out oldest first, up to the number asked for', async () => {
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
      await advance(999);
      expect(await bodies()).toEqual([]);
      await advance(1);
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
      await queue.extend(message, 5_000);
      await advance(4_999);
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
        expect(messages[0]).toMatchObject({ body: 'poison', receiveCount: time });
        for (const message of messages) {
          if (message.body === 'good') await queue.remove(message);
        }
        await advance(1_000);
      }
      expect(await bodies()).toEqual([]);
      expect(await queue.depth()).toEqual({ waiting: 0, inFlight: 0, dead: 1 });
      expect(await queue.deadLetters(10)).toMatchObject([
        { body: 'poison', receiveCount: maxReceives },
      ]);
    });

    it('tells how many wait and are in flight', async () => {
      await queue.send(['a', 'b', 'c']);
      await queue.receive(1, 1_000);
      expect(await queue.depth()).toEqual({ waiting: 2, inFlight: 1, dead: 0 });
    });

    it('makes what is in flight visible again for the process that owns it', async () => {
      await queue.send(['a', 'b']);
      await queue.receive(1, 60_000);
      expect(await queue.recover()).toBe(1);
      // A crash is no fault of the message: the delivery does not count.
      expect((await queue.receive(10, 1_000)).map(({ receiveCount }) => receiveCount)).toEqual([
        1, 1,
      ]);
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

    it('lets what was given back wait behind what waited before it', async () => {
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

    it('G2: loses no message to crashes, however many there are, and knows no receipt from before', async () => {
      await queue.send(['a']);
      for (let crash = 0; crash < 2 * maxReceives; crash += 1) {
        const [message] = await queue.receive(1, 60_000);
        await queue.recover();
        if (message) await queue.remove(message);
      }
      expect(await queue.depth()).toEqual({ waiting: 1, inFlight: 0, dead: 0 });
    });
  });
}
