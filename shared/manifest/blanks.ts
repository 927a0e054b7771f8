/** Characters that a person can't see, at the ends of a text. */

/** Unicode's blanks, and what has no shape: soft hyphens, fillers, zero-width and direction marks. */
const BLANK =
  /[\p{White_Space}\u00ad\u061c\u115f\u1160\u180e\u200b-\u200f\u202a-\u202e\u2060-\u206f\u2800\u3164\ufeff\uffa0]/u;

const isBlankAt = (text: string, at: number): boolean => BLANK.test(text.charAt(at));

export const hasOuterBlanks = (text: string): boolean =>
  isBlankAt(text, 0) || isBlankAt(text, text.length - 1);

export function trimBlanks(text: string): string {
  let [start, end] = [0, text.length];
  while (start < end && isBlankAt(text, start)) start += 1;
  while (end > start && isBlankAt(text, end - 1)) end -= 1;
  return text.slice(start, end);
}
