/** Encodings and hashes of text on the wire: RFC 3986, SHA, HMAC, constant-time comparison. */
import { createHmac, hash, timingSafeEqual } from 'node:crypto';
import { InputError } from './errors.ts';

const UNRESERVED = /^[\w.~-]*$/;

/** What each ASCII character becomes: itself, or `%` and two upper-case hex digits. */
const ENCODED: readonly string[] = Array.from({ length: 128 }, (_, code) => {
  const char = String.fromCharCode(code);
  return UNRESERVED.test(char) ? char : `%${code.toString(16).toUpperCase().padStart(2, '0')}`;
});

/**
 * Percent-encodes UTF-8 with upper-case hex, keeping only `A-Z a-z 0-9 - _ . ~`.
 * @throws InputError (SIGNING_INPUT) on a lone surrogate
 */
export function encodeRfc3986(text: string): string {
  if (UNRESERVED.test(text)) return text;
  let encoded = '';
  for (let at = 0; at < text.length; at += 1) {
    const code = text.charCodeAt(at);
    if (code > 127) return encoded + encodeUnicode(text.slice(at));
    encoded += ENCODED[code];
  }
  return encoded;
}

function encodeUnicode(text: string): string {
  try {
    return encodeURIComponent(text).replace(
      /[!'()*]/g,
      (char) => ENCODED[char.charCodeAt(0)] ?? '',
    );
  } catch (error) {
    const fault = { path: '(text)', message: 'expected valid Unicode' };
    throw new InputError('SIGNING_INPUT', 'A name or value is not valid Unicode.', [fault], error);
  }
}

/**
 * For text that is hashed as it is: a lone surrogate would be hashed as another character.
 * @throws InputError (SIGNING_INPUT) that names the field
 */
export function requireUnicode(text: string, path: string): void {
  if (text.isWellFormed()) return;
  const fault = { path, message: 'expected valid Unicode, without lone surrogates' };
  throw new InputError('SIGNING_INPUT', 'A signed text is not valid Unicode.', [fault]);
}

export const sha1Hex = (text: string): string => hash('sha1', text);

export const sha256Hex = (text: string): string => hash('sha256', text);

export const hmacSha1Hex = (key: string, text: string): string =>
  createHmac('sha1', key).update(text).digest('hex');

/** Longest text in UTF-16 units that a prepared HMAC takes the short way. */
const PREPARED_LENGTH = 1_024;

/** Of SHA-1 and SHA-256 alike, in bytes. */
const BLOCK_BYTES = 64;

/**
 * An HMAC for many short texts under one key (RFC 2104): the padded keys are laid out once and each
 * text takes two one-shot hashes, less than half the time of `createHmac`.
 * @returns a function from text (hashed as UTF-8) to hex in lower case
 */
export function prepareHmac(algorithm: 'sha1' | 'sha256', key: string): (text: string) => string {
  const bytes = Buffer.from(key);
  const fitted = bytes.length > BLOCK_BYTES ? hash(algorithm, bytes, 'buffer') : bytes;
  const inner = Buffer.alloc(BLOCK_BYTES + 3 * PREPARED_LENGTH, 0);
  const outer = Buffer.alloc(BLOCK_BYTES + (algorithm === 'sha1' ? 20 : 32), 0);
  for (let at = 0; at < BLOCK_BYTES; at += 1) {
    const byte = fitted[at] ?? 0;
    inner[at] = byte ^ 0x36;
    outer[at] = byte ^ 0x5c;
  }
  // Texts under one key have few lengths; a view costs as much as a quarter of a hash.
  const views: Buffer[] = [];
  return (text) => {
    if (text.length > PREPARED_LENGTH) {
      return createHmac(algorithm, bytes).update(text).digest('hex');
    }
    const end = BLOCK_BYTES + inner.write(text, BLOCK_BYTES);
    views[end] ??= inner.subarray(0, end);
    outer.write(hash(algorithm, views[end], 'binary'), BLOCK_BYTES, 'latin1');
    return hash(algorithm, outer);
  };
}

/** Compares in a time that tells nothing but whether the lengths differ. */
export function constantTimeEqual(a: string, b: string): boolean {
  const [left, right] = [Buffer.from(a), Buffer.from(b)];
  return left.length === right.length && timingSafeEqual(left, right);
}
