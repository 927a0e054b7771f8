/** Runs in real stores, and their receipts. */

import type { TransferObject, TransferTask } from '../../../../../shared/ledger/model.ts';
import type { Cause } from '../../../../../shared/lib/errors.ts';
import { type FinalState, receiptKey } from '../../../../../shared/reporting/receipt/format.ts';
import { receiptLines } from '../../../../../shared/reporting/receipt/read.ts';
import { verifyReceipt } from '../../../../../shared/reporting/receipt/verify.ts';
import {
  type WriteReceiptOptions,
  type WrittenReceipt,
  writeReceipt,
} from '../../../../../shared/reporting/receipt/write.ts';
import { newRun, newShard } from '../../../../contract/ledger.ts';
import { openStores } from '../../../../fixtures/stores.ts';

export const AT = new Date('2026-11-20T02:00:00.000Z');
export const CLOSED = '2026-11-20T03:00:00.000Z';

/** One transfer that has ended. */
export interface Ended {
  readonly state: FinalState;
  readonly object?: TransferObject;
  readonly task?: TransferTask;
  readonly cause?: Cause;
}

export const moved = (key: string, md5?: string): Ended => ({
  state: 'succeeded',
  object: { url: `http://o.example/${encodeURIComponent(key)}`, key, ...(md5 && { md5 }) },
});

export const failed = (key: string): Ended => ({
  ...moved(key),
  state: 'failed',
  cause: { provider: 'tencent', code: 'NotFound', message: 'The source is gone.', class: 'source' },
});

/** Of `lines` shards with as many transfers each; every third one failed. */
export const many = (...lines: readonly number[]): readonly (readonly Ended[])[] =>
  lines.map((count, shard) =>
    Array.from({ length: count }, (_, line) => {
      const key = `${shard}/${line} ü".mp4`;
      return line % 3 === 2 ? failed(key) : moved(key, 'a'.repeat(32));
    }),
  );

/** A run `r1` that holds these transfers, shard by shard. */
export async function openRun(shards: readonly (readonly Ended[])[]) {
  const stores = openStores();
  const { ledger, objects } = stores;
  const run = await ledger.openRun(newRun('r1'));
  const lease = { owner: 'w', at: AT, leaseMs: 60_000 };
  for (const [index, ended] of shards.entries()) {
    await ledger.openShard(newShard('r1', index), lease);
    for (const [line, transfer] of ended.entries()) await record(index, line, transfer);
  }

  async function record(shard: number, line: number, transfer: Ended): Promise<void> {
    await ledger.record(`r1.${shard}.${line}`, {
      attempt: 1,
      accepted: [`1:t${line}`],
      at: AT,
      event: 'callback',
      ...transfer,
    });
  }

  const write = async (change: Partial<WriteReceiptOptions> = {}): Promise<WrittenReceipt> =>
    writeReceipt({
      run,
      shards: await ledger.shards('r1'),
      ledger,
      objects,
      closing: CLOSED,
      now: () => AT,
      ...change,
    });
  const bytesOf = async (part = 1): Promise<Buffer> =>
    Buffer.concat(await Array.fromAsync(objects.read(receiptKey('r1', part))));
  return { ...stores, run, record, write, bytesOf };
}

export async function* inPieces(bytes: Uint8Array, length = 100): AsyncGenerator<Uint8Array> {
  for (let at = 0; at < bytes.length; at += length) yield bytes.subarray(at, at + length);
}

export const verifyBytes = (bytes: Uint8Array, expect?: Parameters<typeof verifyReceipt>[1]) =>
  verifyReceipt(receiptLines(inPieces(bytes)), expect);

/** With their ends. */
export const linesOf = (bytes: Buffer): readonly string[] =>
  bytes.toString('utf8').split(/(?<=\n)/);

export async function done(written: Promise<WrittenReceipt>) {
  const receipt = await written;
  if (!receipt.done) throw new Error('The receipt was not written to its end.');
  return receipt;
}
