import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { gzipSync } from 'node:zlib';
import { afterEach, beforeEach, expect, it } from 'vitest';
import { type LintManifestOptions, lintManifest } from '../../../../cli/commands/lint.ts';
import { createClashFinder } from '../../../../shared/manifest/clashes.ts';

let folder: string;
beforeEach(() => {
  folder = mkdtempSync(join(tmpdir(), 'waybill-lint-'));
});
afterEach(() => rmSync(folder, { recursive: true, force: true }));

async function lint(
  name: string,
  content: string | Uint8Array,
  options: Partial<LintManifestOptions> = {},
) {
  const path = join(folder, name);
  writeFileSync(path, content);
  return run(path, options);
}

async function run(path: string, options: Partial<LintManifestOptions> = {}) {
  let [out, err] = ['', ''];
  const code = await lintManifest({
    path,
    stdout: { write: (text) => (out += text) },
    stderr: { write: (text) => (err += text) },
    ...options,
  });
  const where = (text: string) => text.replaceAll(folder, '.');
  return { code, out: where(out), err: where(err) };
}

const good = 'http://a.example/1,k1\nhttp://a.example/2,k2\n';
const bad = `url,key\n${good}\nhttps://a.example/3,k3\na.example/4,k4\nhttp://a.example/5,K1\n`;

it('answers 0 for a clean manifest, packed or not', async () => {
  const said = '2 lines, 2 transfers, 0 quarantined, 0 blank, 0 warnings.\n';
  expect(await lint('m.csv', good)).toEqual({ code: 0, out: `./m.csv: ${said}`, err: '' });
  expect(await lint('m.csv.gz', gzipSync(good))).toMatchObject({
    code: 0,
    out: `./m.csv.gz: ${said}`,
  });
  const json = '{"Url":"http://a.example/1","Key":"k1"}\n{"url":"http://a.example/2","key":"k2"}';
  expect(await lint('m.jsonl', json)).toMatchObject({ code: 0, out: `./m.jsonl: ${said}` });
});

it('answers 1 and names line, byte, reason and fix', async () => {
  expect(await lint('m.csv', bad)).toEqual({
    code: 1,
    err: '',
    out: [
      './m.csv:5: quarantined URL_HTTPS: the provider fetches over http only (byte 53); fix: http://a.example/3',
      './m.csv:6: warning URL_NO_SCHEME: the url has no scheme; it is sent as it is (byte 76); fix: http://a.example/4',
      './m.csv:7: warning KEY_LOOKALIKE: the key differs from that on line 2 only in case or Unicode form (byte 91)',
      './m.csv: 7 lines, 4 transfers, 1 quarantined, 1 blank, 1 header, 2 warnings.',
      '',
    ].join('\n'),
  });
});

it('answers 0 where there are only warnings', async () => {
  expect(await lint('m.csv', `${good}${good}`)).toMatchObject({ code: 0 });
});

it('prints one JSON document with the same', async () => {
  const { code, out } = await lint('m.csv', bad, {
    json: true,
    key: 'cos-fetch/ap-shanghai/examplebucket-1250000000/m.csv',
  });
  expect(code).toBe(1);
  expect(JSON.parse(out)).toEqual({
    path: './m.csv',
    key: 'cos-fetch/ap-shanghai/examplebucket-1250000000/m.csv',
    target: { region: 'ap-shanghai', bucket: 'examplebucket-1250000000' },
    layout: { format: 'csv', gzip: false, columns: { url: 0, key: 1, count: 2 }, header: true },
    sizeBytes: bad.length,
    counts: {
      lines: 7,
      header: 1,
      blank: 1,
      quarantined: 1,
      transfers: 4,
      warnings: { URL_NO_SCHEME: 1, KEY_LOOKALIKE: 1 },
    },
    quarantined: [
      expect.objectContaining({ line: 5, byteOffset: 53, text: 'https://a.example/3,k3' }),
    ],
    warnings: [expect.objectContaining({ line: 6 }), expect.objectContaining({ line: 7 })],
    hidden: 0,
    clashesCapped: false,
  });
});

it('allows https where asked to', async () => {
  expect(await lint('m.csv', bad, { allowHttps: true })).toMatchObject({ code: 0 });
});

it('shows so many findings, quarantined lines first, and counts the rest', async () => {
  const content = `${'a.example/b,k\n'.repeat(5)}${'x,k\n'.repeat(3)}`;
  const { out } = await lint('m.csv', content, { maxFindings: 4 });
  const lines = out.split('\n');
  expect(lines.slice(0, 4).map((line) => line.split(':')[1])).toEqual(['6', '7', '8', '1']);
  expect(lines.slice(4, 6)).toEqual([
    '8 more not shown.',
    './m.csv: 8 lines, 5 transfers, 3 quarantined, 0 blank, 9 warnings.',
  ]);
});

it('finds keys that repeat far apart, and names the first of them', async () => {
  const rows = Array.from({ length: 60_000 }, (_, n) => `http://a.example/${n},videos/${n}.mp4\n`);
  const content = `${rows.join('')}http://a.example/x,videos/7.mp4\nhttp://a.example/y,Videos/7.mp4\n`;
  const { out } = await lint('m.csv', content, { json: true });
  const { counts, warnings } = JSON.parse(out);
  expect(counts.warnings).toEqual({ KEY_REPEATED: 1, KEY_LOOKALIKE: 1 });
  expect(
    warnings.map(({ line, message }: { line: number; message: string }) => [line, message]),
  ).toEqual([
    [60_001, expect.stringContaining('the same as on line 8')],
    [60_002, expect.stringContaining('differs from that on line 8')],
  ]);
});

it('says so when more keys may clash than it compares', () => {
  const finder = createClashFinder(2);
  const keys = ['a', 'b', 'c', 'a', 'b', 'c'];
  for (const [line, key] of keys.entries()) finder.collect(key, line);
  expect(finder.capped).toBe(true);
  const found = keys.map((key, line) => finder.confirm(key, line)?.reason);
  expect(found).toEqual([
    undefined,
    undefined,
    undefined,
    'KEY_REPEATED',
    'KEY_REPEATED',
    undefined,
  ]);
});

it('does not let a manifest steer the terminal', async () => {
  const { out } = await lint(
    'm.csv',
    'http://a.example/b\u202e,\u001b[31mk\nhttps://a.example/\u202e,k\n',
  );
  // biome-ignore lint/suspicious/noControlCharactersInRegex: they are what is looked for
  expect(out).not.toMatch(/[\u0000-\u0009\u001b\u202e]/);
});

it.each([
  ['m.csv', '', 'the file is empty'],
  ['m.csv', 'url,target\n', 'the header names no column "key"'],
  ['m.csv', gzipSync(good), 'its name must end in .gz'],
  ['m.csv.gz', good, 'is not packed with gzip'],
  ['m.csv.gz', gzipSync(good).subarray(0, 30), 'the gzip data is cut off at byte 30'],
  ['m.txt', good, '"m.txt" must end in .csv'],
])('answers 2 with one clear error for an unreadable %s', async (name, content, message) => {
  const text = await lint(name, content);
  expect(text).toEqual({ code: 2, out: '', err: expect.stringContaining(message) });
  expect(text.err.split('\n')).toHaveLength(2);
  const json = await lint(name, content, { json: true });
  expect(json).toMatchObject({ code: 2, err: '' });
  expect(JSON.parse(json.out).error.message).toContain(message);
});

it('answers 2 for a wrong key, a missing file and a folder', async () => {
  const wrong = await lint('m.csv', good, { key: 'cos-fetch/ap-shanghai/bucket/m.csv' });
  expect(wrong).toMatchObject({ code: 2, err: expect.stringContaining('the bucket "bucket"') });
  expect(await run(join(folder, 'absent.csv'))).toEqual({
    code: 2,
    out: '',
    err: 'waybill: ./absent.csv: there is no such file. Check the path.\n',
  });
  expect(await run(`${folder}/../${folder.split('/').at(-1)}`)).toMatchObject({ code: 2 });
});
