/** Rules for the key of a target object: what a request would make of it, and what nobody means. */
import { trimBlanks } from './blanks.ts';

/** https://cloud.tencent.com/document/product/436/13324 */
export const KEY_LIMIT_BYTES = 850;

// biome-ignore lint/suspicious/noControlCharactersInRegex: they are what is looked for
export const CONTROL = /[\u0000-\u001f\u007f-\u009f]/;

/**
 * Why requests for a key reach something else, as words for a person; undefined when they reach it.
 * COS resolves a key as a path: of `/`, `.` or `a/../` nothing is left, which is the bucket itself, so
 * its SDKs refuse such keys (`ObjectKeySimplifyCheck`); a look at `a/../b` would find the object `b`.
 */
export function pathFault(key: string): string | undefined {
  const left: string[] = [];
  let hasDots = false;
  for (const segment of key.split('/')) {
    if (segment === '.' || segment === '..') hasDots = true;
    if (segment === '..') left.pop();
    else if (segment !== '' && segment !== '.') left.push(segment);
  }
  if (left.length === 0) return 'resolves to "/", which is the bucket itself';
  return hasDots ? 'has "." or ".." between slashes, so it resolves to another key' : undefined;
}

export const hasLeadingSlash = (key: string): boolean => /^[/\\]/.test(key);

/** Without what is odd at its ends; undefined when nothing would be left. */
export function tidyKey(key: string): string | undefined {
  let tidy = key;
  for (let before = ''; before !== tidy; ) {
    before = tidy;
    tidy = trimBlanks(tidy).replace(/^[/\\]+/, '');
  }
  return tidy === '' ? undefined : tidy;
}

/** Whether a key is the end of its own URL, from a slash or an equals sign on, and still encoded. */
export function isEncodedEnd(key: string, url: string): boolean {
  if (!/%[0-9a-f]{2}/i.test(key)) return false;
  const end = upperEscapes(key);
  return [url, url.replace(/\?.*$/s, '')].some((text) => {
    const at = text.length - end.length;
    return (
      upperEscapes(text).endsWith(end) && (/^\//.test(end) || /[/=]/.test(text.charAt(at - 1)))
    );
  });
}

const upperEscapes = (text: string): string =>
  text.replace(/%[0-9a-f]{2}/gi, (found) => found.toUpperCase());

/** The key without its encoding; undefined when that is no UTF-8. */
export function decodeKey(key: string): string | undefined {
  try {
    return decodeURIComponent(key);
  } catch {
    return undefined;
  }
}
