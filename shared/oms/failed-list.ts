/**
 * The list of failed objects that OMS leaves in the destination bucket: per line an error code, a
 * time, the URL-encoded key, the plain key and the source SDK's error. What stands between them is
 * not documented: tabs, commas and blanks are read (OMS reference, section 3.4).
 */
import type { CauseClass } from '../errors.ts';
import type { FailedObject } from '../tasks/failures.ts';
import { textLines } from '../text-lines.ts';

/** Of the codes the page names; the full table is not published. */
const CLASSES: readonly (readonly [RegExp, CauseClass])[] = [
  [/^UPLOAD_DST_OBJ_FAILURE/, 'transient'],
  [/^COMPLETE_DST_OBJ_MULTIPART_FAILURE/, 'transient'],
  [/^MIGRATE_SRC_ARCHIVE_OBJ_FAILURE/, 'source'],
  [/^URL_LIST_/, 'request'],
  [/^INIT_DST_OBJ_MULTIPART_FAILURE/, 'request'],
];

const TIME = String.raw`\d{4}-\d\d-\d\d[T ]\d\d:\d\d:\d\d\S*`;
const BLANKS = new RegExp(String.raw`^(\S+)\s+(${TIME})\s+(\S+)(?:\s+(.*))?$`);

export async function* readFailedList(
  bytes: AsyncIterable<Uint8Array>,
): AsyncGenerator<FailedObject> {
  for await (const line of textLines(bytes)) {
    const found = parseLine(line);
    if (found) yield found;
  }
}

function parseLine(line: string): FailedObject | undefined {
  if (line.trim() === '') return undefined;
  const mark = line.includes('\t')
    ? '\t'
    : new RegExp(`^[^,\\s]+,\\s*${TIME},`).test(line)
      ? ','
      : '';
  const [code = '', , encoded = '', ...rest] =
    mark === ''
      ? (BLANKS.exec(line)?.slice(1) ?? [line])
      : line.split(mark).map((part) => part.trim());
  // After the plain key, which may hold the mark itself, comes the message.
  const message = mark === '' ? (rest[0] ?? '') : (rest.at(-1) ?? '');
  return {
    key: decode(encoded),
    code: code.slice(0, 128),
    message: message.slice(0, 256),
    class: CLASSES.find(([pattern]) => pattern.test(code))?.[1] ?? 'source',
  };
}

function decode(encoded: string): string {
  try {
    return decodeURIComponent(encoded.replaceAll('+', '%20'));
  } catch {
    return encoded;
  }
}
