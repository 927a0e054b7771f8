/** Checksums of objects: CRC-64/XZ, the same number at COS and OBS, and the ETag of an upload in parts. */
import { createHash } from 'node:crypto';

/** Reflected polynomial of ECMA-182, as halves of 32 bits: numbers are many times faster than BigInt. */
const [HIGH, LOW] = [0xc96c5795, 0xd7870f42];

const highs = new Uint32Array(256);
const lows = new Uint32Array(256);
for (let byte = 0; byte < 256; byte += 1) {
  let [high, low] = [0, byte];
  for (let bit = 0; bit < 8; bit += 1) {
    const isOdd = (low & 1) === 1;
    low = (low >>> 1) | ((high & 1) << 31);
    high >>>= 1;
    if (isOdd) [high, low] = [high ^ HIGH, low ^ LOW];
  }
  highs[byte] = high;
  lows[byte] = low;
}

export interface Crc64 {
  update(bytes: Uint8Array): void;
  /** In decimal, as headers have it. */
  digest(): string;
}

export function createCrc64(): Crc64 {
  let [high, low] = [-1, -1];
  return {
    update(bytes) {
      for (const byte of bytes) {
        const at = (low ^ byte) & 0xff;
        low = ((low >>> 8) | ((high & 0xff) << 24)) ^ (lows[at] ?? 0);
        high = (high >>> 8) ^ (highs[at] ?? 0);
      }
    },
    digest: () => ((BigInt(~high >>> 0) << 32n) | BigInt(~low >>> 0)).toString(),
  };
}

export function crc64(bytes: Uint8Array): string {
  const sum = createCrc64();
  sum.update(bytes);
  return sum.digest();
}

/** The MD5 of the parts' MD5s and their number, without quotes. */
export function partsEtag(bytes: Buffer, partBytes: number): string {
  const all = createHash('md5');
  let parts = 0;
  for (let at = 0; at === 0 || at < bytes.length; at += partBytes) {
    all.update(
      createHash('md5')
        .update(bytes.subarray(at, at + partBytes))
        .digest(),
    );
    parts += 1;
  }
  return `${all.digest('hex')}-${parts}`;
}
