import { describe, expect, it } from 'vitest';
import { readCase } from '../../../../fixtures/cases.ts';
import { inTurn, type S3Peer, startS3Peer } from '../../../../fixtures/s3-peer.ts';

const contents = (key: string): string =>
  `<Contents><Key>${key}</Key><LastModified>2026-11-20T02:00:00.000Z</LastModified><ETag>&quot;e&quot;</ETag><Size>7</Size></Contents>`;
const page = (keys: readonly string[], rest = '<IsTruncated>false</IsTruncated>') => ({
  body: `<?xml version="1.0" encoding="UTF-8"?>\n<ListBucketResult xmlns="http://s3.amazonaws.com/doc/2006-03-01/"><Name>b</Name>${rest}${keys.map(contents).join('')}</ListBucketResult>`,
});
const ENCODED = '<EncodingType>url</EncodingType>';
const more = (rest: string): string => `<IsTruncated>true</IsTruncated>${rest}`;

const keys = async ({ objects }: S3Peer, prefix = '') =>
  (await Array.fromAsync(objects.list(prefix))).map(({ key }) => key);

describe('list', () => {
  it('goes from page to page with the token of the one before', async () => {
    const peer = await startS3Peer(
      inTurn(
        page(['p/a', 'p/b'], more('<NextContinuationToken>1/+=&amp;x</NextContinuationToken>')),
        page(['p/c'], more('<NextContinuationToken>2</NextContinuationToken>')),
        page(['p/d']),
      ),
    );
    expect(await Array.fromAsync(peer.objects.list('p/'))).toHaveLength(4);
    const always = {
      'encoding-type': 'url',
      'list-type': '2',
      'max-keys': '1000',
      prefix: 'p/',
    };
    expect(peer.arrived.map(({ query }) => Object.fromEntries(query))).toEqual([
      always,
      { ...always, 'continuation-token': '1/+=&x' },
      { ...always, 'continuation-token': '2' },
    ]);
  });

  it('tells size, version and time of each object', async () => {
    const peer = await startS3Peer(inTurn(page(['a'])));
    expect(await Array.fromAsync(peer.objects.list(''))).toEqual([
      { key: 'a', sizeBytes: 7, etag: 'e', lastModifiedAt: new Date('2026-11-20T02:00:00Z') },
    ]);
  });

  it('reads keys and versions as XML says: references decoded once, outer blanks kept', async () => {
    const body = readCase('xml-character-references/input.xml');
    const { objects } = await startS3Peer(inTurn({ body }));
    const found = await Array.fromAsync(objects.list('staging/'));
    const etag = '5d41402abc4b2a76b9719d911017c592';
    expect(found.map((one) => [one.key, one.etag, one.sizeBytes])).toEqual([
      ["staging/it's & 中文.csv", etag, 5],
      ['staging/ blank at both ends ', etag, 5],
    ]);
  });

  it('reads a page on lines of its own, behind blanks', async () => {
    const lines = (text: string) => text.replaceAll('><', '>\n<');
    const [first, second] = [
      page(['p/a'], more('<NextContinuationToken>2</NextContinuationToken>')),
      page(['p/b']),
    ];
    const peer = await startS3Peer(
      inTurn(
        { body: ` \n${lines(first.body).replace('true', ' true ').replace('>7<', '>\n7 <')}` },
        second,
      ),
    );
    expect(await Array.fromAsync(peer.objects.list('p/'))).toMatchObject([
      { sizeBytes: 7, etag: 'e', lastModifiedAt: new Date('2026-11-20T02:00:00Z') },
      { sizeBytes: 7 },
    ]);
  });

  it('takes back the encoding that it asked for, where the store says it did it', async () => {
    const encoded = await startS3Peer(
      inTurn(page(['a+b%2Bc', 'd%0Ae', '%25', '%F0%9F%98%80'], ENCODED)),
    );
    // The line feed makes the second one no key of ours.
    expect(await keys(encoded)).toEqual(['a b+c', '%', '\u{1f600}']);
    const plain = await startS3Peer(inTurn(page(['100%', 'a+b', 'a&amp;b'])));
    expect(await keys(plain)).toEqual(['100%', 'a+b', 'a&b']);
  });

  it('goes on with markers where a store knows no second version of lists', async () => {
    const peer = await startS3Peer(
      inTurn(
        page(['a', 'b+1'], ENCODED + more('<NextMarker>b+1</NextMarker>')),
        page(['c', 'd'], ENCODED + more('')),
        page(['e'], ENCODED),
      ),
    );
    expect(await keys(peer)).toEqual(['a', 'b 1', 'c', 'd', 'e']);
    expect(peer.arrived.map(({ query }) => [query.get('list-type'), query.get('marker')])).toEqual([
      ['2', null],
      [null, 'b 1'],
      [null, 'd'],
    ]);
  });

  it('does not read one page for ever', async () => {
    const marked = await startS3Peer(inTurn(page(['a', 'b'], more('<NextMarker>b</NextMarker>'))));
    await expect(keys(marked)).rejects.toMatchObject({ code: 'STORE_FAILED' });
    const token = more('<NextContinuationToken>t</NextContinuationToken>');
    const tokens = await startS3Peer(inTurn(page(['a', 'b'], token)));
    await expect(keys(tokens)).rejects.toMatchObject({ code: 'STORE_FAILED' });
    const empty = await startS3Peer(inTurn(page([], token)));
    await expect(keys(empty)).rejects.toMatchObject({ code: 'STORE_FAILED' });
  });

  it('does not take a page that says there is more, but not where, for the last one', async () => {
    const peer = await startS3Peer(inTurn(page([], more(''))));
    await expect(keys(peer)).rejects.toMatchObject({ code: 'STORE_FAILED' });
  });

  it('asks again for a page that broke off', async () => {
    const peer = await startS3Peer(inTurn({ ...page(['a']), breakAt: 60 }, page(['a'])));
    expect(await keys(peer)).toEqual(['a']);
    expect(peer.arrived).toHaveLength(2);
  });

  it.each([
    ['no XML', { body: '<html><p>Proxy' }],
    ['another document', { body: '<Other/>' }],
    ['a key that can not be decoded', page(['%E0%A4%A'], ENCODED)],
  ])('refuses an answer that is %s', async (_name, reply) => {
    const peer = await startS3Peer(inTurn(reply));
    await expect(keys(peer)).rejects.toMatchObject({
      code: 'STORE_FAILED',
      message: expect.stringContaining('examplebucket'),
    });
  });
});
