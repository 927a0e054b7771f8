/**
 * An origin to migrate from: a few hundred small real files under deterministic names, one that is
 * missing, one that answers slowly, and a space of tiny objects for load tests. It may be a bucket that
 * can be listed.
 */
import { createHash } from 'node:crypto';
import { crc32, deflateSync } from 'node:zlib';
import { selfSigned } from './huawei/certificate.ts';
import { createSortedKeys, type ListedObject, listBucket } from './listing.ts';
import { parseQuery } from './query.ts';
import { type Answer, decode, listen, type Tls, type Wire } from './server.ts';
import { type PrivateBucket, refuseAddress } from './source-auth.ts';

interface SourceFile {
  /** Encoded. */
  readonly url: string;
  /** Decoded path without the leading slash. */
  readonly path: string;
  readonly md5: string;
  readonly sizeBytes: number;
}

export interface SourceSite {
  readonly url: string;
  /** Real files, sorted by path. */
  readonly files: readonly SourceFile[];
  /** Answers after `slowMs`. */
  readonly slow: SourceFile;
  /** URL of a file that is not there. */
  readonly missingUrl: string;
  close(): Promise<void>;
}

interface SourceSiteOptions {
  /** @default 0, a free one */
  readonly port?: number;
  /** @default 300 */
  readonly files?: number;
  /** @default 2000 */
  readonly slowMs?: number;
  /**
   * Objects by key, which signed addresses alone read: what is refused is told as S3 does. The rules may
   * change meanwhile.
   */
  readonly bucket?: () => PrivateBucket;
  /**
   * The name of a public bucket, in whose folder the files are and which answers lists as S3 does. Its
   * list names more: a missing file, one that nobody may read, a folder, two in an archive.
   */
  readonly listed?: string;
  /** Takes https at the same port as well, with a certificate that nobody trusts. @default false */
  readonly secure?: boolean;
}

const FORBIDDEN = 'docs/private.txt';

const FOLDERS = ['docs', 'images', '照片/北京', 'daten/größe', "it's (final)", 'a+b & c'];

export async function startSourceSite(options: SourceSiteOptions = {}): Promise<SourceSite> {
  const { bucket, listed, port = 0, files: count = 300, secure = false, slowMs = 2_000 } = options;
  const contents = new Map<string, Buffer>();
  for (let n = 0; n < count; n += 1) {
    const folder = FOLDERS[n % FOLDERS.length] ?? '';
    const number = String(n).padStart(4, '0');
    if (folder === 'images') contents.set(`${folder}/${number}.png`, png(n));
    else contents.set(`${folder}/file ${number}.txt`, text(n));
  }
  const slowPath = 'slow/report.txt';
  contents.set(slowPath, text(count));

  const list = listed === undefined ? undefined : createList(listed, contents);
  const serve = async (wire: Wire): Promise<Answer> => {
    const { rawPath, method } = wire;
    const rules = bucket?.();
    const name = rules?.name ?? listed;
    const base = name === undefined ? '/' : `/${name}/`;
    const decoded = decode(rawPath) ?? '';
    const refusal = rules && refuseAddress(wire, rules);
    if (refusal) return refusal;
    if (list && `${decoded}/` === base && method === 'GET') return list(wire);
    if (decoded === `${base}${FORBIDDEN}`) return { status: 403, body: 'forbidden\n' };
    if (!decoded.startsWith(base)) return { status: 404, body: 'not found\n' };
    const path = decoded.slice(base.length);
    const [, ordinal] = /^object\/(\d{1,9})$/.exec(path) ?? [];
    const body = ordinal === undefined ? contents.get(path) : Buffer.from(`object ${ordinal}`);
    if (!body || (method !== 'GET' && method !== 'HEAD'))
      return { status: 404, body: 'not found\n' };
    if (path === slowPath) await new Promise((done) => setTimeout(done, slowMs));
    return { status: 200, headers: { 'content-type': typeOf(path) }, body };
  };
  const server = await listen(port, serve, undefined, secure ? await certificate() : undefined);
  const describe = (path: string): SourceFile => {
    const body = contents.get(path) ?? Buffer.alloc(0);
    const url = `${server.url}/${path.split('/').map(encodeURIComponent).join('/')}`;
    return { url, path, md5: md5(body), sizeBytes: body.length };
  };
  const paths = [...contents.keys()].filter((path) => path !== slowPath).sort();
  return {
    url: server.url,
    files: paths.map(describe),
    slow: describe(slowPath),
    missingUrl: `${server.url}/docs/missing.txt`,
    close: server.close,
  };
}

/** Lists of the files, and of what can't be moved as it is listed. */
function createList(name: string, contents: ReadonlyMap<string, Buffer>) {
  const described = (body: Buffer, storageClass?: string): ListedObject => ({
    etag: `"${md5(body)}"`,
    sizeBytes: body.length,
    lastModifiedAt: new Date('2026-11-20T08:00:00Z'),
    storageClass,
  });
  const objects = new Map([
    ...[...contents].map(([path, body]) => [path, described(body)] as const),
    ['docs/missing.txt', described(text(1))],
    [FORBIDDEN, described(text(1))],
    ['docs/', described(Buffer.alloc(0))],
    ['archive/2019.tar', described(text(2), 'GLACIER')],
    ['archive/2020.tar', described(text(3), 'DEEP_ARCHIVE')],
  ]);
  const keys = createSortedKeys(() => [...objects.keys()].map((key) => `${name}/${key}`)).of(name);
  const find = (key: string) => objects.get(key) as ListedObject;
  return ({ rawQuery }: Wire): Answer => {
    const asked = (parseQuery(rawQuery) ?? []).filter(([parameter]) => parameter !== 'list-type');
    return listBucket(name, asked, { keys, find }, LIST_FORMS);
  };
}

const xmlError = (status: number, code: string, message: string): Answer => ({
  status,
  headers: { 'content-type': 'application/xml' },
  body: `<Error><Code>${code}</Code><Message>${message}</Message></Error>`,
});

const LIST_FORMS = {
  ok: (body: string): Answer => ({
    status: 200,
    headers: { 'content-type': 'application/xml' },
    body,
  }),
  invalidArgument: (message: string) => xmlError(400, 'InvalidArgument', message),
  notSimulated: (what: string) => xmlError(501, 'NotImplemented', `${what} is not simulated.`),
};

async function certificate(): Promise<Tls> {
  const now = Date.now();
  const { pem, privateKey } = await selfSigned(
    'source site',
    new Date(now - 86_400_000),
    new Date(now + 86_400_000),
  );
  return { cert: pem, key: privateKey.export({ type: 'pkcs8', format: 'pem' }).toString() };
}

const typeOf = (path: string): string => (path.endsWith('.png') ? 'image/png' : 'text/plain');

const md5 = (bytes: Buffer): string => createHash('md5').update(bytes).digest('hex');

const text = (n: number): Buffer =>
  Buffer.from(
    Array.from({ length: 5 + (n % 60) }, (_, line) => `File ${n}, line ${line}.\n`).join(''),
  );

/** A real 16 by 16 picture in one colour. */
function png(n: number): Buffer {
  const size = 16;
  const header = Buffer.alloc(13);
  header.writeUInt32BE(size, 0);
  header.writeUInt32BE(size, 4);
  header.set([8, 2, 0, 0, 0], 8);
  const row = Buffer.concat([
    Buffer.from([0]),
    ...Array.from({ length: size }, () => Buffer.from([n % 256, (n * 7) % 256, (n * 31) % 256])),
  ]);
  const pixels = deflateSync(Buffer.concat(Array.from({ length: size }, () => row)));
  return Buffer.concat([
    Buffer.from('89504e470d0a1a0a', 'hex'),
    pngChunk('IHDR', header),
    pngChunk('IDAT', pixels),
    pngChunk('IEND', Buffer.alloc(0)),
  ]);
}

function pngChunk(type: string, data: Buffer): Buffer {
  const body = Buffer.concat([Buffer.from(type, 'latin1'), data]);
  const chunk = Buffer.alloc(body.length + 8);
  chunk.writeUInt32BE(data.length, 0);
  body.copy(chunk, 4);
  chunk.writeUInt32BE(crc32(body), chunk.length - 4);
  return chunk;
}
