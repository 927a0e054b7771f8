import { mkdirSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import * as v from 'valibot';
import { describe, expect, it } from 'vitest';
import { type VerifyOptions, verify } from '../../../../cli/commands/verify.ts';
import { widthOf } from '../../../../cli/io/text.ts';
import { verifyShape } from '../../../../cli/verify/shape.ts';
import { screen } from '../../../fixtures/runs.ts';
import { temporaryFolder } from '../../../fixtures/stores.ts';
import { done, failed, many, moved, openRun } from '../../shared/reporting/receipt/receipts.ts';

const MD5 = '9e107d9d372bb6826bd81d3542a419d6';

/** The files of a receipt in three parts, as they were fetched. */
async function setup() {
  const long = `videos/${'2026-11-20/'.repeat(12)}a.mp4`;
  const shards = [...many(3), [moved('videos/a b.mp4', MD5), failed('gone'), moved(long)]];
  const { bytesOf, write } = await openRun([...shards, ...many(2)]);
  const { root } = await done(write({ partTransfers: 3 }));
  const folder = temporaryFolder();
  const paths = [1, 2, 3].map((part) => join(folder, `receipt-${part}.jsonl`));
  for (const [at, path] of paths.entries()) writeFileSync(path, await bytesOf(at + 1));
  const file = (name: string, content: string | Uint8Array): string => {
    writeFileSync(join(folder, name), content);
    return join(folder, name);
  };
  const run = async (change: Partial<VerifyOptions> = {}) => {
    const [stdout, stderr] = [screen(), screen()];
    const code = await verify({ paths, json: false, stdout, stderr, ...change });
    return { code, out: stdout.text(), err: stderr.text() };
  };
  const answer = async (change: Partial<VerifyOptions> = {}) => {
    const { code, out, err } = await run({ ...change, json: true });
    expect(err).toBe('');
    expect(out.split('\n')).toHaveLength(2);
    const parsed = JSON.parse(out);
    return { code, answer: v.parse(v.strictObject(verifyShape.entries), parsed), parsed };
  };
  return { answer, bytesOf, file, folder, long, paths, root, run };
}

it('tells that a receipt is as it was written, and asks for a root to compare', async () => {
  const { root, run } = await setup();
  const { code, out, err } = await run();
  expect({ code, err }).toEqual({ code: 0, err: '' });
  expect(out.split('\n')).toEqual([
    'verified   yes',
    'run        r1',
    'transfers  8: 6 succeeded, 2 failed, 0 cancelled',
    'parts      3',
    `root       ${root}`,
    'compared   no: give the root that was kept elsewhere with --root or --summary',
    '',
  ]);
});

it.each([
  ['a text', '# Waybill\n'],
  ['a picture', Uint8Array.from([0x89, 0x50, 0x4e, 0x47, 0x0d, 0x0a])],
  ['another JSON file', '{\n  "name": "waybill"\n}\n'],
])('says of %s that it is no receipt', async (_name, content) => {
  const { file, run } = await setup();
  const path = file('other', content);
  const { code, out, err } = await run({ paths: [path] });
  expect({ code, err }).toEqual({ code: 1, err: '' });
  expect(out.replace(/\s+/g, ' ')).toMatch(/^verified NO because \S+other is no receipt, line 1: /);
});

describe('a root that was kept elsewhere', () => {
  const summaryOf = (root: string, runId = 'r1'): string =>
    JSON.stringify({ runId, receipt: { root, parts: 3, transfers: 8, files: [] } });

  it('is the same', async () => {
    const { file, root, run } = await setup();
    const summary = file('summary.json', summaryOf(root));
    const { code, out } = await run({ root: root.toUpperCase(), summary });
    expect(code).toBe(0);
    expect(out).toContain('compared   the same in --root and');
  });

  it('is another one', async () => {
    const { answer, file, root, run } = await setup();
    const other = 'f'.repeat(64);
    expect(await run({ root: other })).toMatchObject({
      code: 1,
      out: expect.stringMatching(/^verified {2}NO\nbecause {3}its root is\n/),
    });
    const summary = file('summary.json', summaryOf(other));
    const { code, parsed } = await answer({ root, summary });
    expect(code).toBe(1);
    expect(parsed.fault).toEqual({
      file: null,
      line: null,
      message: `its root is ${root}, but ${summary} has ${other}`,
    });
  });

  it('is of another run', async () => {
    const { answer, file, root } = await setup();
    const summary = file('summary.json', summaryOf(root, 'r2'));
    expect((await answer({ summary })).parsed.fault.message).toBe(
      `it is of run r1, ${summary} is of run r2`,
    );
  });
});

describe('a key', () => {
  it('was moved', async () => {
    const { paths, run } = await setup();
    const { code, out } = await run({ key: 'videos/a b.mp4' });
    expect(code).toBe(0);
    expect(out).toContain(
      [
        'key        videos/a b.mp4',
        'moved      yes, 2026-11-20T02:00:00.000Z',
        `md5        ${MD5}`,
        'transfer   r1.1.0',
        `place      ${paths[1]?.slice(0, 5)}`,
      ].join('\n'),
    );
    expect(out).toContain('line 2\n');
  });

  it('failed, or is not there', async () => {
    const { run } = await setup();
    const gone = await run({ key: 'gone' });
    expect(gone.code).toBe(1);
    expect(gone.out).toContain('moved      no: failed with NotFound, 2026-11-20T02:00:00.000Z\n');
    expect(gone.out).toContain('md5        none was given\n');
    const never = await run({ key: 'never' });
    expect(never.code).toBe(1);
    expect(never.out).toContain('moved      no: it is not in this receipt\n');
  });

  it('is answered for programs with its proof', async () => {
    const { answer, paths, root } = await setup();
    const { code, answer: told } = await answer({ key: 'videos/a b.mp4', root });
    expect(code).toBe(0);
    expect(told).toMatchObject({
      verified: true,
      fault: null,
      runId: 'r1',
      operation: 'cos-offline-fetch',
      parts: 3,
      transfers: 8,
      counts: { succeeded: 6, failed: 2, cancelled: 0 },
      root,
      compared: true,
      key: { key: 'videos/a b.mp4', moved: true },
    });
    expect(told.key?.found).toEqual([
      expect.objectContaining({ file: paths[1], part: 2, line: 2, index: 0, size: 3, md5: MD5 }),
    ]);
    expect(told.key?.found[0]).toMatchObject({
      path: [expect.stringMatching(/^[0-9a-f]{64}$/), expect.anything()],
    });
    expect(told.key?.found[0]?.partPath).toHaveLength(2);
  });

  it('is not looked for in a receipt that is wrong', async () => {
    const { answer, file, paths, bytesOf } = await setup();
    const text = (await bytesOf(3)).toString('utf8').replace('"succeeded"', '"cancelled"');
    const changed = file('changed.jsonl', text);
    const { code, parsed } = await answer({
      paths: [...paths.slice(0, 2), changed],
      key: 'videos/a b.mp4',
    });
    expect(code).toBe(1);
    expect(parsed).toMatchObject({ verified: false, root: null, key: null, compared: false });
    expect(parsed.fault).toMatchObject({ file: changed, line: 2 });
  });

  it('of steering characters steers no terminal', async () => {
    const { run } = await setup();
    expect((await run({ key: 'a\u001b[2J' })).out).not.toContain('\u001b');
  });
});

it('keeps to 80 columns', async () => {
  const { bytesOf, file, long, run, paths } = await setup();
  const lines = (await bytesOf(2)).toString('utf8').split('\n').toSpliced(2, 1).join('\n');
  const changed = file('changed.jsonl', lines);
  const outputs = [
    await run(),
    await run({ key: long }),
    await run({ root: 'f'.repeat(64) }),
    await run({ paths: [changed, ...paths] }),
  ];
  expect(outputs.map(({ code }) => code)).toEqual([0, 0, 1, 1]);
  expect(outputs[1]?.out).toContain('moved      yes');
  for (const { out } of outputs) {
    for (const line of out.split('\n')) expect(widthOf(line), line).toBeLessThanOrEqual(80);
  }
});

it('takes parts in any order, and misses those that are not given', async () => {
  const { paths, run } = await setup();
  expect((await run({ paths: paths.toReversed() })).code).toBe(0);
  const { code, out } = await run({ paths: paths.slice(0, 2) });
  expect({ code, out }).toEqual({
    code: 1,
    out: 'verified  NO\nbecause   part 3 of 3 is missing\n',
  });
});

describe('wrong usage', () => {
  it.each([
    [
      'no files',
      { paths: [] },
      'waybill: there is no receipt. Name its files, such as receipt.jsonl.\n',
    ],
    ['a file that is not there', { paths: ['/absent.jsonl'] }, '/absent.jsonl: there is no such'],
    [
      'a packed file',
      { paths: ['receipt.jsonl.gz'] },
      'waybill: receipt.jsonl.gz is packed. Unpack it first.\n',
    ],
    ['no root', { root: 'abc' }, '--root: expected 64 hex digits'],
    ['no summary', { summary: '/absent.json' }, '/absent.json: there is no such file'],
  ])('%s', async (_name, change, message) => {
    const { run } = await setup();
    const { code, out, err } = await run(change);
    expect({ code, out }).toEqual({ code: 2, out: '' });
    expect(err).toContain(message);
  });

  it('a folder, and a summary without a receipt', async () => {
    const { file, folder, run } = await setup();
    mkdirSync(join(folder, 'sub'));
    const inFolder = await run({ paths: [join(folder, 'sub')], json: true });
    const where = join(folder, 'sub');
    const err = `waybill: ${where}: it is a folder. Name a file.\n`;
    expect(inFolder).toMatchObject({ code: 2, err });
    for (const content of ['{"runId":"r1"}', '{"runId":"r1","receipt":{"root":"x"}}', 'text']) {
      const summary = file('summary.json', content);
      const { code, err } = await run({ summary });
      expect(code).toBe(2);
      expect(err).toContain(`expected a summary.json with receipt.root in ${summary}. Name the`);
    }
  });
});
