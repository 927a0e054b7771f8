import { describe, expect, it } from 'vitest';
import { parseSourceUrl } from '../../../../shared/manifest/sources/address.ts';
import { parseTarget } from '../../../../shared/manifest/target-address.ts';

const COS = 'examplebucket-1250000000';

describe('the address of a target', () => {
  it.each([
    [`cos://ap-shanghai/${COS}/photos/`, 'cos', 'ap-shanghai', COS, 'photos/'],
    [`COS://ap-beijing-1/${COS}`, 'cos', 'ap-beijing-1', COS, ''],
    [`cos://na-siliconvalley/${COS}/`, 'cos', 'na-siliconvalley', COS, ''],
    ['obs://cn-north-4/media/a%20b/%25/视频', 'obs', 'cn-north-4', 'media', 'a b/%/视频'],
    ['obs://ap-southeast-3/my.media/2026-', 'obs', 'ap-southeast-3', 'my.media', '2026-'],
  ])('%s is read, its prefix decoded once', (text, kind, region, bucket, prefix) => {
    expect(parseTarget(text)).toEqual({ kind, region, bucket, prefix });
  });

  it.each([
    [`cos://${COS}/photos/`, `cos://<region>/${COS}/photos/`],
    ['cos://my-photos-1250000000', 'cos://<region>/my-photos-1250000000'],
    ['obs://media/photos/', 'obs://<region>/media/photos/'],
  ])('%s is the form of a source: the right one is shown', (text, fix) => {
    expect(parseTarget(text)).toEqual({
      fault: expect.stringContaining('like a source, without a region; expected '),
      fix,
    });
    expect(parseSourceUrl(text, 'prefix')).not.toHaveProperty('fault');
  });

  it.each([
    ['s3://media/photos/', /expected cos:\/\/<region>\/<bucket-appid>\/<prefix> or obs:/],
    [`ap-shanghai/${COS}`, /expected cos:/],
    ['', /expected cos:/],
    ['cos://', /names no region; expected cos:/],
    [`cos://Shanghai/${COS}/`, /names no region/],
    ['cos://ap-shanghai', /names no bucket/],
    ['cos://ap-shanghai/examplebucket/photos/', /numeric APPID/],
    ['obs://cn-north-4/Media/', /names no bucket; expected obs:/],
    [`cos://ap-shanghai/${COS}/100%/`, /%25/],
    [`cos://ap-shanghai/${COS}/%0A`, /control character/],
    [`cos://ap-shanghai/${COS}/a/../b/`, /behind the prefix of the target has "\."/],
    [`cos://ap-shanghai/${COS}/${'k'.repeat(850)}`, /at most 850 bytes/],
    [`obs://cn-north-4/media/${'k'.repeat(1_024)}`, /at most 1024 bytes/],
  ])('%s is refused', (text, message) => {
    expect(parseTarget(text)).toEqual({ fault: expect.stringMatching(message) });
  });

  it('that ends in dots is refused where keys behind it would resolve to another key', () => {
    expect(parseTarget(`cos://ap-shanghai/${COS}/../`)).toHaveProperty('fault');
    expect(parseTarget(`cos://ap-shanghai/${COS}/..a`)).toHaveProperty('prefix', '..a');
  });
});
