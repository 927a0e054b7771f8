/**
 * Where processes come and go: on one machine, all on one SQLite file, where a death takes everything with it;
 * or functions on AWS, which share a table and a queue, and die one by one.
 */
import { StoreError } from '../../shared/lib/errors.ts';
import { createDynamoLedger } from '../../shared/stores/aws/dynamodb/ledger.ts';
import type { AwsCall } from '../../shared/stores/aws/json-api.ts';
import type { Objects } from '../../shared/stores/objects.ts';
import type { Queue, QueueMessage } from '../../shared/stores/queue.ts';
import { openSqliteFile } from '../../shared/stores/sqlite/file.ts';
import { createSqliteLedger } from '../../shared/stores/sqlite/ledger.ts';
import { createSqliteQueue } from '../../shared/stores/sqlite/queue.ts';
import { createMemoryQueue } from '../fixtures/memory-queue.ts';
import { createSimulatedTable } from '../fixtures/simulated-table.ts';
import type { VirtualTime } from '../fixtures/virtual-time.ts';
import type { Ports } from './functions.ts';
import { type Process, watched } from './process.ts';
import type { Random } from './random.ts';
import type { Weather } from './weather.ts';
import { createWitness, type Witness } from './witness.ts';

export interface Site {
  readonly witness: Witness;
  readonly raw: Ports;
  /** All processes die together, and share their clock and limits. */
  readonly isOneMachine: boolean;
  /** What a new process works with. */
  open(process: Process): Promise<Ports>;
  close(): Promise<void>;
}

export interface SiteOptions {
  readonly time: VirtualTime;
  readonly random: Random;
  readonly weather: Weather;
  readonly objects: Objects;
}

export type OpenSite = (options: SiteOptions) => Site;

/** Messages get lost, come twice, and of a batch some are put. */
const disturbed = (queue: Queue, { random, weather }: SiteOptions, isLossy: boolean): Queue => ({
  ...queue,
  async send(bodies, options) {
    if (bodies.length > 1 && weather.strikes('part of a batch')) {
      await queue.send(bodies.slice(0, random.between(1, bodies.length - 1)), options);
      throw new StoreError('the batch broke off');
    }
    const kept = bodies.filter(() => !isLossy || !weather.strikes('message lost'));
    const twice = kept.filter(() => weather.strikes('message twice'));
    if (kept.length > 0) await queue.send([...kept, ...twice], options);
  },
  receive: (max, visibilityMs) => {
    const isEarly = isLossy && weather.strikes('early redelivery');
    return queue.receive(max, isEarly ? random.between(1_000, 90_000) : visibilityMs);
  },
});

export const openMachine: OpenSite = (options) => {
  const { time, objects } = options;
  const file = openSqliteFile(':memory:', 0);
  const now = () => new Date(time.now());
  const rawLedger = createSqliteLedger(file);
  const queueAt = (at: () => Date) => createSqliteQueue(file, { name: 'shards', now: at });
  const witness = createWitness(rawLedger);
  return {
    isOneMachine: true,
    witness,
    raw: { ledger: rawLedger, objects, queue: queueAt(now) },
    async open(process) {
      const ledger = createSqliteLedger(file);
      const queue = queueAt(() => new Date(process.now()));
      await queue.recover();
      await ledger.releaseLeases();
      const lossless = disturbed(queue, options, false);
      return {
        ledger: watched(witness.seen(ledger), process, { streams: ['shards'] }),
        objects: objectsOf(objects, process),
        queue: watched(lossless, process),
      };
    },
    close: () => file.close(),
  };
};

export const openCloud: OpenSite = (options) => {
  const { random, time, objects } = options;
  const { call } = createSimulatedTable();
  const open = (by: AwsCall, now: () => Date, countsMaxAgeMs?: number) =>
    createDynamoLedger({
      ...{ table: 'ledger', call: by, now },
      ...(countsMaxAgeMs !== undefined && { countsMaxAgeMs }),
    });
  const now = () => new Date(time.now());
  const rawLedger = open(call, now, 0);
  const witness = createWitness(rawLedger);
  const queue = disturbed(createMemoryQueue(time, random.next), options, true);
  return {
    isOneMachine: false,
    witness,
    raw: { ledger: rawLedger, objects, queue },
    async open(process) {
      const ledger = open(tableOf(call, process, options), () => new Date(process.now()));
      return {
        ledger: witness.seen(ledger),
        objects: objectsOf(objects, process),
        queue: watched(queue, process),
        hold: (receipt, ms) =>
          process.point('hold', () => queue.extend({ receipt } as QueueMessage, ms)),
      };
    },
    async close() {},
  };
};

/** What is written may be read from elsewhere as it goes. */
function objectsOf(objects: Objects, process: Process): Objects {
  const seen = watched(objects, process, { streams: ['read', 'list'] });
  return {
    ...seen,
    async put(key, content) {
      if (typeof content === 'string' || content instanceof Uint8Array)
        return seen.put(key, content);
      const parts = await Array.fromAsync<string | Uint8Array, Uint8Array>(content, (part) =>
        Buffer.from(part as Uint8Array),
      );
      return seen.put(key, Buffer.concat(parts));
    },
  };
}

/** Each call of the table is a point; of many keys some may be left for later, and a lost answer is asked for again. */
const tableOf =
  (call: AwsCall, process: Process, { random, weather }: SiteOptions): AwsCall =>
  (action, input) =>
    process.point(`${action} ${keyOf(input)}`, async () => {
      if (action === 'BatchGetItem' && weather.strikes('part of a batch')) {
        return inPart(call, input, random);
      }
      const answer = await call(action, input);
      return weather.strikes('store answer lost') ? call(action, input) : answer;
    });

async function inPart(call: AwsCall, input: Parameters<AwsCall>[1], random: Random) {
  const [[table, asked]] = Object.entries(
    input['RequestItems'] as Record<string, { Keys: unknown[] }>,
  ) as [[string, { Keys: unknown[] }]];
  const kept = random.between(0, asked.Keys.length - 1);
  const part = { RequestItems: { [table]: { ...asked, Keys: asked.Keys.slice(0, kept) } } };
  const answer = kept > 0 ? await call('BatchGetItem', part) : { Responses: {} };
  return { ...answer, UnprocessedKeys: { [table]: { ...asked, Keys: asked.Keys.slice(kept) } } };
}

function keyOf(input: Parameters<AwsCall>[1]): string {
  const { Key, Item } = input as Readonly<
    Record<string, Record<string, { S?: string }> | undefined>
  >;
  const key = Key ?? Item;
  return key ? `${key['pk']?.S} ${key['sk']?.S}` : '';
}
