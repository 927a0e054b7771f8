import { Readable } from 'node:stream';
import { describe, expect, it } from 'vitest';
import type { Position } from '../../../../../shared/lib/s3/list.ts';
import {
  type ListedBucket,
  listEntries,
  openBucketList,
} from '../../../../../shared/manifest/sources/bucket-list.ts';
import type { SourceConfig } from '../../../../../shared/manifest/sources/config.ts';
import type { Entry } from '../../../../../shared/manifest/sources/object.ts';
import { createManifestWriter } from '../../../../../shared/manifest/sources/write-manifest.ts';
import { createListedBucket } from '../../../../fixtures/listed-bucket.ts';
import {
  inTurn,
  refusal,
  type S3Answer,
  type S3Peer,
  type S3Reply,
  startS3Peer,
} from '../../../../fixtures/s3-peer.ts';

type Kind = SourceConfig['kind'];

const target = ({ place }: S3Peer, kind: Kind = 's3'): ListedBucket => ({
  source: {
    name: 'media',
    kind,
    bucket: place.bucket,
    region: place.config.region,
    endpoint: place.config.endpoint,
    addressing: 'path',
  },
  keys: place.config.keys,
  wait: async () => {},
});

async function list(peer: S3Peer, kind: Kind = 's3', prefix = '') {
  const { blocks } = openBucketList(target(peer, kind), 's3://examplebucket', { prefix });
  return (await Array.fromAsync(blocks)).flat();
}

const contents = (key: string, fields = '<Size>7</Size>'): string =>
  `<Contents><Key>${key}</Key><LastModified>2026-11-20T08:00:00.107Z</LastModified><ETag>"e"</ETag>${fields}</Contents>`;

const page = (...entries: readonly string[]): S3Reply => ({
  body: `<ListBucketResult><IsTruncated>false</IsTruncated>${entries.join('')}</ListBucketResult>`,
});

const listed = (keys: readonly string[], pageKeys?: number): S3Answer => {
  const answer = createListedBucket({ keys, ...(pageKeys !== undefined && { pageKeys }) });
  return ({ query }) => answer(query);
};

/** As names of files, forms, URLs and XML don't like them. */
const ODD = [
  'a+b',
  'a b',
  'a%2Bb',
  '100%',
  "it's (1)!*",
  '<&>"',
  '中/文',
  '😀/\uffee',
  'a//b',
  '/x',
  ' ',
  'tab\there',
  'line\nfeed',
];

describe('the list of a bucket', () => {
  it.each([
    ['s3', '2', 'url'],
    ['oss', '2', 'url'],
    ['cos', null, 'url'],
    ['obs', null, null],
    ['gs', '2', 'url'],
    ['tos', '2', 'url'],
    ['s3-compatible', '2', 'url'],
  ] as const)(
    'of kind %s asks for list-type %s with encoding-type %s and 1,000 keys',
    async (kind, version, encoding) => {
      const peer = await startS3Peer(listed(['a', 'p/a', 'p/b'], 1));
      expect((await list(peer, kind, 'p/')).map(({ key }) => key)).toEqual(['p/a', 'p/b']);
      for (const { query } of peer.arrived) {
        expect(query.get('list-type')).toBe(version);
        expect(query.get('encoding-type')).toBe(encoding);
        expect(query.get('max-keys')).toBe('1000');
      }
    },
  );

  it.each(['s3', 'cos', 'obs'] as const)('G9: names odd keys as they are: %s', async (kind) => {
    const peer = await startS3Peer(listed(ODD, 3));
    const found = (await list(peer, kind)).map(({ key }) => key);
    expect(found.toSorted()).toEqual(ODD.toSorted());
  });

  it('tells size, ETag, time and class, each as it is there', async () => {
    const peer = await startS3Peer(
      inTurn(
        page(
          contents('a', '<Size>9007199254740993</Size><StorageClass>GLACIER</StorageClass>'),
          contents('b', '<Type>Symlink</Type>'),
          '<Contents><Key>c</Key></Contents>',
        ),
      ),
    );
    expect(await list(peer)).toEqual([
      {
        key: 'a',
        sizeBytes: '9007199254740993',
        etag: 'e',
        modified: '2026-11-20T08:00:00.107Z',
        storageClass: 'GLACIER',
      },
      { key: 'b', leftOut: 'SYMLINK' },
      { key: 'c' },
    ]);
  });

  it('L09: keeps empty objects, names that end in $, and folders with content', async () => {
    const empty = '<Size>0</Size>';
    const peer = await startS3Peer(
      inTurn(
        page(
          contents('empty.txt', empty),
          contents('price$', empty),
          contents('folder/', empty),
          contents('full/', '<Size>12</Size>'),
        ),
      ),
    );
    const write = (folderMarkers: boolean, entries: readonly Entry[]) => {
      const writer = createManifestWriter({ source: 's3://b', columns: ['size'], folderMarkers });
      return { lines: writer.write(entries).trimEnd().split('\n'), report: writer.report() };
    };
    const entries = await list(peer);
    const { lines, report } = write(false, entries);
    expect(lines).toEqual([
      's3://b/empty.txt,empty.txt,0',
      's3://b/price%24,price$,0',
      's3://b/full/,full/,12',
    ]);
    expect(report.leftOut).toEqual({ FOLDER_MARKER: 1 });
    expect(write(true, entries).lines).toContain('s3://b/folder/,folder/,0');
  });

  it('G9: leaves out a key with a control character, and none of its neighbours', async () => {
    const peer = await startS3Peer(listed(['a', 'bad\bname', 'c']));
    const writer = createManifestWriter({ source: 's3://b', columns: [] });
    expect(writer.write(await list(peer, 'obs'))).toBe('s3://b/a,a\ns3://b/c,c\n');
    expect(writer.report().leftOut).toEqual({ LINE_CONTROL_CHARACTER: 1 });
  });

  it('waits where the store asks to slow down', async () => {
    const busy = refusal(503, 'SlowDown');
    const peer = await startS3Peer(
      inTurn(busy, busy, busy, busy, busy, busy, busy, page(contents('a'))),
    );
    const waits: number[] = [];
    const { blocks } = openBucketList(
      { ...target(peer), wait: async (ms) => void waits.push(ms) },
      's3://b',
      { prefix: '' },
    );
    expect((await Array.fromAsync(blocks)).flat()).toHaveLength(1);
    expect(waits).toHaveLength(7);
  });

  it('is cut into parts where it is long', async () => {
    const keys = Array.from({ length: 300 }, (_, n) => `${n % 10}/${n}`);
    const peer = await startS3Peer(listed(keys, 5));
    const found = (await list(peer)).map(({ key }) => key);
    expect(found.toSorted()).toEqual(keys.toSorted());
    expect(peer.arrived.some(({ query }) => query.has('delimiter'))).toBe(true);
    const slow = await startS3Peer(listed(keys, 5));
    expect(await list(slow, 's3-compatible')).toHaveLength(300);
    expect(slow.arrived.some(({ query }) => query.has('delimiter'))).toBe(false);
  });

  it('goes on from the checkpoint of each page, with no key lost or doubled', async () => {
    const peer = await startS3Peer(listed(ODD, 3));
    const seen: string[] = [];
    let from: Position | undefined = {};
    while (from) {
      for await (const { entries, rest } of listEntries(target(peer), '', { from })) {
        seen.push(...entries.map(({ key }) => key));
        from = rest?.from && JSON.parse(JSON.stringify(rest.from));
        break;
      }
    }
    expect(seen.toSorted()).toEqual(ODD.toSorted());
  });

  it('of a public bucket is asked for without a signature', async () => {
    const peer = await startS3Peer(listed(['a']));
    const { keys: _, ...open } = target(peer);
    const { blocks } = openBucketList(open, 's3://b', { prefix: '' });
    await expect(Array.fromAsync(blocks)).rejects.toMatchObject({
      code: 'SOURCE_REFUSED',
      message: expect.stringContaining('name credentials in the source'),
    });
    expect(peer.arrived[0]?.headers).not.toHaveProperty('authorization');
  });
});

describe('a bucket that can not be listed', () => {
  const redirect: S3Reply = {
    ...refusal(301, 'PermanentRedirect'),
    headers: { 'x-amz-bucket-region': 'eu-west-1' },
  };
  it.each([
    ['AccessDenied', refusal(403, 'AccessDenied'), /the keys may not list the bucket/],
    ['NoSuchBucket', refusal(404, 'NoSuchBucket'), /no bucket of this name/],
    ['InvalidAccessKeyId', refusal(403, 'InvalidAccessKeyId'), /does not know the access key/],
    ['SignatureDoesNotMatch', refusal(403, 'SignatureDoesNotMatch'), /the secret key is wrong/],
    ['ExpiredToken', refusal(400, 'ExpiredToken'), /temporary keys have expired/],
    ['another region', redirect, /the bucket is in eu-west-1; .*region/],
    ['a wrong region', refusal(400, 'AuthorizationHeaderMalformed'), /another region/],
    ['L11: path style', refusal(403, 'PathStyleDomainForbidden'), /addressing .* "virtual"/],
    ['L11: path style of OSS', refusal(403, 'SecondLevelDomainForbidden'), /refuses buckets in/],
    ['something else', { status: 404, body: '<html>nginx</html>' }, /no store of kind cos/],
  ] as const)('is told in one sentence: %s', async (_name, reply, expected) => {
    const peer = await startS3Peer(inTurn(reply));
    const failure = await list(peer, 'cos').catch((error) => error);
    expect(failure).toMatchObject({ code: 'SOURCE_REFUSED', class: 'request' });
    expect(failure.message).toMatch(expected);
    expect(failure.message).toContain(`Bucket examplebucket can't be listed: GET ${peer.origin}/`);
    expect(failure.message.match(/[.!?](?: |$)/g)).toHaveLength(1);
    expect(failure.message).not.toContain('canary-secret');
  });

  it.each([
    ['cos', 'media-1250000000', 'https://media-1250000000.cos.ap-shanghai.myqcloud.com/'],
    ['oss', 'media', 'https://media.s3.oss-ap-shanghai.aliyuncs.com/'],
    ['obs', 'media', 'https://media.obs.ap-shanghai.myhuaweicloud.com/'],
  ] as const)('L11: is asked for by its own host: %s', async (kind, bucket, address) => {
    const asked: string[] = [];
    const { keys } = (await startS3Peer(inTurn(page()))).place.config;
    const { blocks } = openBucketList(
      {
        source: { name: 'media', kind, bucket, region: 'ap-shanghai' },
        keys,
        fetch: async ({ origin, path }) => {
          asked.push(`${origin}${path}`);
          return {
            status: 200,
            headers: {},
            body: Readable.from([Buffer.from(page().body ?? '')]),
          };
        },
      },
      `${kind}://${bucket}`,
      { prefix: '' },
    );
    await Array.fromAsync(blocks);
    expect(asked).toEqual([address]);
  });

  it('for now is told as passing: busy, or no answer', async () => {
    const peer = await startS3Peer(inTurn(refusal(503, 'SlowDown')));
    await expect(list(peer)).rejects.toMatchObject({
      code: 'STORE_FAILED',
      message: expect.stringContaining('the store is busy'),
    });
    expect(peer.arrived).toHaveLength(12);
    const { config } = peer.place;
    const gone = {
      ...peer,
      place: { ...peer.place, config: { ...config, endpoint: 'http://127.0.0.1:1' } },
    };
    await expect(list(gone)).rejects.toMatchObject({
      code: 'STORE_FAILED',
      message: expect.stringContaining('ECONNREFUSED'),
    });
  });
});
