import { setTimeout as sleep } from 'node:timers/promises';
import { afterAll, beforeAll, expect, it } from 'vitest';
import { type AwsCall, createJsonApi, SQS } from '../../shared/stores/aws/json-api.ts';
import { createSqsQueue } from '../../shared/stores/aws/sqs/queue.ts';
import {
  createSqsHold,
  createSqsSender,
  findDeadLetters,
} from '../../shared/stores/aws/sqs/sender.ts';
import { OF_SQS, queueContract } from '../contract/queue.ts';
import { createQueue } from '../fixtures/aws-stores.ts';
import { type AwsEmulator, startMinistack } from '../fixtures/emulators.ts';

let ministack: AwsEmulator;
let call: AwsCall;
beforeAll(async () => {
  ministack = await startMinistack();
  call = createJsonApi({ service: SQS, config: ministack.config });
});
afterAll(() => ministack.stop());

const open = () => createQueue(ministack);

queueContract(
  'SQS on MiniStack',
  async () => {
    const { url, deadUrl } = await open();
    expect(await findDeadLetters({ url, call })).toBe(deadUrl);
    return {
      queue: createSqsQueue({ url, deadUrl, call }),
      // Its clock is the real one.
      advance: async (ms) => void (await sleep(ms + 50)),
      maxReceives: 3,
    };
  },
  OF_SQS,
);

it('sends any number of messages, ten at a time', async () => {
  const { url, deadUrl } = await open();
  const bodies = Array.from({ length: 25 }, (_, n) => `${n} ${'x'.repeat(n === 7 ? 200_000 : 9)}`);
  await createSqsSender({ url, call }).send(bodies);
  const found = await createSqsQueue({ url, deadUrl, call }).receive(100, 60_000);
  expect(found.map(({ body }) => body).sort()).toEqual([...bodies].sort());
});

it('sends bodies up to the limit of SQS, and says which is too long', async () => {
  const { url, deadUrl } = await open();
  const longest = 'x'.repeat(1_048_576);
  await createSqsSender({ url, call }).send(['a', longest, 'b']);
  const found = await createSqsQueue({ url, deadUrl, call }).receive(10, 60_000);
  expect(found.map(({ body }) => body.length).sort()).toEqual([1, 1, longest.length]);
  await expect(createSqsSender({ url, call }).send([`${longest}y`])).rejects.toMatchObject({
    code: 'STORE_FAILED',
    message: expect.stringContaining('BatchRequestTooLong'),
  });
});

it('holds a message that is given back, and ignores a receipt that is stale', async () => {
  const { url, deadUrl } = await open();
  const queue = createSqsQueue({ url, deadUrl, call });
  await queue.send(['a']);
  const [message] = await queue.receive(1, 600_000);
  const hold = createSqsHold({ url, call });
  await hold(message?.receipt ?? '', 1);
  await sleep(1_100);
  const [again] = await queue.receive(1, 600_000);
  expect(again?.body).toBe('a');
  await queue.remove(again as NonNullable<typeof again>);
  await hold(again?.receipt ?? '', 1);
});

it('says which queue refuses, and why', async () => {
  const url = `${ministack.endpoint}/000000000000/nowhere`;
  await expect(createSqsSender({ url, call }).send(['a'])).rejects.toMatchObject({
    code: 'STORE_FAILED',
    message: expect.stringMatching(/nowhere: .*(NonExistentQueue|QueueDoesNotExist)/),
  });
  const { deadUrl } = await open();
  await expect(findDeadLetters({ url: deadUrl, call })).rejects.toThrow(/has no dead-letter queue/);
});
