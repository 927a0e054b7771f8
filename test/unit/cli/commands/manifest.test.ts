import {
  cpSync,
  mkdtempSync,
  readdirSync,
  readFileSync,
  rmSync,
  statSync,
  writeFileSync,
} from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { gunzipSync } from 'node:zlib';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { createListedBucket } from '../../../fixtures/listed-bucket.ts';
import { runProgram } from '../../../fixtures/program.ts';
import { refusal, type S3Answer, type S3Peer, startS3Peer } from '../../../fixtures/s3-peer.ts';

let folder: string;
beforeEach(() => {
  folder = mkdtempSync(join(tmpdir(), 'waybill-manifest-'));
  cpSync(new URL('../../../fixtures/cases/inventories', import.meta.url), folder, {
    recursive: true,
  });
});
afterEach(() => rmSync(folder, { recursive: true, force: true }));

const at = (name: string): string => join(folder, name);

let env: Readonly<Record<string, string>> = {};
afterEach(() => {
  env = {};
});

async function manifest(...given: readonly string[]) {
  const { code, out, err, failure } = await runProgram(env, 'manifest', ...given);
  const where = (said: string) => said.replaceAll(folder, '.');
  return { code, out, err: where(err), failure: where(failure) };
}

const lines = (name: string): readonly string[] => readFileSync(at(name), 'utf8').split('\n');

describe('an inventory', () => {
  it('becomes a manifest on standard output, with counts on standard error', async () => {
    const { code, out, err } = await manifest(at('s3-csv'));
    expect(out.split('\n')).toHaveLength(11);
    expect(out).toMatch(
      /^url,key,md5,size,etag,modified\ns3:\/\/media-src\/red%20flower\.jpg,red flower\.jpg,/,
    );
    expect(err).toContain('./s3-csv (S3 inventory, CSV): 14 listed, 9 written, 6.4 GB.\n');
    expect(err).toContain(
      'Left out: 1 DELETE_MARKER, 1 OLD_VERSION, 1 ARCHIVED, 1 FOLDER_MARKER, 1 LINE_CONTROL_CHARACTER.\n',
    );
    // A key with a line break can't be sent.
    expect(code).toBe(1);
  });

  it('is found by its checksum, and from within its folder', async () => {
    expect((await manifest(at('s3-no-size/manifest.checksum'), '-o', at('a.csv'))).code).toBe(0);
    expect((await manifest(at('s3-no-size'), '-o', at('b.csv'))).code).toBe(0);
    expect(lines('a.csv')).toEqual(lines('b.csv'));
  });

  it('writes nothing when it is damaged or incomplete, and keeps what was there', async () => {
    writeFileSync(at('o.csv'), 'before');
    const before = readdirSync(folder);
    for (const name of ['s3-cut', 's3-unpacked-on-the-way', 'cos-rows-missing']) {
      const { code, out, err } = await manifest(at(name));
      expect({ code, out }).toEqual({ code: 2, out: '' });
      expect(err).toMatch(/^waybill: \.\/.*\.\n$/);
      expect((await manifest(at(name), '-o', at('o.csv'))).code).toBe(2);
    }
    expect(readFileSync(at('o.csv'), 'utf8')).toBe('before');
    expect(readdirSync(folder)).toEqual(before);
  });

  it('is named where a folder holds several', async () => {
    const { failure } = await manifest(folder);
    expect(failure).toMatch(
      /^\.: the folder holds more than one inventory\. Name one of them, such as \.\/s3-/,
    );
    rmSync(at('s3-csv/manifest.json'));
    expect((await manifest(at('s3-csv'))).failure).toMatch(/holds no manifest\.json/);
  });
});

describe('the file', () => {
  it('is readable by its user and group alone, and packed when its name says so', async () => {
    await manifest(at('s3-csv'), '-o', at('o.csv'));
    await manifest(at('s3-csv'), '-o', at('o.csv.gz'));
    expect(statSync(at('o.csv')).mode & 0o777).toBe(0o640);
    expect(gunzipSync(readFileSync(at('o.csv.gz'))).toString()).toBe(
      readFileSync(at('o.csv'), 'utf8'),
    );
  });

  it('has a name that submit reads as a CSV', async () => {
    expect((await manifest(at('s3-csv'), '-o', at('o.txt'))).failure).toMatch(
      /--output: .*end in \.csv/,
    );
  });
});

it('filters and maps keys, and names the next command', async () => {
  const given = ['--prefix', 'c', '--to', 'cos://ap-shanghai/b-1250000000/new/', '-o', at('o.csv')];
  const { err, code } = await manifest(at('s3-csv'), ...given);
  expect(
    lines('o.csv')
      .slice(1)
      .map((line) => line.split(',')[1]),
  ).toEqual(['new/++/notes.txt', undefined]);
  expect(err).toContain('Left out: 13 OUTSIDE_PREFIX.\n');
  expect(err).toMatch(/Next: npx waybill submit \.\/o\.csv --to ap-shanghai\/b-1250000000\n$/);
  expect(code).toBe(0);
  await manifest(
    at('s3-csv'),
    '--include',
    '*.jpg',
    '--include',
    '*.bin',
    '--max-size',
    '9',
    '-o',
    at('p.csv'),
  );
  expect(
    lines('p.csv')
      .slice(1, -1)
      .map((line) => line.split(',')[1]),
  ).toEqual(['red flower.jpg', 'kms.bin']);
  await manifest(at('s3-csv'), '--strip-prefix', 'c++/', '--key-prefix', 'k/', '-o', at('q.csv'));
  expect(
    lines('q.csv')
      .slice(1, -1)
      .map((line) => line.split(',')[1]),
  ).toEqual(['k/notes.txt']);
});

it('sends only what changed since an older manifest', async () => {
  const cases = new URL('../../../fixtures/cases/catch-up', import.meta.url);
  cpSync(cases, folder, { recursive: true });
  const given = [at('newer.csv'), '--changed-since', at('older.csv'), '-o', at('o.csv'), '--json'];
  const { out, code } = await manifest(...given);
  expect(JSON.parse(out)).toMatchObject({
    counts: { listed: 7, written: 5, leftOut: { UNCHANGED: 2 } },
    bytes: '45',
    comparison: {
      new: 1,
      changed: { etag: 3, size: 0, modified: 0 },
      unknown: 1,
      unchanged: 2,
      gone: 1,
    },
  });
  expect(code).toBe(0);
  const again = await manifest(...given, '--assume-unchanged');
  expect(JSON.parse(again.out).counts).toMatchObject({
    written: 4,
    leftOut: { UNKNOWN_CHANGE: 1 },
  });
  const missing = await manifest(at('newer.csv'), '--changed-since', at('none.csv'));
  expect({ ...missing, out: '' }).toMatchObject({
    code: 2,
    err: 'waybill: ./none.csv: the file is missing. Check the path.\n',
  });
});

it('needs a source for keys, and encodes its prefix', async () => {
  expect((await manifest(at('rclone-lsjson.json'))).failure).toMatch(
    /has keys only\. Add --source/,
  );
  const { out } = await manifest(at('rclone-lsjson.json'), '--source', 's3://media/my photos');
  expect(out).toContain('\ns3://media/my%20photos/dir/a.txt,dir/a.txt,');
});

it.each([
  [['--source', 'media'], /--source: expected <kind>:\/\/<bucket>/],
  [['--source', 'cos://ap-shanghai@'], /--source: expected/],
  [['--to', 'bucket'], /--to: bucket: the target names no region; expected cos:/],
  [['--to', 'cos://r/b', '--key-prefix', 'k'], /cannot be used with option '--key-prefix/],
  [['--json'], /--json needs --output/],
  [['--assume-unchanged'], /needs --changed-since/],
  [['--min-size', '1MB'], /whole number of bytes/],
  [['--modified-since', 'yesterday'], /such as 2026-11-20/],
  [['--from', 'excel'], /Allowed choices are inventory/],
])('refuses %j', async (given, message) => {
  expect((await manifest(at('s3-csv'), ...given)).failure).toMatch(message);
});

it('tells an error as JSON too, with its code', async () => {
  const { out, code } = await manifest(at('s3-cut'), '--json', '-o', at('o.csv'));
  expect(JSON.parse(out)).toMatchObject({ error: { code: 'LIST_DAMAGED' } });
  expect(code).toBe(2);
});

describe('a bucket', () => {
  const KEYS = ['photos/a b.jpg', 'photos/100%/ü.jpg', 'photos/😀', 'photos/empty/', 'other'];

  /** A source of the environment whose bucket is `examplebucket`. */
  async function configure(answer: S3Answer, source: object = {}): Promise<S3Peer> {
    const peer = await startS3Peer(answer);
    const { keys, ...place } = peer.place.config;
    const media = { kind: 's3-compatible', bucket: 'examplebucket', ...place };
    const sources = { media: { ...media, credentials: 'reader', ...source } };
    writeFileSync(at('sources.json'), JSON.stringify(sources));
    writeFileSync(at('sets.json'), JSON.stringify({ reader: keys }));
    env = {
      WAYBILL_SOURCES_FILE: at('sources.json'),
      WAYBILL_CREDENTIALS_FILE: at('sets.json'),
    };
    return peer;
  }

  const listed = (keys: readonly string[], pageKeys = 2): S3Answer => {
    const answer = createListedBucket({ keys, pageKeys });
    return ({ query }) => answer(query);
  };

  it('becomes a manifest, with the keys of its source', async () => {
    await configure(listed(KEYS));
    const { code, out, err } = await manifest('s3://examplebucket/photos/');
    const fields = '7,25f9e794323b453885f5181f1b624d0b,2026-11-20T08:00:00.107Z';
    expect(out.split('\n')).toEqual([
      'url,key,size,etag,modified',
      `s3://examplebucket/photos/100%25/%C3%BC.jpg,photos/100%/ü.jpg,${fields}`,
      `s3://examplebucket/photos/a%20b.jpg,photos/a b.jpg,${fields}`,
      `s3://examplebucket/photos/empty/,photos/empty/,${fields}`,
      `s3://examplebucket/photos/%F0%9F%98%80,photos/😀,${fields}`,
      '',
    ]);
    expect(err).toBe('s3://examplebucket/photos/ (bucket): 4 listed, 4 written, 28 bytes.\n');
    expect(code).toBe(0);
  });

  it('is filtered, and its keys are put behind the prefix of a target', async () => {
    await configure(listed(KEYS));
    const target = 'cos://ap-shanghai/examplebucket-1250000000/archive/';
    const given = ['--to', target, '--include', '*.jpg', '-o', at('o.csv'), '--parallel', '4'];
    const { err } = await manifest('s3://media@examplebucket/photos/', ...given);
    expect(
      lines('o.csv')
        .map((line) => line.split(',').slice(0, 2))
        .slice(1, 3),
    ).toEqual([
      ['s3://media@examplebucket/photos/100%25/%C3%BC.jpg', 'archive/100%/ü.jpg'],
      ['s3://media@examplebucket/photos/a%20b.jpg', 'archive/a b.jpg'],
    ]);
    expect(err).toContain('2 FILTERED_NAME');
    expect(err).toContain('submit ./o.csv --to ap-shanghai/examplebucket-1250000000');
  });

  it('L05: writes nothing of a list that is not whole', async () => {
    const page = createListedBucket({ keys: KEYS, pageKeys: 2 });
    await configure(() => page(new URLSearchParams()));
    const { code, out, err } = await manifest('s3://examplebucket/');
    expect([code, out]).toEqual([2, '']);
    expect(err).toMatch(/^waybill: The list of bucket examplebucket is not whole: .* repeats/);
  });

  it('is refused in one sentence that shows no key', async () => {
    await configure(() => refusal(403, 'AccessDenied'));
    const { code, out, err } = await manifest('s3://examplebucket/', '--json', '-o', at('o.csv'));
    expect([code, err]).toEqual([2, '']);
    expect(JSON.parse(out)).toMatchObject({
      error: { code: 'SOURCE_REFUSED', message: expect.stringContaining('s3:ListBucket') },
    });
    expect(out).not.toContain('canary');
    expect(readdirSync(folder)).not.toContain('o.csv');
  });

  it.each([
    ['s3://elsewhere/', /no source in WAYBILL_SOURCES_FILE has the bucket/],
    ['cos://ap-shanghai/examplebucket-1250000000/', /such as cos:\/\/examplebucket-1250000000\//],
    ['s3://other@examplebucket/', /no source of this name/],
    ['oss://examplebucket/', /no source/],
  ])('that is of no source is refused: %s', async (address, expected) => {
    await configure(listed(KEYS));
    const { code, err } = await manifest(address);
    expect(code).toBe(2);
    expect(err).toMatch(expected);
  });

  it.each([
    [['--prefix', 'a'], 'Write the prefix into s3://examplebucket/'],
    [['--from', 'keys'], 'Leave out --from'],
    [['--source', 's3://b'], 'Leave out --source'],
  ])('takes no options of lists: %j', async (given, expected) => {
    expect((await manifest('s3://examplebucket/', ...given)).failure).toContain(expected);
    expect((await manifest(at('s3-csv'), '--parallel', '2')).failure).toContain('--parallel');
  });

  it('that does not answer is told as unreachable', async () => {
    await configure(listed(KEYS), { endpoint: 'http://127.0.0.1:1' });
    const { failure } = await manifest('s3://examplebucket/');
    expect(failure).toMatch(/ECONNREFUSED.* Then run the command again\.$/);
  });
});
