/** Text and bytes on the wire: RFC 3986, hashes, constant-time comparison. */
import { createHmac, hash, timingSafeEqual } from 'node:crypto';
import { InputError } from './errors.ts';

const SAFE = /^[\w.~-]*$/;

/**
 * Percent-encodes UTF-8 with upper-case hex, keeping only `A-Z a-z 0-9 - _ . ~`.
 * @throws InputError (SIGNING_INPUT) on a lone surrogate
 */
export function encodeRfc3986(text: string): string {
  if (SAFE.test(text)) return text;
  try {
    return encodeURIComponent(text).replace(
      /[!'()*]/g,
      (char) => `%${char.charCodeAt(0).toString(16).toUpperCase()}`,
    );
  } catch (error) {
    const fault = { path: '(text)', message: 'expected valid Unicode' };
    throw new InputError('SIGNING_INPUT', 'A name or value is not valid Unicode.', [fault], error);
  }
}

export const sha1Hex = (text: string): string => hash('sha1', text);
export const sha256Hex = (text: string): string => hash('sha256', text);
export const hmacSha1Hex = (key: string, text: string): string =>
  createHmac('sha1', key).update(text).digest('hex');
export const hmacSha256Hex = (key: string, text: string): string =>
  createHmac('sha256', key).update(text).digest('hex');

/** Compares in a time that tells nothing but whether the lengths differ. */
export function constantTimeEqual(a: string, b: string): boolean {
  const [left, right] = [Buffer.from(a), Buffer.from(b)];
  return left.length === right.length && timingSafeEqual(left, right);
}
