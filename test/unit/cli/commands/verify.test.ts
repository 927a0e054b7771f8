/** Reports against the checksums in their summary. */
import { createHash } from 'node:crypto';
import { mkdirSync, rmSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import * as v from 'valibot';
import { describe, expect, it } from 'vitest';
import { verify, verifyShape } from '../../../../cli/commands/verify.ts';
import { screen } from '../../../fixtures/runs.ts';
import { temporaryFolder } from '../../../fixtures/stores.ts';

const FAILED = 'url,key,md5\r\nhttp://o.example/a,照片,\r\n';
const REJECTED = 'line,byteOffset,reason,message,fix,text\r\n';

const digest = (name: string, text: string) => ({
  name,
  sizeBytes: Buffer.byteLength(text),
  sha256: createHash('sha256').update(text).digest('hex'),
});

/** A closed run's files, as they were fetched; `prefix` as browsers add it. */
function setup(prefix = '') {
  const folder = temporaryFolder();
  const file = (name: string, content: string): string => {
    writeFileSync(join(folder, name), content);
    return join(folder, name);
  };
  const reports = [digest('failed.csv', FAILED), digest('rejected.csv', REJECTED)];
  const summaryOf = (parts: object): string =>
    JSON.stringify({ runId: 'r1', closedAt: '2026-11-20T02:00:31.000Z', reports, ...parts });
  const summary = file(`${prefix}summary.json`, summaryOf({}));
  const failed = file(`${prefix}failed.csv`, FAILED);
  const rejected = file(`${prefix}rejected.csv`, REJECTED);
  const run = async (paths: readonly string[] = [], path = summary) => {
    const [text, json] = [screen(), screen()];
    const code = await verify({ summary: path, reports: paths, json: false, stdout: text });
    await verify({ summary: path, reports: paths, json: true, stdout: json });
    const answer = v.parse(v.strictObject(verifyShape.entries), JSON.parse(json.text()));
    expect(code).toBe(answer.verified ? 0 : 1);
    return { out: text.text(), results: answer.reports.map(({ result }) => result) };
  };
  return { failed, file, folder, rejected, run, summary, summaryOf };
}

it.each(['', 'b3f1-'])('compares the files beside the summary: %sfailed.csv', async (prefix) => {
  const { failed, rejected, run } = setup(prefix);
  const { out, results } = await run();
  expect(results).toEqual(['equal', 'equal']);
  const rows = [
    'verified  yes',
    'run       r1',
    `equal     ${failed}`,
    `equal     ${rejected}`,
    '',
  ];
  expect(out.split('\n')).toEqual(rows);
});

it.each([
  ['a changed byte', FAILED.replace('a', 'b')],
  ['a missing end', FAILED.slice(0, -2)],
  ['more behind it', `${FAILED}x`],
  ['nothing', ''],
])('tells a file with %s', async (_what, content) => {
  const { failed, run } = setup();
  writeFileSync(failed, content);
  const { out, results } = await run();
  expect(results).toEqual(['different', 'equal']);
  expect(out).toMatch(/^verified +NO\n/);
});

it('tells a missing file, and checks only those that are named', async () => {
  const { failed, folder, rejected, run } = setup();
  rmSync(failed);
  expect((await run()).results).toEqual(['missing', 'equal']);
  expect((await run([rejected])).results).toEqual(['equal']);
  expect((await run([join(folder, 'r1-failed.csv')])).results).toEqual(['missing']);
});

describe('wrong usage', () => {
  it.each([
    ['text', 'is not the summary.json of a run'],
    ['{"name": "waybill"}', 'is not the summary.json of a run'],
    [{ reports: [{ ...digest('x', ''), name: '../failed.csv' }] }, 'is not the summary.json'],
    [{ reports: undefined, closedAt: null }, 'has no checksums: the run was not closed'],
    [{ reports: undefined }, 'has no checksums: an earlier version wrote it'],
  ])('a summary like %j', async (content, message) => {
    const { file, run, summaryOf } = setup();
    const path = file('other.json', typeof content === 'string' ? content : summaryOf(content));
    await expect(run([], path)).rejects.toMatchObject({
      exitCode: 2,
      message: expect.stringContaining(`${path} ${message}`),
    });
  });

  it('a file that is no report, a folder, and no summary at all', async () => {
    const { file, folder, run } = setup();
    await expect(run([file('other.csv', '')])).rejects.toThrow(
      'other.csv is not a report of this summary. Name some of failed.csv, rejected.csv.',
    );
    mkdirSync(join(folder, 'x-failed.csv'));
    await expect(run([join(folder, 'x-failed.csv')])).rejects.toThrow('it is a folder');
    await expect(run([], '/absent.json')).rejects.toMatchObject({
      exitCode: 2,
      message: expect.stringContaining('/absent.json: there is no such file'),
    });
  });
});
