import { describe, expect, it } from 'vitest';
import { createFilter, type Filters } from '../../../../../shared/manifest/sources/filters.ts';
import {
  type Entry,
  isArchived,
  objectUrl,
} from '../../../../../shared/manifest/sources/object.ts';
import {
  createManifestWriter,
  type ManifestOptions,
} from '../../../../../shared/manifest/sources/write-manifest.ts';

function write(entries: readonly Entry[], options: Partial<ManifestOptions> = {}) {
  const writer = createManifestWriter({ source: 's3://media', columns: [], ...options });
  const text = writer.header + writer.write(entries);
  return { lines: text.trimEnd().split('\n').slice(1), header: writer.header, ...writer.report() };
}

const keys = (...all: readonly string[]): Entry[] => all.map((key) => ({ key }));

describe('a line', () => {
  it('names the object by the percent-encoded key, and quotes what CSV wants quoted', () => {
    const { lines } = write(keys('a b/c+d,%2F"é.txt', 'plain/1.jpg'));
    expect(lines).toEqual([
      's3://media/a%20b/c%2Bd%2C%252F%22%C3%A9.txt,"a b/c+d,%2F""é.txt"',
      's3://media/plain/1.jpg,plain/1.jpg',
    ]);
  });

  it('has the columns of the list alone, in one order, and sizes as they came', () => {
    const entry = {
      key: 'a',
      sizeBytes: '9007199254740993',
      crc64: '0',
      modified: '2026-01-01T00:00:00Z',
    };
    const { header, lines, bytes } = write([entry, { key: 'b', etag: 'e' }], {
      columns: ['modified', 'etag', 'crc64', 'size'],
    });
    expect(header).toBe('url,key,size,etag,crc64,modified\n');
    expect(lines).toEqual([
      's3://media/a,a,9007199254740993,,0,2026-01-01T00:00:00Z',
      's3://media/b,b,,e,,',
    ]);
    expect(bytes).toBe(9007199254740993n);
  });

  it('keeps the URL of a list of URLs', () => {
    expect(write([{ key: 'a', url: 'http://h/x?y=1' }]).lines).toEqual(['http://h/x?y=1,a']);
  });
});

it('L09: sends empty objects, names that end in $ and folders with content; counts folder markers', () => {
  const entries = [
    { key: 'empty.txt', sizeBytes: '0' },
    { key: 'price$', sizeBytes: '0' },
    { key: 'folder/', sizeBytes: '0' },
    { key: 'full/', sizeBytes: '12' },
    { key: 'unknown/' },
  ];
  const { lines, leftOut, listed, written, withoutSize } = write(entries);
  expect(lines.map((line) => line.split(',')[1])).toEqual([
    'empty.txt',
    'price$',
    'full/',
    'unknown/',
  ]);
  expect({ leftOut, listed, written, withoutSize }).toEqual({
    leftOut: { FOLDER_MARKER: 1 },
    listed: 5,
    written: 4,
    withoutSize: 1,
  });
  expect(write(entries, { folderMarkers: true }).written).toBe(5);
});

it('counts what is left out by reason, and shows faults but no choices', () => {
  const entries: Entry[] = [
    { key: 'gone', leftOut: 'DELETE_MARKER' },
    { key: 'cold', storageClass: 'DEEP_ARCHIVE' },
    { key: 'line\nbreak' },
    { key: '\ud800' },
    { key: 'bad', leftOut: 'MD5_INVALID', message: 'expected 16 bytes' },
    { key: 'odd', warning: { reason: 'RCLONE_STANDIN', message: 'odd', fix: 'o' } },
  ];
  const { leftOut, warnings, findings, lines } = write(entries);
  expect(leftOut).toEqual({
    DELETE_MARKER: 1,
    ARCHIVED: 1,
    LINE_CONTROL_CHARACTER: 1,
    LINE_NOT_UTF8: 1,
    MD5_INVALID: 1,
  });
  expect(warnings).toEqual({ RCLONE_STANDIN: 1 });
  expect(findings.map(({ key, reason }) => [key, reason])).toEqual([
    ['line\nbreak', 'LINE_CONTROL_CHARACTER'],
    ['\ud800', 'LINE_NOT_UTF8'],
    ['bad', 'MD5_INVALID'],
    ['odd', 'RCLONE_STANDIN'],
  ]);
  expect(lines).toEqual(['s3://media/odd,odd']);
});

it('shows 100 faults of any number', () => {
  const { findings, leftOut } = write(Array.from({ length: 1_000 }, () => ({ key: '\n' })));
  expect([findings.length, leftOut]).toEqual([100, { LINE_CONTROL_CHARACTER: 1_000 }]);
});

describe('filters', () => {
  const kept = (all: readonly Entry[], filters: Filters | undefined) =>
    write(all, filters === undefined ? {} : { filter: createFilter(filters) }).lines.map(
      (line) => line.split(',')[1],
    );

  it.each([
    [{ prefix: 'a/' }, ['a/b.jpg', 'a/.hidden', 'a/c/d.png', 'a//e.jpg']],
    [{ include: ['*.jpg'] }, ['a/b.jpg', 'a//e.jpg', 'top.jpg']],
    [{ include: ['a/*'] }, ['a/b.jpg', 'a/.hidden']],
    [{ include: ['a/**'], exclude: ['*.jpg'] }, ['a/.hidden', 'a/c/d.png']],
    [{ include: ['**/*.{png,gif}'] }, ['a/c/d.png']],
    [{ exclude: ['a/**'] }, ['top.jpg']],
  ])('%j', (filters, expected) => {
    const all = keys('a/b.jpg', 'a/.hidden', 'a/c/d.png', 'a//e.jpg', 'top.jpg');
    expect(kept(all, filters)).toEqual(expected);
  });

  it('choose by size and time, and leave out nothing whose size or time is unknown', () => {
    const all = [
      { key: 'small', sizeBytes: '9', modified: '2026-01-01T00:00:00Z' },
      { key: 'fits', sizeBytes: '10', modified: '2026-01-02T00:00:00.5Z' },
      { key: 'large', sizeBytes: '9007199254740993' },
      { key: 'unknown' },
    ];
    expect(kept(all, { minSize: 10n, maxSize: 9007199254740992n })).toEqual(['fits', 'unknown']);
    const since = { modifiedSince: new Date('2026-01-02T00:00:00Z') };
    expect(kept(all, since)).toEqual(['fits', 'large', 'unknown']);
    const { leftOut } = write(all, { filter: createFilter({ minSize: 10n, ...since }) });
    expect(leftOut).toEqual({ FILTERED_SIZE: 1 });
  });

  it('come first: what is outside them is counted for nothing else', () => {
    const all: Entry[] = [
      { key: 'b/gone', leftOut: 'DELETE_MARKER' },
      { key: 'b/cold', storageClass: 'GLACIER' },
    ];
    expect(write(all, { filter: createFilter({ prefix: 'a/' }) }).leftOut).toEqual({
      OUTSIDE_PREFIX: 2,
    });
  });
});

it('maps keys, but no URL; a key that is not behind the prefix is left out', () => {
  const { lines, leftOut } = write(keys('photos/a.jpg', 'photos/', 'other/b.jpg'), {
    keys: { strip: 'photos/', add: '' },
  });
  expect(lines).toEqual(['s3://media/photos/a.jpg,a.jpg']);
  expect(leftOut).toEqual({ KEY_EMPTY: 1, OUTSIDE_PREFIX: 1 });
  const added = write(keys('a'), { keys: { add: 'new/' } });
  expect(added.lines).toEqual(['s3://media/a,new/a']);
});

it.each([
  ['s3://media', 'a', 's3://media/a'],
  ['s3://media', '/a', 's3://media//a'],
  ['s3://media/photos/', 'a b', 's3://media/photos/a%20b'],
  ['https://acc.blob.core.windows.net/', "it's", 'https://acc.blob.core.windows.net/it%27s'],
])('%s and key %s are %s', (source, key, url) => {
  expect(objectUrl(source, key)).toBe(url);
});

it.each([
  ['GLACIER', 's3', true],
  ['GLACIER_IR', 's3', false],
  ['Deep_Archive', 'cos', true],
  ['ColdArchive', 'oss', true],
  ['COLD', 'obs', true],
  ['COLD', undefined, false],
  ['ARCHIVE', 'gs', false],
  ['Archive', 'https', true],
  ['STANDARD', 's3', false],
] as const)('class %s of %s must be restored first: %s', (storageClass, kind, expected) => {
  expect(isArchived(storageClass, kind)).toBe(expected);
});
