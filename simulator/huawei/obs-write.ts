/**
 * OBS: PUT and DELETE of an object, and multipart uploads, of which nothing is seen before they are
 * complete. https://support.huaweicloud.com/intl/en-us/api-obs/obs_04_0080.html, …/obs_04_0098.html
 */
import { createHash, randomUUID } from 'node:crypto';
import type { Parameters } from '../query.ts';
import type { Answer, Wire } from '../server.ts';
import { readXml } from '../xml.ts';
import { obsError, requestId } from './answers.ts';

export interface Stored {
  readonly body: Buffer;
  /** With its double quotes. */
  readonly etag: string;
  readonly crc64?: string;
  readonly lastModifiedAt: Date;
  readonly contentType: string;
  readonly contentEncoding?: string;
}

interface Upload {
  readonly path: string;
  readonly headers: Wire['headers'];
  readonly parts: Map<number, Buffer>;
}

/** Of each part but the last. */
const SMALLEST_PART = 102_400;

const md5 = (body: Buffer) => createHash('md5').update(body);

const quoted = (text: string): string => `"${text}"`;

const etagOf = (body: Buffer): string => quoted(md5(body).digest('hex'));

/** Puts an object in its place, or removes it. */
type Store = (path: string, stored: Stored | undefined) => void;

/** Answers what writes; undefined for any other request. */
export function createObsWrites(store: Store, now: () => Date) {
  const uploads = new Map<string, Upload>();
  const headersOf = () => ({ 'x-obs-request-id': requestId() });

  const complete = (id: string, { path, headers, parts }: Upload, wire: Wire): Answer => {
    const bodies = readParts(wire, parts);
    if (typeof bodies === 'string') {
      return obsError(400, bodies, 'The parts do not fit the upload.', path);
    }
    uploads.delete(id);
    const sums = Buffer.concat(bodies.map((body) => md5(body).digest()));
    const etag = quoted(`${md5(sums).digest('hex')}-${bodies.length}`);
    store(path, toStored(Buffer.concat(bodies), etag, headers, now()));
    const body = `<CompleteMultipartUploadResult><ETag>${etag.replaceAll('"', '&quot;')}</ETag></CompleteMultipartUploadResult>`;
    return { status: 200, headers: { ...headersOf(), 'content-type': 'application/xml' }, body };
  };

  const inUpload = (id: string, number: string | undefined, wire: Wire, path: string): Answer => {
    const upload = uploads.get(id);
    if (upload?.path !== path) return obsError(404, 'NoSuchUpload', 'No such upload.', path);
    if (wire.method === 'DELETE') {
      uploads.delete(id);
      return { status: 204, headers: headersOf() };
    }
    if (wire.method === 'POST') return complete(id, upload, wire);
    if (!/^[1-9]\d{0,4}$/.test(number ?? '')) {
      return obsError(400, 'InvalidArgument', 'The part number is invalid.', path);
    }
    upload.parts.set(Number(number), wire.body);
    return { status: 200, headers: { ...headersOf(), etag: etagOf(wire.body) } };
  };

  return (wire: Wire, path: string, asked: Parameters): Answer | undefined => {
    const query = new Map(asked);
    const id = query.get('uploadId');
    if (id !== undefined && wire.method !== 'GET') {
      return inUpload(id, query.get('partNumber'), wire, path);
    }
    if (wire.method === 'POST' && query.has('uploads')) {
      const made = randomUUID();
      uploads.set(made, { path, headers: wire.headers, parts: new Map() });
      const body = `<InitiateMultipartUploadResult><UploadId>${made}</UploadId></InitiateMultipartUploadResult>`;
      return { status: 200, headers: { ...headersOf(), 'content-type': 'application/xml' }, body };
    }
    if (asked.length > 0) return undefined;
    if (wire.method === 'PUT') {
      const etag = etagOf(wire.body);
      store(path, toStored(wire.body, etag, wire.headers, now()));
      return { status: 200, headers: { ...headersOf(), etag } };
    }
    if (wire.method !== 'DELETE') return undefined;
    store(path, undefined);
    return { status: 204, headers: headersOf() };
  };
}

function toStored(
  body: Buffer,
  etag: string,
  headers: Wire['headers'],
  lastModifiedAt: Date,
): Stored {
  const { 'content-type': contentType = 'binary/octet-stream' } = headers;
  const contentEncoding = headers['content-encoding'];
  const encoded = contentEncoding !== undefined && { contentEncoding };
  return { body, etag, lastModifiedAt, contentType, ...encoded };
}

/** The parts that a request names, or the code of what is wrong with them. */
function readParts(wire: Wire, parts: Upload['parts']): readonly Buffer[] | string {
  const told = (readXml(wire.body)?.children ?? []).map(({ children }) => {
    const text = (name: string) => children.find((each) => each.name === name)?.text ?? '';
    return { number: Number(text('PartNumber')), etag: text('ETag') };
  });
  if (told.length === 0) return 'MalformedXML';
  if (told.some(({ number }, at) => at > 0 && number <= (told[at - 1]?.number ?? 0))) {
    return 'InvalidPartOrder';
  }
  const found = told.map(({ number }) => parts.get(number));
  if (told.some(({ etag }, at) => etag !== etagOf(found[at] ?? Buffer.alloc(0)))) {
    return 'InvalidPart';
  }
  const bodies = found.filter((body) => body !== undefined);
  const isSmall = bodies.slice(0, -1).some((body) => body.length < SMALLEST_PART);
  return isSmall ? 'EntityTooSmall' : bodies;
}
