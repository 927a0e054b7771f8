import { setTimeout as sleep } from 'node:timers/promises';
import { afterAll, beforeAll } from 'vitest';
import { type AwsCall, createJsonApi, SQS } from '../../shared/stores/aws/json-api.ts';
import { createSqsQueue } from '../../shared/stores/aws/sqs/queue.ts';
import { OF_SQS, queueContract } from '../contract/queue.ts';
import { createQueue } from '../fixtures/aws-stores.ts';
import { type AwsEmulator, startMoto } from '../fixtures/emulators.ts';

let moto: AwsEmulator;
let call: AwsCall;
beforeAll(async () => {
  moto = await startMoto();
  call = createJsonApi({ service: SQS, config: moto.config });
});
afterAll(() => moto.stop());

queueContract(
  'SQS on moto',
  async () => {
    const { url, deadUrl } = await createQueue(moto);
    return {
      queue: createSqsQueue({ url, deadUrl, call }),
      // Its clock is the real one.
      advance: async (ms) => void (await sleep(ms + 50)),
      maxReceives: 3,
    };
  },
  OF_SQS,
);
