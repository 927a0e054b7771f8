/** What becomes of single lines, CSV and JSON. */
import { expect, it } from 'vitest';
import { parseCsvHeader } from '../../../../shared/manifest/csv.ts';
import { parseJsonLine } from '../../../../shared/manifest/jsonl.ts';

it.each([
  ['url,key,md5', { url: 0, key: 1, md5: 2, count: 3 }],
  ['MD5, Key ,size,"URL"', { md5: 0, key: 1, size: 2, url: 3, count: 4 }],
  [
    'ONKEYEXIST,note,crc64,key,Modified,url,eTag',
    { onKeyExist: 0, crc64: 2, key: 3, modified: 4, url: 5, etag: 6, count: 7 },
  ],
  ['key,url', { key: 0, url: 1, count: 2 }],
  ['http://a.example/b,key', undefined],
  ['a.example/url,url', undefined],
  ['"url,key', undefined],
])('recognises the header %s', (line, columns) => {
  expect(parseCsvHeader(line)).toEqual(columns);
});

it.each([
  ['url,target,md5', 'the header names no column "key"'],
  ['source,key', 'the header names no column "url"'],
  ['url,key,URL', 'the header names the column "url" twice'],
  ['url,onKeyExist,key,onkeyexist', 'the header names the column "onKeyExist" twice'],
])('refuses the header %s', (line, message) => {
  expect(() => parseCsvHeader(line)).toThrow(
    expect.objectContaining({
      code: 'MANIFEST_INVALID',
      message: expect.stringContaining(message),
    }),
  );
});

it.each([
  ['{"url":"u","key":"k","md5":"m"}', { url: 'u', key: 'k', md5: 'm' }],
  ['{"Url":"u","Key":"k","MD5":"m","x":1}', { url: 'u', key: 'k', md5: 'm' }],
  ['{"url":"u","Url":"u","key":"k","md5":null}', { url: 'u', key: 'k', md5: '' }],
  ['{"key":"k"}', { url: '', key: 'k', md5: '' }],
])('reads %s', (line, fields) => {
  expect(parseJsonLine(line)).toEqual(fields);
});

it.each([
  ['{"url":"http://secret"', 'not valid JSON at character 23'],
  ['[]', 'the line is an array'],
  ['null', 'the line is null'],
  ['"a"', 'the line is a string'],
  ['{"url":5,"key":"k"}', '"url" is not a string'],
  ['{"url":"u","Key":["k"]}', '"Key" is not a string'],
  ['{"url":"u","Url":"v","key":"k"}', '"url" and "Url" differ'],
])('finds what is wrong in %s without quoting it', (line, message) => {
  const found = parseJsonLine(line);
  expect(found).toMatchObject({
    reason: 'JSON_INVALID',
    message: expect.stringContaining(message),
  });
  expect(JSON.stringify(found)).not.toContain('secret');
});
