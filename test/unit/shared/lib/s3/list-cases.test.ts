/** The traps of lists: answers of stores in `test/fixtures/cases/listing/`. */
import { describe, expect, it } from 'vitest';
import { createBucket } from '../../../../../shared/lib/s3/bucket.ts';
import {
  type ListOptions,
  type ListPage,
  listPages,
  type Range,
} from '../../../../../shared/lib/s3/list.ts';
import { readCase } from '../../../../fixtures/cases.ts';
import { inTurn, type S3Peer, type S3Reply, startS3Peer } from '../../../../fixtures/s3-peer.ts';

const page = (name: string): S3Reply => ({ body: readCase(`listing/${name}.xml`) });

const { keys: KEYS, ...expected } = JSON.parse(readCase('listing/expected.json'));

async function list(peer: S3Peer, options: Partial<ListOptions> = {}, range?: Range) {
  const bucket = createBucket({ ...peer.place, wait: async () => {} });
  const pages = await Array.fromAsync(listPages(bucket, { prefix: '', ...options }, range));
  return pages.flatMap(({ objects }) => objects.map(({ key }) => key));
}

const markers = ({ arrived }: S3Peer) => arrived.slice(1).map(({ query }) => query.get('marker'));

const queries = ({ arrived }: S3Peer) => arrived.slice(1).map(({ url }) => url.split('?')[1] ?? '');

describe('pages of the first version', () => {
  it.each([1, 2] as const)(
    'L01: go on from the last key where no NextMarker is named, asked by version %i',
    async (version) => {
      const peer = await startS3Peer(
        inTurn(page('v1-no-next-marker/page-1'), page('v1-no-next-marker/page-2')),
      );
      expect(await list(peer, { version, isEncoded: false })).toEqual(KEYS);
      const { 'marker of request 2 (decoded)': marker, 'on the wire': wire } =
        expected['v1-no-next-marker'];
      expect(markers(peer)).toEqual([marker]);
      expect(queries(peer)[0]?.split('&')).toContain(wire);
    },
  );

  it('L02, L03: may name a NextMarker; it is decoded once and encoded once', async () => {
    const pages = [1, 2, 3].map((number) => page(`v1-encoded/page-${number}`));
    const peer = await startS3Peer(inTurn(...pages));
    expect(await list(peer, { version: 1 })).toEqual(KEYS);
    const { 'markers (decoded)': decoded, 'on the wire': wire } = expected['v1-encoded'];
    expect(markers(peer)).toEqual(decoded);
    for (const [at, query] of queries(peer).entries()) {
      expect(query.split('&')).toContain(wire[at]);
    }
  });

  it('L04: go on from the last key where keys are encoded and NextMarker is not', async () => {
    const peer = await startS3Peer(
      inTurn(page('v1-marker-not-encoded/page-1'), page('v1-marker-not-encoded/page-2')),
    );
    expect(await list(peer, { version: 1 })).toEqual(KEYS);
    expect(markers(peer)).toEqual([
      expected['v1-marker-not-encoded']['marker of request 2 (decoded)'],
    ]);
  });

  it('decode a NextMarker by what the page ends with where a delimiter rolls up keys', async () => {
    const rolled = (next: string) => ({
      body: `<ListBucketResult><Marker/><NextMarker>${next}</NextMarker><IsTruncated>true</IsTruncated><EncodingType>url</EncodingType><CommonPrefixes><Prefix>100%25+a%2F</Prefix></CommonPrefixes></ListBucketResult>`,
    });
    const last = { body: '<ListBucketResult><IsTruncated>false</IsTruncated></ListBucketResult>' };
    for (const next of ['100%25+a%2F', '100% a/']) {
      const peer = await startS3Peer(inTurn(rolled(next), last));
      await list(peer, { version: 1, delimiter: '/' });
      expect(markers(peer)).toEqual(['100% a/']);
    }
  });
});

describe('lists that are not whole', () => {
  it('L05: end with LIST_REPEATS and the marker where the same page comes again', async () => {
    const peer = await startS3Peer(inTurn(page('v1-encoded/page-1')));
    const pages: unknown[] = [];
    const read = async () => {
      const bucket = createBucket({ ...peer.place, wait: async () => {} });
      for await (const each of listPages(bucket, { prefix: '', version: 1 })) pages.push(each);
    };
    await expect(read()).rejects.toMatchObject({
      code: 'LIST_REPEATS',
      message: expect.stringMatching(/bucket examplebucket .* after marker "a%b\.txt"/),
    });
    expect(pages).toHaveLength(1);
    expect(peer.arrived).toHaveLength(2);
  });

  it.each([2, 3, 7])('G9: end where %i pages come in a circle', async (length) => {
    let at = 0;
    const peer = await startS3Peer(() => {
      at = at < 4 + length ? at + 1 : 5;
      return {
        body: `<ListBucketResult><NextContinuationToken>${Math.random()}</NextContinuationToken><IsTruncated>true</IsTruncated><Contents><Key>${at}</Key></Contents></ListBucketResult>`,
      };
    });
    await expect(list(peer)).rejects.toMatchObject({ code: 'LIST_REPEATS' });
    expect(peer.arrived.length).toBeLessThan(4 * length + 16);
  });

  it('L06: are refused where a page says that there is more and gives no token', async () => {
    const peer = await startS3Peer(inTurn(page('truncated-without-token')));
    await expect(list(peer)).rejects.toMatchObject({ code: 'LIST_INCOMPLETE' });
  });

  it('are refused where a store knows no start-after', async () => {
    const peer = await startS3Peer(inTurn(page('v1-no-next-marker/page-1')));
    const range = { from: { after: 'a%b.txt' } };
    await expect(list(peer, {}, range)).rejects.toMatchObject({ code: 'LIST_REPEATS' });
  });
});

it('L07: goes on where a page has a token and no keys', async () => {
  const peer = await startS3Peer(
    inTurn(page('token-without-keys/page-1'), page('token-without-keys/page-2')),
  );
  expect(await list(peer)).toEqual(['x']);
  expect(queries(peer)[0]?.split('&')).toContain('continuation-token=tok%2B1%2F%3D%3D');
});

describe('a key with a character that XML has not', () => {
  const encoded = {
    body: '<ListBucketResult><IsTruncated>false</IsTruncated><EncodingType>url</EncodingType><Contents><Key>a</Key></Contents><Contents><Key>bad%08name.txt</Key></Contents></ListBucketResult>',
  };

  it.each([true, false])(
    'L08: is read with the other setting of encoding-type, first asked with %s',
    async (isEncoded) => {
      const peer = await startS3Peer(inTurn(page('control-character'), encoded));
      expect(await list(peer, { isEncoded })).toEqual(['a', 'bad\bname.txt']);
      const asked = peer.arrived.map(({ query }) => query.get('encoding-type') === 'url');
      expect(asked).toEqual([isEncoded, !isEncoded]);
    },
  );

  it.each(['listing/control-character.xml', 'raw'])(
    'L08: is told with the marker where neither setting can be read: %s',
    async (name) => {
      const raw = '<ListBucketResult><Contents><Key>a\bb</Key></Contents></ListBucketResult>';
      const peer = await startS3Peer(inTurn({ body: name === 'raw' ? raw : readCase(name) }));
      await expect(list(peer, {}, { from: { marker: 'k' } })).rejects.toMatchObject({
        code: 'LIST_DAMAGED',
        message: expect.stringContaining('after marker "k"'),
      });
      expect(peer.arrived).toHaveLength(2);
    },
  );
});

describe('a checkpoint', () => {
  it('goes on from any page without a key lost or doubled', async () => {
    const pages = [1, 2, 3].map((number) => page(`v1-encoded/page-${number}`));
    const peer = await startS3Peer(inTurn(...pages));
    const bucket = createBucket(peer.place);
    const seen: string[] = [];
    let range: Range | undefined = {};
    while (range) {
      // One page of each list that is begun.
      const list = listPages(bucket, { prefix: '', version: 1 }, JSON.parse(JSON.stringify(range)));
      const { value }: IteratorResult<ListPage, void> = await list.next();
      if (!value) break;
      seen.push(...value.objects.map(({ key }) => key));
      range = value.rest;
    }
    expect(seen).toEqual(KEYS);
  });
});
