/** A store in a process of its own that lists a bucket: each page is made once, 1,000 keys a page. */
import { createServer } from 'node:http';
import type { AddressInfo } from 'node:net';

const [pages = 100] = process.argv.slice(2).map(Number);

const object = (page: number, at: number): string =>
  `<Contents><Key>photos%2F2026%2F${page}%2Fpicture+${at}+%28${page * at}%29.jpg</Key><LastModified>2026-11-20T08:00:00.000Z</LastModified><ETag>&quot;${(page * 1_000 + at).toString(16).padStart(32, '0')}&quot;</ETag><Size>${page * at}</Size><StorageClass>STANDARD</StorageClass></Contents>`;

const bodies = Array.from({ length: pages }, (_, page) => {
  const next = page + 1 < pages ? `<NextContinuationToken>${page + 1}</NextContinuationToken>` : '';
  const objects = Array.from({ length: 1_000 }, (_, at) => object(page, at)).join('');
  return Buffer.from(
    `<?xml version="1.0" encoding="UTF-8"?>\n<ListBucketResult xmlns="http://s3.amazonaws.com/doc/2006-03-01/"><Name>b</Name><Prefix></Prefix>${next}<KeyCount>1000</KeyCount><MaxKeys>1000</MaxKeys><EncodingType>url</EncodingType><IsTruncated>${next !== ''}</IsTruncated>${objects}</ListBucketResult>`,
  );
});

const server = createServer(({ url = '' }, response) => {
  const token = new URL(url, 'http://x').searchParams.get('continuation-token') ?? '0';
  response.writeHead(200, { 'content-type': 'application/xml' }).end(bodies[Number(token)]);
}).listen(0, '127.0.0.1', () => process.send?.((server.address() as AddressInfo).port));

process.on('disconnect', () => process.exit());
