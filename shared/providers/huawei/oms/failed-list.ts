/**
 * Reads the list of failed objects that OMS writes to the destination bucket: per line an error
 * code, a time, the URL-encoded key, the plain key and the source SDK's error. The separator is not
 * documented, so tabs, commas and blanks are accepted (OMS reference, section 3.4).
 */
import { safeText } from '../../../lib/cause.ts';
import type { CauseClass } from '../../../lib/errors.ts';
import { textLines } from '../../../lib/text-lines.ts';
import type { FailedObject } from '../../../manifest/staging.ts';

/** Of the codes the page names; the full table is not published. */
const CLASSES: readonly (readonly [RegExp, CauseClass])[] = [
  [/^UPLOAD_DST_OBJ_FAILURE/, 'transient'],
  [/^COMPLETE_DST_OBJ_MULTIPART_FAILURE/, 'transient'],
  [/^MIGRATE_SRC_ARCHIVE_OBJ_FAILURE/, 'source'],
  [/^URL_LIST_/, 'request'],
  [/^INIT_DST_OBJ_MULTIPART_FAILURE/, 'request'],
];

const TIME = String.raw`\d{4}-\d\d-\d\d[T ]\d\d:\d\d:\d\d[^\s,]*`;

/**
 * Code, encoded key, and what follows it: the plain key, which may hold the mark itself, and more;
 * the separators of Unicode among it (`s`), which end no line of a file.
 */
const LINES = [
  ['\t', new RegExp(String.raw`^([^\t]+)\t\s*${TIME}\s*\t([^\t]*)(?:\t(.*))?$`, 's')],
  [',', new RegExp(String.raw`^([^,\s]+),\s*${TIME}\s*,([^,]*)(?:,(.*))?$`, 's')],
  [' ', new RegExp(String.raw`^(\S+)\s+${TIME}\s+(\S+)(?:\s+(.*))?$`, 's')],
  // Times as no page shows them.
  ['\t', /^([^\t]+)\t[^\t]*\t([^\t]*)(?:\t(.*))?$/s],
] as const;

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
  const [mark, [, code = '', encoded = '', rest = '']] = split(line);
  const keys = keysOf(encoded.trim());
  // Which one, the plain key tells: some encoders write a blank as a plus sign, others leave those.
  const key = keys.find((each) => after(rest, each, mark) !== undefined) ?? keys[0] ?? '';
  // Where no plain key fits, the message is what comes last.
  const message = after(rest, key, mark) ?? rest.split(mark).at(-1) ?? '';
  return {
    key,
    code: safeText(code.trim(), 128),
    message: safeText(message.trim()),
    class: CLASSES.find(([pattern]) => pattern.test(code))?.[1] ?? 'source',
  };
}

function split(line: string): readonly [mark: string, parts: readonly (string | undefined)[]] {
  for (const [mark, pattern] of LINES) {
    const parts = pattern.exec(line);
    if (parts) return [mark, parts];
  }
  return ['\t', [line, line]];
}

/** What follows the plain key; undefined when the text does not start with it. */
function after(rest: string, key: string, mark: string): string | undefined {
  for (const text of [rest, rest.trimStart()]) {
    if (text.trimEnd() === key.trimEnd()) return '';
    if (key !== '' && text.startsWith(`${key}${mark}`)) return text.slice(key.length + 1);
  }
  return undefined;
}

function keysOf(encoded: string): readonly string[] {
  try {
    return [decodeURIComponent(encoded.replaceAll('+', '%20')), decodeURIComponent(encoded)];
  } catch {
    return [encoded];
  }
}
