import { describe, expect, it } from 'vitest';
import { findFault } from '../../../../../shared/manifest/lint.ts';
import { parseSourceUrl } from '../../../../../shared/manifest/sources/address.ts';

const faultOf = (url: string) => findFault({ url, key: 'k', md5: '' }, { allowHttps: false });

describe('the address of an object in a source', () => {
  it.each([
    ['s3://media/photos/a%20b.jpg', { scheme: 's3', bucket: 'media', key: 'photos/a b.jpg' }],
    ['S3://media/a', { scheme: 's3', bucket: 'media', key: 'a' }],
    ['oss://cold@media/a', { scheme: 'oss', source: 'cold', bucket: 'media', key: 'a' }],
    [
      'cos://examplebucket-1250000000/a',
      { scheme: 'cos', bucket: 'examplebucket-1250000000', key: 'a' },
    ],
    ['obs://media.example.com//a//', { scheme: 'obs', bucket: 'media.example.com', key: '/a//' }],
    ['gs://my_bucket/a/../b', { scheme: 'gs', bucket: 'my_bucket', key: 'a/../b' }],
    ['tos://media/a+b%2525', { scheme: 'tos', bucket: 'media', key: 'a+b%25' }],
    [
      's3://media/%E8%A7%86%E9%A2%91/%F0%9F%98%80',
      { scheme: 's3', bucket: 'media', key: '视频/😀' },
    ],
  ])('%s is read, its key decoded once', (url, address) => {
    expect(parseSourceUrl(url)).toEqual(address);
    expect(faultOf(url)).toBeUndefined();
  });

  it.each([
    ['cos://ap-shanghai/examplebucket-1250000000/a', 'cos://examplebucket-1250000000/a'],
    ['obs://cn-north-4/media/a', 'obs://media/a'],
  ])('%s is the form of a target: the right one is told', (url, fix) => {
    const expected = {
      reason: 'URL_SOURCE',
      message: expect.stringContaining('a source has none'),
      fix,
    };
    expect(faultOf(url)).toEqual(expected);
  });

  it.each([
    ['cos://examplebucket/a', 'URL_SOURCE', /expected cos:\/\/<bucket-appid>\/<key>/],
    ['s3://m/a', 'URL_SOURCE', /names no bucket/],
    ['s3:///a', 'URL_SOURCE', /names no bucket/],
    ['s3://media', 'URL_SOURCE', /names no object/],
    ['s3://media/', 'URL_SOURCE', /names no object/],
    ['s3://AKID:canary@media/a', 'URL_SOURCE', /no name of a source/],
    ['s3://media/a?versionId=1', 'URL_SOURCE', /%3F/],
    ['s3://media/%FF', 'URL_SOURCE', /not encoded UTF-8/],
    ['s3://media/a b', 'URL_NOT_ENCODED', /character 13/],
    ['s3://media/100%', 'URL_NOT_ENCODED', /two hex digits/],
    ['azure://media/a', 'URL_SCHEME', /other than http, s3, oss/],
  ])('%s is refused as %s, without a word of it', (url, reason, message) => {
    const found = faultOf(url);
    expect(found).toMatchObject({ reason, message: expect.stringMatching(message) });
    expect(found?.message).not.toContain('canary');
  });
});
