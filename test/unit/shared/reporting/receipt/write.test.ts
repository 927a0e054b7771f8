import { hash } from 'node:crypto';
import { expect, it } from 'vitest';
import type { OmsTaskRef } from '../../../../../shared/ledger/model.ts';
import { NO_HASH, receiptKey, sealLine } from '../../../../../shared/reporting/receipt/format.ts';
import {
  AT,
  CLOSED,
  done,
  failed,
  linesOf,
  many,
  moved,
  openRun,
  verifyBytes,
} from './receipts.ts';

const sha256 = (text: string): string => hash('sha256', text);
const parsed = (bytes: Buffer) => linesOf(bytes).map((line) => JSON.parse(line));

/** A header that fits in itself. */
function withHeader(bytes: Buffer, change: object): Buffer {
  const [first = '', ...rest] = linesOf(bytes);
  const { hash: _hash, ...fields } = JSON.parse(first);
  const header = { ...fields, ...change };
  return Buffer.from([`${sealLine(header.previous, header).text}\n`, ...rest].join(''));
}

it('tells of every transfer, in this order of fields', async () => {
  const { bytesOf, write } = await openRun([[moved('a b', 'f'.repeat(32)), failed('c')]]);
  const receipt = await done(write());
  const text = (await bytesOf()).toString('utf8');
  const [header, first, second, footer] = parsed(await bytesOf());
  expect(text.replaceAll(/[0-9a-f]{64}/g, '#')).toBe(
    `{"type":"header","version":1,"runId":"r1","operation":"cos-offline-fetch",` +
      `"source":{"bucket":"b","key":"cos-fetch/r/b-1/m.csv","etag":"e1"},` +
      `"target":{"region":"ap-shanghai","bucket":"examplebucket-1250000000"},` +
      `"closing":"${CLOSED}","part":1,"parts":1,"shards":[0,0],"previous":"#",` +
      `"createdAt":"2026-11-20T02:00:00.000Z","hash":"#"}\n` +
      `{"type":"transfer","transferId":"r1.0.0","state":"succeeded","attempt":1,"key":"a b",` +
      `"url":"http://o.example/a%20b","md5":"${'f'.repeat(32)}","providerId":"t0",` +
      `"at":"2026-11-20T02:00:00.000Z","hash":"#"}\n` +
      `{"type":"transfer","transferId":"r1.0.1","state":"failed","attempt":1,"key":"c",` +
      `"url":"http://o.example/c","providerId":"t1","at":"2026-11-20T02:00:00.000Z",` +
      `"code":"NotFound","hash":"#"}\n` +
      `{"type":"footer","transfers":2,"counts":{"succeeded":1,"failed":1,"cancelled":0},` +
      `"head":"#","root":"#","hash":"#"}\n`,
  );
  expect(header.previous).toBe(NO_HASH);
  expect(footer.head).toBe(second.hash);
  expect(receipt).toEqual({ done: true, root: footer.root, parts: 1, transfers: 2 });
  expect(first.hash).not.toBe(second.hash);
});

it('chains each line to the one before, by its JSON without the hash', async () => {
  const { bytesOf, write } = await openRun(many(3));
  await write();
  let before = NO_HASH;
  for (const line of linesOf(await bytesOf())) {
    const { hash: told, ...rest } = JSON.parse(line);
    expect(told).toBe(sha256(before + JSON.stringify(rest)));
    before = told;
  }
});

it('cuts parts at whole shards; a larger shard is a part of its own', async () => {
  const { bytesOf, objects, write } = await openRun(many(2, 2, 1, 7, 1, 0, 3));
  const receipt = await done(write({ partTransfers: 4 }));
  expect(receipt).toMatchObject({ parts: 4, transfers: 16 });
  const headers = await Promise.all([1, 2, 3, 4].map(async (n) => parsed(await bytesOf(n))[0]));
  expect(headers.map(({ part, parts, shards }) => [part, parts, ...shards])).toEqual([
    [1, 4, 0, 1],
    [2, 4, 2, 2],
    [3, 4, 3, 3],
    [4, 4, 4, 6],
  ]);
  const last = parsed(await bytesOf(1)).at(-1);
  expect(headers[1].previous).toBe(last.hash);
  expect(await objects.head('reports/r1/receipt-4.jsonl')).toBeDefined();
  expect(receiptKey('r1', 1)).toBe('reports/r1/receipt.jsonl');
});

it('has no empty part before a shard that is too large for one', async () => {
  const { write } = await openRun(many(5, 1));
  expect(await write({ partTransfers: 3 })).toMatchObject({ parts: 2 });
});

it('goes on where the time was over, and ends as if it had never stopped', async () => {
  const { bytesOf, objects, write } = await openRun(many(4, 4, 4, 4, 4));
  const whole = await write({ partTransfers: 8 });
  const texts = await Promise.all([1, 2, 3].map(bytesOf));
  for (const part of [1, 2, 3]) await objects.remove(receiptKey('r1', part));

  // The clock is looked at twice a part: before it, and for its header.
  const once = () => {
    let looks = 0;
    return () => {
      looks += 1;
      return looks <= 2 ? AT : new Date(CLOSED);
    };
  };
  const deadline = new Date(CLOSED);
  expect(await write({ partTransfers: 8, deadline, now: once() })).toEqual({ done: false });
  expect(await objects.head(receiptKey('r1', 2))).toBeUndefined();
  expect(await write({ partTransfers: 8, deadline, now: once() })).toEqual({ done: false });
  expect(await objects.head(receiptKey('r1', 3))).toBeUndefined();
  expect(await write({ partTransfers: 8, deadline, now: once() })).toEqual(whole);
  expect(await Promise.all([1, 2, 3].map(bytesOf))).toEqual(texts);
});

it('leaves alone what is whole, and needs no time for that', async () => {
  const { objects, write } = await openRun(many(4, 4, 4));
  const whole = await write({ partTransfers: 4 });
  const put = (): never => {
    throw new Error('nothing is to be written');
  };
  const again = write({ partTransfers: 4, objects: { ...objects, put }, deadline: new Date(0) });
  expect(await again).toEqual(whole);
});

it.each([
  ['cut off', (bytes: Buffer) => bytes.subarray(0, -1)],
  ['without its footer', (bytes: Buffer) => Buffer.from(linesOf(bytes).slice(0, -1).join(''))],
  ['empty', () => Buffer.alloc(0)],
  ['something else', () => Buffer.from('{"type":"header"}\n')],
  [
    'with a changed header',
    (bytes: Buffer) =>
      Buffer.from(bytes.toString('utf8').replace('"createdAt":"2026', '"createdAt":"2027')),
  ],
  ['of another run', (bytes: Buffer) => withHeader(bytes, { runId: 'r2' })],
  ['of another chain', (bytes: Buffer) => withHeader(bytes, { previous: 'f'.repeat(64) })],
  ['of other shards', (bytes: Buffer) => withHeader(bytes, { shards: [0, 1] })],
  ['of another number of parts', (bytes: Buffer) => withHeader(bytes, { parts: 3 })],
  ['in another place', (bytes: Buffer) => withHeader(bytes, { part: 2 })],
  [
    'with a changed root',
    (bytes: Buffer) =>
      Buffer.from(
        bytes.toString('utf8').replace(/(?<="root":")./, (digit) => (digit === '0' ? '1' : '0')),
      ),
  ],
])('writes a part anew that is %s', async (_name, damage) => {
  const { bytesOf, objects, write } = await openRun(many(4, 4));
  const whole = await write({ partTransfers: 4 });
  const text = await bytesOf(1);
  await objects.put(receiptKey('r1', 1), damage(text));
  expect(await write({ partTransfers: 4 })).toEqual(whole);
  expect(await bytesOf(1)).toEqual(text);
});

it('of another closing is written anew, all of it', async () => {
  const { bytesOf, record, write } = await openRun([[failed('a')], [moved('b')]]);
  const before = await done(write({ partTransfers: 1 }));
  await record(0, 0, moved('a'));
  const after = await done(write({ partTransfers: 1, closing: 'later' }));
  expect(after.root).not.toBe(before.root);
  const [first, second] = [await bytesOf(1), await bytesOf(2)];
  const verdict = await verifyBytes(first);
  expect(verdict).toMatchObject({ verified: true, counts: { succeeded: 1 }, transfers: 1 });
  const previous = verdict.verified ? verdict.hash : '';
  expect(await verifyBytes(second, { previous })).toMatchObject({ header: { closing: 'later' } });
});

it('refuses a gap between rows and counts', async () => {
  const { ledger, objects, write } = await openRun(many(3));
  const [shard] = await ledger.shards('r1');
  if (!shard) throw new Error('no shard');
  const shards = [{ ...shard, counts: { ...shard.counts, succeeded: 3 } }];
  const message = 'Shard 0 of r1 holds 3 ended transfers, expected 4.';
  await expect(write({ shards })).rejects.toThrow(message);
  expect(await objects.head(receiptKey('r1', 1))).toBeUndefined();
});

it('leaves out what has not ended', async () => {
  const { ledger, write } = await openRun(many(2));
  await ledger.record('r1.0.5', {
    state: 'submitted',
    attempt: 1,
    accepted: ['1:t5'],
    at: AT,
    event: 'accepted',
  });
  expect(await write()).toMatchObject({ transfers: 2 });
});

it('of a run without shards is one empty part', async () => {
  const { bytesOf, write } = await openRun([]);
  expect(await write()).toEqual({ done: true, root: sha256(''), parts: 1, transfers: 0 });
  expect(await verifyBytes(await bytesOf())).toMatchObject({
    verified: true,
    header: { shards: [] },
  });
});

it('tells of tasks what they are, and no name of credentials', async () => {
  const task: OmsTaskRef = {
    kind: 'oms',
    version: 'v2',
    region: 'cn-north-4',
    projectId: 'p1',
    taskId: '4042',
    credentials: 'production',
    name: 'night',
  };
  const batch = {
    kind: 'batch',
    region: 'ap-chengdu',
    clientRequestToken: 'canary-token',
    marker: 'm',
  } as const;
  const { bytesOf, run, write } = await openRun([
    [
      { state: 'succeeded', task },
      { state: 'failed', task: batch },
    ],
  ]);
  const { source: _source, target: _target, ...rest } = run;
  await write({ run: { ...rest, operation: 'oms-v2-start-task' } });
  const [header, first, second] = parsed(await bytesOf());
  expect(header).not.toHaveProperty('target');
  expect(first).not.toHaveProperty('key');
  expect(first.task).toEqual({
    kind: 'oms',
    version: 'v2',
    region: 'cn-north-4',
    projectId: 'p1',
    taskId: '4042',
  });
  expect(second.task).toEqual({ kind: 'batch', region: 'ap-chengdu' });
  expect(await verifyBytes(await bytesOf())).toMatchObject({ verified: true });
});

it('holds one shard at a time', async () => {
  const { ledger, write } = await openRun(many(2, 2, 2));
  const asked: number[] = [];
  const transfersOf: typeof ledger.transfersOf = (runId, index, states) => {
    asked.push(index);
    return ledger.transfersOf(runId, index, states);
  };
  await write({ ledger: { transfersOf } });
  expect(asked).toEqual([0, 1, 2]);
});
