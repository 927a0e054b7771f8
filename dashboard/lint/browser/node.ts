/**
 * Replaces in the browser the few parts of Node that the linter uses (`scripts/build-dashboard.ts`
 * puts it there): bytes with text in them, and their validity.
 */

type Encoding = 'utf8' | 'latin1' | 'hex' | 'base64';

class Bytes extends Uint8Array<ArrayBuffer> {
  /** A view of an ArrayBuffer, a copy of bytes, or the bytes of a text in UTF-8 or base64. */
  static override from(input: unknown, offset?: unknown, length?: number): Bytes {
    if (typeof input === 'string') {
      if (offset !== 'base64') return new Bytes(new TextEncoder().encode(input).buffer);
      const raw = atob(input);
      const bytes = Bytes.alloc(raw.length);
      for (let at = 0; at < raw.length; at += 1) bytes[at] = raw.charCodeAt(at);
      return bytes;
    }
    if (input instanceof ArrayBuffer) return new Bytes(input, Number(offset ?? 0), length);
    const given = input as Uint8Array;
    const copy = Bytes.alloc(given.length);
    copy.set(given);
    return copy;
  }

  static concat(parts: readonly Uint8Array[]): Bytes {
    const all = Bytes.alloc(parts.reduce((sum, { length }) => sum + length, 0));
    let at = 0;
    for (const part of parts) {
      all.set(part, at);
      at += part.length;
    }
    return all;
  }

  static alloc(size: number): Bytes {
    return new Bytes(new ArrayBuffer(size));
  }

  static byteLength(text: string): number {
    return new TextEncoder().encode(text).length;
  }

  override toString(encoding: Encoding = 'utf8', start = 0, end = this.length): string {
    const part = this.subarray(start, end);
    if (encoding === 'hex') {
      return Array.from(part, (byte) => byte.toString(16).padStart(2, '0')).join('');
    }
    // Browsers read Latin-1 as Windows-1252: other signs above ASCII, but as many.
    return new TextDecoder(encoding, { ignoreBOM: true }).decode(part);
  }
}

export { Bytes as Buffer };

export function isUtf8(bytes: Uint8Array): boolean {
  try {
    new TextDecoder('utf-8', { fatal: true, ignoreBOM: true }).decode(bytes);
    return true;
  } catch {
    return false;
  }
}
