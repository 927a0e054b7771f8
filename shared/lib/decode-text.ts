/**
 * Decodes text files that people write: UTF-8 without its byte order mark, or an error that names
 * the encoding found.
 */
export function decodeText(
  bytes: Uint8Array,
): { readonly text: string } | { readonly fault: string } {
  const fault = (what: string) => ({ fault: `the file is ${what}; save it as UTF-8` });
  const hasUtf16Mark =
    (bytes[0] === 0xff && bytes[1] === 0xfe) || (bytes[0] === 0xfe && bytes[1] === 0xff);
  // Without a mark, every other byte of ASCII text is 0.
  if (hasUtf16Mark || bytes.subarray(0, 2).includes(0)) return fault('UTF-16 text');
  try {
    return { text: new TextDecoder('utf-8', { fatal: true }).decode(bytes) };
  } catch {
    return fault('not UTF-8 text');
  }
}

/** Text without the byte order mark that some editors put before it. */
export const withoutMark = (text: string): string => text.replace(/^\ufeff/, '');
