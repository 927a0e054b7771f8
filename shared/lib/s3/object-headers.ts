/** Reads what the headers of an object tell of its content, in the spelling of every store like S3. */
import { plainEtag } from './version.ts';

export interface ObjectHeaders {
  /** Without quotes. */
  readonly etag: string;
  /** Whether the ETag is the MD5 of the content, in hex. */
  readonly isEtagMd5: boolean;
  /** Decimal text; absent where the answer tells none. */
  readonly sizeBytes?: string;
  /** CRC-64/XZ as decimal text; S3 itself has other polynomials. */
  readonly crc64?: string;
  /** Lower-case hex, where a header of its own tells it. */
  readonly md5?: string;
  readonly contentEncoding?: string;
}

type Headers = Readonly<Record<string, string>>;

const CRC64 = [
  'x-cos-hash-crc64ecma',
  'x-obs-checksum-crc64ecma',
  'x-amz-checksum-crc64ecma',
  'x-oss-hash-crc64ecma',
  'x-tos-hash-crc64ecma',
];

/** Only as decimal text is it compared: `0` is a value, and an empty one says nothing. */
const DECIMAL = /^(?:0|[1-9]\d{0,19})$/;

export function readObjectHeaders(headers: Headers): ObjectHeaders {
  const etag = plainEtag((headers['etag'] ?? '').trim());
  const size = headers['content-length'];
  const crc64 = CRC64.map((name) => headers[name]?.trim() ?? '').find((text) => DECIMAL.test(text));
  const [, md5] = /(?:^|,)\s*md5=([A-Za-z0-9+/]{22}==)/.exec(headers['x-goog-hash'] ?? '') ?? [];
  const contentEncoding = headers['content-encoding'];
  return {
    etag,
    isEtagMd5: /^[0-9a-f]{32}$/i.test(etag) && !hasOwnEtag(headers),
    ...(size !== undefined && /^\d+$/.test(size) && { sizeBytes: size }),
    ...(crc64 !== undefined && { crc64 }),
    ...(md5 !== undefined && { md5: Buffer.from(md5, 'base64').toString('hex') }),
    ...(contentEncoding !== undefined && { contentEncoding }),
  };
}

const VENDORS = ['x-cos', 'x-obs', 'x-amz', 'x-oss', 'x-tos'];

/**
 * Whether encryption makes the ETag one that is no MD5: with keys of KMS or of the customer. Keys of
 * the service (`AES256`) leave it as it is. https://cloud.tencent.com/document/product/436/7729
 */
const hasOwnEtag = (headers: Headers): boolean =>
  VENDORS.some((vendor) => {
    const method = headers[`${vendor}-server-side-encryption`];
    const customer =
      headers[`${vendor}-server-side-encryption-customer-algorithm`] ??
      headers[`${vendor}-server-side-encryption-customer-key-md5`];
    return customer !== undefined || (method !== undefined && method !== 'AES256');
  });
