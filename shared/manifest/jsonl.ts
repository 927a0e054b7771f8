/** JSON Lines: one object per line, `{"url","key","md5"}` or the provider's `{"Url","Key","MD5"}`. */
import type { Fields, LineFault } from './lint.ts';

/** Both spellings of each field; further fields are ignored. */
const SPELLINGS = { url: ['url', 'Url'], key: ['key', 'Key'], md5: ['md5', 'MD5'] } as const;

/** Reads one line, given without its line break. Messages never quote the line. */
export function parseJsonLine(line: string): Fields | LineFault {
  let value: unknown;
  try {
    value = JSON.parse(line);
  } catch (error) {
    return invalid(`not valid JSON${position(error)}; expected {"url": …, "key": …, "md5": …}`);
  }
  if (typeof value !== 'object' || value === null || Array.isArray(value)) {
    const kind = value === null ? 'null' : Array.isArray(value) ? 'an array' : `a ${typeof value}`;
    return invalid(`the line is ${kind}, expected one object {"url": …, "key": …, "md5": …}`);
  }
  const url = pick(value, 'url');
  if (typeof url === 'object') return url;
  const key = pick(value, 'key');
  if (typeof key === 'object') return key;
  const md5 = pick(value, 'md5');
  if (typeof md5 === 'object') return md5;
  return { url, key, md5 };
}

/** The field as text, empty when it is absent or null. */
function pick(value: object, name: keyof typeof SPELLINGS): string | LineFault {
  const [lower, vendor] = SPELLINGS[name];
  const fields = value as Record<string, unknown>;
  const a = own(fields, lower);
  const b = own(fields, vendor);
  if (a !== undefined && b !== undefined && a !== b) {
    return invalid(`"${lower}" and "${vendor}" differ; give one of them`);
  }
  const found = a ?? b ?? '';
  if (typeof found === 'string') return found;
  return invalid(`"${a === undefined ? vendor : lower}" is not a string`);
}

const own = (fields: Record<string, unknown>, name: string): unknown =>
  Object.hasOwn(fields, name) ? (fields[name] ?? undefined) : undefined;

/** V8 names the position of most faults, but quotes the text of some: that may hold secrets. */
function position(error: unknown): string {
  const at = /at position (\d+)/.exec(error instanceof Error ? error.message : '')?.[1];
  return at === undefined ? '' : ` at character ${Number(at) + 1}`;
}

const invalid = (message: string): LineFault => ({ reason: 'JSON_INVALID', message });
