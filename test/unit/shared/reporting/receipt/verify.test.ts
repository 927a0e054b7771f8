import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { checkReceipt } from '../../../../../shared/reporting/receipt/check.ts';
import { sealLine } from '../../../../../shared/reporting/receipt/format.ts';
import { verifyInclusion, verifyPath } from '../../../../../shared/reporting/receipt/merkle.ts';
import { receiptLines } from '../../../../../shared/reporting/receipt/read.ts';
import type { ParsedTransfer } from '../../../../../shared/reporting/receipt/schema.ts';
import { createSearch } from '../../../../../shared/reporting/receipt/search.ts';
import { done, failed, inPieces, linesOf, many, moved, openRun, verifyBytes } from './receipts.ts';

const joined = (lines: readonly string[]): Buffer => Buffer.from(lines.join(''));
const isVerified = async (bytes: Buffer): Promise<boolean> => (await verifyBytes(bytes)).verified;

async function receiptOf(...lines: readonly number[]): Promise<Buffer> {
  const { bytesOf, write } = await openRun(many(...lines));
  await write();
  return bytesOf();
}

it('a receipt verifies as it was written, read in pieces of any length', async () => {
  const { bytesOf, write } = await openRun(many(4, 3));
  const { root } = await done(write());
  const bytes = await bytesOf();
  for (const length of [1, 7, 100_000]) {
    const verdict = checkReceipt([{ name: 'r', bytes: inPieces(bytes, length) }]);
    expect(await verdict).toMatchObject({
      verified: true,
      runId: 'r1',
      transfers: 7,
      counts: { succeeded: 5, failed: 2, cancelled: 0 },
      root,
    });
  }
});

describe('a change is found:', () => {
  it('any one byte, changed, taken or put in', async () => {
    const bytes = await receiptOf(3, 2);
    const kinds = fc.constantFrom('changed', 'taken', 'put in');
    const anywhere = fc.nat(bytes.length - 1);
    const anyByte = fc.asyncProperty(anywhere, fc.nat(255), kinds, async (at, byte, kind) => {
      const middle = kind === 'taken' ? [] : [byte];
      const after = bytes.subarray(kind === 'put in' ? at : at + 1);
      const changed = Buffer.concat([bytes.subarray(0, at), Buffer.from(middle), after]);
      fc.pre(!changed.equals(bytes));
      expect(await isVerified(changed)).toBe(false);
    });
    await fc.assert(anyByte, { numRuns: 3_000 });
  });

  it('every end that is cut off', async () => {
    const bytes = await receiptOf(2);
    for (let end = 0; end < bytes.length; end += 1) {
      expect(await isVerified(bytes.subarray(0, end)), `${end} bytes`).toBe(false);
    }
  });

  it('lines taken out, doubled, moved or swapped', async () => {
    const lines = linesOf(await receiptOf(5, 4));
    const place = fc.nat(lines.length - 1);
    const anyMove = fc.asyncProperty(place, place, fc.nat(3), async (from, to, kind) => {
      const [line = '', other = ''] = [lines[from], lines[to]];
      const without = lines.toSpliced(from, 1);
      const changed = [
        without,
        lines.toSpliced(to, 0, line),
        without.toSpliced(to, 0, line),
        lines.with(from, other).with(to, line),
      ][kind];
      fc.pre(changed !== undefined && changed.join('') !== lines.join(''));
      expect(await isVerified(joined(changed ?? []))).toBe(false);
    });
    await fc.assert(anyMove, { numRuns: 500 });
  });

  it('bytes that read alike: CRLF, a byte order mark, a character cut short', async () => {
    const text = (await receiptOf(2)).toString('utf8');
    expect(await isVerified(Buffer.from(text.replaceAll('\n', '\r\n')))).toBe(false);
    expect(await isVerified(Buffer.from(`\ufeff${text}`))).toBe(false);
    const { bytesOf, write } = await openRun([[moved('a\ufffd')]]);
    await write();
    const bytes = await bytesOf();
    const at = bytes.indexOf('\ufffd') + 2;
    const short = Buffer.concat([bytes.subarray(0, at), bytes.subarray(at + 1)]);
    expect(short.toString('utf8')).toBe(bytes.toString('utf8'));
    expect(await verifyBytes(short)).toEqual({
      verified: false,
      line: 2,
      message: 'expected UTF-8',
    });
  });
});

describe('the first wrong line is named:', () => {
  const follows = (line: number) =>
    `it does not follow from line ${line - 1}: one of the two was changed, or a line was removed, inserted or moved here`;
  const cut = 'it is missing: the receipt is cut off, expected a transfer or the footer';

  it.each([
    ['edited', 3, follows(3), (all: string[]) => all.with(2, swap(all[2], 'succeeded', 'failed'))],
    ['removed', 3, follows(3), (all: string[]) => all.toSpliced(2, 1)],
    ['inserted', 4, follows(4), (all: string[]) => all.toSpliced(3, 0, all[1] ?? '')],
    ['swapped', 2, follows(2), (all: string[]) => all.with(1, all[2] ?? '').with(2, all[1] ?? '')],
    ['without a footer', 6, cut, (all: string[]) => all.slice(0, -1)],
    ['only a header', 2, cut, (all: string[]) => all.slice(0, 1)],
    ['nothing', 1, 'expected a header', () => []],
    ['no header', 1, expect.stringContaining('type: '), (all: string[]) => all.slice(1)],
    [
      'more behind it',
      7,
      'expected nothing behind the footer',
      (all: string[]) => [...all, all[5] ?? ''],
    ],
    [
      'cut in a line',
      6,
      'it is cut off, expected a line end behind it',
      (all: string[]) => all.with(5, (all[5] ?? '').slice(0, -1)),
    ],
    [
      'another header',
      1,
      'it was changed: its hash does not fit it',
      (all: string[]) => all.with(0, swap(all[0], 'ap-shanghai', 'ap-beijing')),
    ],
    ['no JSON', 1, 'expected JSON', (all: string[]) => all.with(0, 'hello\n')],
  ] as const)('%s', async (_name, line, message, change) => {
    const lines = linesOf(await receiptOf(4));
    const verdict = await verifyBytes(joined(change([...lines])));
    expect(verdict).toEqual({ verified: false, line, message });
  });

  const swap = (text: string | undefined, from: string, to: string) =>
    text?.replace(from, to) ?? '';

  it.each([
    ['transfers', 5, 'expected transfers to be 4, as the lines before have it'],
    ['head', 'f'.repeat(64), 'expected head to be '],
    ['root', 'f'.repeat(64), 'expected root to be '],
    ['counts', { succeeded: 4, failed: 0, cancelled: 0 }, 'expected counts.succeeded to be 3'],
  ])('a footer that is chained well, with other %s', async (name, value, message) => {
    const lines = linesOf(await receiptOf(4));
    const { hash: _hash, ...footer } = JSON.parse(lines[5] ?? '');
    const { text } = sealLine(footer.head, { ...footer, [name]: value });
    const verdict = await verifyBytes(joined(lines.with(5, `${text}\n`)));
    expect(verdict).toMatchObject({ verified: false, line: 6 });
    expect(verdict).toHaveProperty('message', expect.stringContaining(message));
  });

  it('a line that is chained well, of another kind', async () => {
    const [header = ''] = linesOf(await receiptOf(1));
    const { text } = sealLine(JSON.parse(header).hash, { type: 'transfer', transferId: 'r1.0.0' });
    const verdict = await verifyBytes(joined([header, `${text}\n`]));
    expect(verdict).toMatchObject({ verified: false, line: 2 });
    expect(verdict).toHaveProperty('message', expect.stringMatching(/^state: /));
  });

  it('a part that follows another one than expected', async () => {
    const previous = 'f'.repeat(64);
    expect(await verifyBytes(await receiptOf(1), { previous })).toEqual({
      verified: false,
      line: 1,
      message: `expected previous to be ${previous}, the end of the part before`,
    });
  });

  it('a version that is not known', async () => {
    const [header = '', ...rest] = linesOf(await receiptOf(1));
    const { hash: _hash, ...fields } = JSON.parse(header);
    const { text } = sealLine(fields.previous, { ...fields, version: 2 });
    const verdict = await verifyBytes(joined([`${text}\n`, ...rest]));
    expect(verdict).toHaveProperty('message', expect.stringMatching(/^version: /));
  });

  it('a line without end, before all of it is held', async () => {
    async function* endless(): AsyncGenerator<Uint8Array> {
      for (;;) yield new Uint8Array(65_536).fill(97);
    }
    const read = Array.fromAsync(receiptLines(endless()));
    await expect(read).rejects.toThrow('Line 1: expected at most 1048576 bytes.');
  });
});

describe('all parts', () => {
  async function parts(...lines: readonly number[]) {
    const { bytesOf, write } = await openRun(many(...lines));
    const { root } = await done(write({ partTransfers: 3 }));
    const bytes = await Promise.all(lines.map((_, at) => bytesOf(at + 1)));
    const files = (...order: readonly number[]) =>
      order.map((at) => ({ name: `p${at}`, bytes: inPieces(bytes[at - 1] ?? Buffer.alloc(0)) }));
    return { bytes, files, root };
  }

  it('verify in any order, with one root', async () => {
    const { files, root } = await parts(3, 3, 3);
    const verdict = await checkReceipt(files(3, 1, 2), { kept: [{ root, from: 'the safe' }] });
    expect(verdict).toMatchObject({ verified: true, parts: 3, transfers: 9, root });
  });

  it.each([
    [[1, 2], { message: 'part 3 of 3 is missing' }],
    [[2, 3], { message: 'part 1 of 3 is missing' }],
    [[3, 1], { message: 'part 2 of 3 is missing' }],
    [[1, 2, 2, 3], { file: 'p2', message: 'part 2 is there twice' }],
    [[1, 2, 3, 3], { file: 'p3', message: 'part 3 is there twice' }],
    [[], { message: 'expected at least one part' }],
  ] as const)('%j is noticed', async (order, fault) => {
    const { files } = await parts(3, 3, 3);
    expect(await checkReceipt(files(...order))).toEqual({
      verified: false,
      fault: expect.objectContaining(fault),
    });
  });

  it('notices a part that is whole in itself and of another chain', async () => {
    const [ours, theirs] = [await parts(3, 3, 3), await parts(3, 2, 3)];
    const mixed = [...ours.files(1), ...theirs.files(2), ...ours.files(3)];
    expect(await checkReceipt(mixed)).toEqual({
      verified: false,
      fault: { file: 'p3', message: 'part 3 does not follow from the end of part 2' },
    });
  });

  it('notices another root, and another run', async () => {
    const { files, root } = await parts(3, 3);
    const other = { root: 'f'.repeat(64), from: '--root' };
    const fault = (message: string) => ({ verified: false, fault: { message } });
    expect(await checkReceipt(files(1, 2), { kept: [other] })).toEqual(
      fault(`its root is ${root}, but --root has ${other.root}`),
    );
    const run = { root, runId: 'r9', from: 'summary.json' };
    expect(await checkReceipt(files(1, 2), { kept: [run] })).toEqual(
      fault('it is of run r1, summary.json is of run r9'),
    );
  });

  it('whoever writes a line and all hashes anew gets another root', async () => {
    const { bytesOf, record, write } = await openRun(many(3, 3));
    const { root } = await done(write());
    await record(1, 2, moved('1/2 ü".mp4'));
    const forged = await done(write({ closing: 'again' }));
    const verdict = await checkReceipt([{ name: 'r', bytes: inPieces(await bytesOf()) }]);
    expect(verdict).toMatchObject({ verified: true, root: forged.root });
    expect(forged.root).not.toBe(root);
  });
});

describe('a search', () => {
  it('tells what became of a key, and proves it by 32 bytes', async () => {
    const shards = [
      ...many(3, 3, 2),
      [failed('twice'), moved('once', 'b'.repeat(32)), moved('twice')],
    ];
    const { bytesOf, write } = await openRun(shards);
    const { root } = await done(write({ partTransfers: 3 }));
    const files = async () =>
      (await Promise.all([1, 2, 3, 4].map(bytesOf))).map((bytes, at) => ({
        name: `p${at + 1}`,
        bytes: inPieces(bytes),
      }));
    const once = await checkReceipt(await files(), { key: 'once' });
    if (!once.verified) throw new Error(once.fault.message);
    const [proof, ...more] = once.found;
    expect(more).toEqual([]);
    expect(proof).toMatchObject({
      file: 'p4',
      part: 4,
      line: 3,
      index: 1,
      size: 3,
      transferId: 'r1.3.1',
      state: 'succeeded',
      md5: 'b'.repeat(32),
      at: '2026-11-20T02:00:00.000Z',
    });
    if (!proof) throw new Error('not found');
    const { text, index, size, path, partRoot, part, partPath } = proof;
    expect(verifyInclusion(text, index, size, path, partRoot)).toBe(true);
    expect(verifyPath(Buffer.from(partRoot, 'hex'), part - 1, 4, partPath, root)).toBe(true);
    expect(verifyInclusion(swapped(text), index, size, path, partRoot)).toBe(false);

    const twice = await checkReceipt(await files(), { key: 'twice' });
    expect(twice).toHaveProperty('found', [
      expect.objectContaining({ state: 'failed', code: 'NotFound', line: 2 }),
      expect.objectContaining({ state: 'succeeded', line: 4 }),
    ]);
    expect(await checkReceipt(await files(), { key: 'never' })).toHaveProperty('found', []);
  });

  const swapped = (text: string): string => text.replace('once', 'twic');

  it('holds no more than 100 lines of a key, and one that succeeded among them', () => {
    const search = createSearch(['k']);
    const transfer = (state: ParsedTransfer['state']): ParsedTransfer => ({
      type: 'transfer',
      transferId: 'r1.0.0',
      state,
      attempt: 1,
      key: 'k',
      at: '2026-11-20T02:00:00.000Z',
    });
    for (let index = 0; index < 200; index += 1) {
      search.see(transfer('failed'), '', { line: index + 2, index });
    }
    search.see(transfer('succeeded'), '', { line: 202, index: 200 });
    search.see(transfer('succeeded'), '', { line: 203, index: 201 });
    const lines = search.found('k');
    expect(lines).toHaveLength(100);
    expect(lines.at(-1)).toMatchObject({ state: 'succeeded', line: 202 });
    expect(search.found('other')).toEqual([]);
  });
});
