/** Opens a list for reading: finds out which format it has, unless somebody says so. */

import { createHash } from 'node:crypto';
import { parseRecord, shorten } from '../../lib/values.ts';
import { headOf, type ListFiles, listError } from './files.ts';
import { type InventoryOptions, openInventory } from './inventory.ts';
import { parseInventory } from './inventory-manifest.ts';
import {
  createKeyParser,
  createUrlParser,
  GOOGLE_HEADER,
  isQshellLine,
  isUrl,
  parseGoogleLine,
  parseQshellLine,
} from './line-lists.ts';
import type { LINE_FORMAT_NAMES, ListFormat } from './list-formats.ts';
import type { ListParser } from './list-lines.ts';
import type { ListColumn, SourceList } from './object.ts';
import { createLsjsonParser, isHashsumLine, parseHashsumLine } from './rclone.ts';
import { firstLines, manifestOf, textList } from './text-list.ts';

interface LineFormat {
  readonly title: string;
  readonly columns: readonly ListColumn[];
  readonly hasUrls: boolean;
  /** Judges the first lines that are not blank. */
  readonly matches: (lines: readonly string[]) => boolean;
  readonly open: (name: string) => ListParser;
}

const every = (test: (line: string) => boolean) => (lines: readonly string[]) =>
  lines.length > 0 && lines.every(test);

const never = (): boolean => false;

/** Tried in this order. */
const LINE_FORMATS = {
  'rclone-lsjson': {
    title: 'rclone lsjson',
    columns: ['md5', 'size', 'modified'],
    hasUrls: false,
    matches: ([first = '', second = '']) =>
      /^\[\]?$/.test(first.trim()) && (second === '' || /^\]|^\{"Path":/.test(second.trim())),
    open: createLsjsonParser,
  },
  hashsum: {
    title: 'MD5 sums',
    columns: ['md5'],
    hasUrls: false,
    matches: every(isHashsumLine),
    open: () => ({ parse: parseHashsumLine }),
  },
  'google-url-list': {
    title: 'URL list of Google',
    columns: ['md5', 'size'],
    hasUrls: true,
    matches: ([first = '']) => first === GOOGLE_HEADER,
    open: () => ({ parse: parseGoogleLine }),
  },
  'qshell-listbucket': {
    title: 'qshell listbucket',
    columns: ['size', 'modified'],
    hasUrls: false,
    matches: every(isQshellLine),
    open: () => ({ parse: parseQshellLine }),
  },
  urls: {
    title: 'URLs',
    columns: [],
    hasUrls: true,
    matches: never,
    open: (name) => ({ parse: createUrlParser('plain', name) }),
  },
  'oms-url-list': {
    title: 'URL list of OMS',
    columns: [],
    hasUrls: true,
    matches: never,
    open: (name) => ({ parse: createUrlParser('encoded', name) }),
  },
  'oms-object-list': {
    title: 'object list of OMS',
    columns: [],
    hasUrls: false,
    matches: never,
    open: (name) => ({ parse: createKeyParser('encoded', name) }),
  },
  keys: {
    title: 'keys',
    columns: [],
    hasUrls: false,
    matches: never,
    open: (name) => ({ parse: createKeyParser('plain', name) }),
  },
} satisfies Readonly<Record<(typeof LINE_FORMAT_NAMES)[number], LineFormat>>;

export interface ListOptions extends InventoryOptions {
  /** @default found out from the first lines */
  readonly from?: ListFormat;
}

/** Manifests of inventories name up to some ten thousand files. */
const MANIFEST_BYTES = 67_108_864;

/**
 * @throws InputError (LIST_UNKNOWN_FORMAT, LIST_INCOMPLETE, LIST_DAMAGED) here and while it is read
 */
export async function openList(options: ListOptions): Promise<SourceList> {
  const { files, name, from } = options;
  if (/\.checksum$/.test(name)) {
    return openList({ ...options, name: name.replace(/checksum$/, 'json') });
  }
  const lines = await firstLines(files, name);
  if (from === 'inventory' || (from === undefined && isInventory(lines))) {
    return openInventory(parseInventory(await manifestText(files, name), name), options);
  }
  if (from === undefined || from === 'manifest') {
    const manifest = manifestOf(lines, files, name, from === 'manifest');
    if (manifest) return manifest;
  }
  const format: LineFormat =
    from === undefined || from === 'manifest' ? detect(lines, name) : LINE_FORMATS[from];
  const { title, columns, hasUrls } = format;
  return { ...textList(files, name, format.open(name)), format: title, columns, hasUrls };
}

/** A JSON document, be it on one line or many: nothing else begins with a brace alone. */
function isInventory([first = '', second = '']: readonly string[]): boolean {
  const text = first.trim();
  if (!text.startsWith('{')) return false;
  const record = parseRecord(text);
  if (record)
    return 'fileSchema' in record || 'ruleDefinition' in record || 'report_config' in record;
  return text === '{' || second.trim().startsWith('"') || !text.endsWith('}');
}

/** With the checksum that S3, OSS, COS and Azure write beside it, if it is there. */
async function manifestText(files: ListFiles, name: string): Promise<string> {
  const bytes = await headOf(files, name, MANIFEST_BYTES);
  const checksum = name.replace(/json$/, 'checksum');
  if (checksum !== name && (await files.sizeOf(checksum)) !== undefined) {
    const expected = (await headOf(files, checksum, 1_024)).toString('utf8').trim().toLowerCase();
    const found = createHash('md5').update(bytes).digest('hex');
    if (/^[0-9a-f]{32}$/.test(expected) && found !== expected) {
      const what = `its MD5 differs from ${checksum}, which has ${expected}. Fetch both again.`;
      throw listError('LIST_DAMAGED', name, what);
    }
  }
  return bytes.toString('utf8').replace(/^\ufeff/, '');
}

/** Tables that tools print for people: names are cut, padded, or can't be told from what is around them. */
const FOR_PEOPLE: readonly (readonly [RegExp, string])[] = [
  [/^\d{4}-\d\d-\d\d \d\d:\d\d:\d\d +\d+ |^ +PRE /, 'aws s3 ls'],
  [/^ *\d+ +\d{4}-\d\d-\d\dT[\d:]+Z +gs:|^TOTAL: \d+ objects/, 'gsutil ls -l'],
  [/^ *-?\d+ \d{4}-\d\d-\d\d \d\d:\d\d:\d\d\.\d+ /, 'rclone lsl'],
  [/^\[\d{4}-\d\d-\d\d \d\d:\d\d:\d\d \w+\] +[\d.]+ ?[KMGTP]?i?B /, 'mc ls'],
  [/^ *KEY *\| *TYPE *\|/, 'coscli ls'],
  [/^LastModifiedTime +Size\(B\)/, 'ossutil ls'],
  [/^key +LastModified +Size|^Start at .* UTC|^obs:\/\/\S+ +\d{4}-/, 'obsutil ls'],
  [/^[-dl][rwxsStT-]{9}[.+@]? +\d+ /, 'ls -l'],
];

const HINT =
  'Make the list with rclone lsjson -R --files-only --hash --hash-type MD5, or set up an inventory';

function detect(lines: readonly string[], name: string): LineFormat {
  for (const [pattern, tool] of FOR_PEOPLE) {
    if (!lines.some((line) => pattern.test(line))) continue;
    const what = `this is the output of ${tool}, which is made for people. ${HINT}.`;
    throw listError('LIST_UNKNOWN_FORMAT', name, what);
  }
  const found = Object.values<LineFormat>(LINE_FORMATS).find(({ matches }) => matches(lines));
  if (found) return found;
  const areUrls = lines.every(isUrl);
  if (!areUrls && lines.some((line) => FOREIGN.test(line))) {
    const what = `the format is not known; the first line is ${shown(lines[0] ?? '')}. Name it with --from. ${HINT}.`;
    throw listError('LIST_UNKNOWN_FORMAT', name, what);
  }
  refuseColumns(lines, name);
  return areUrls
    ? { ...LINE_FORMATS.urls, open: (of) => ({ parse: createUrlParser('unsaid', of) }) }
    : { ...LINE_FORMATS.keys, open: (of) => ({ parse: createKeyParser('unsaid', of) }) };
}

/** Columns, JSON, XML, sums that are no MD5, and files of other kinds: no keys. */
const FOREIGN = /\t|^[[{<]|^[0-9a-f]{40,128} |^PAR1|^ORC|\0/;

/** Read as URLs or keys, each line would be one long name. */
function refuseColumns(lines: readonly string[], name: string): void {
  const [first = ''] = lines;
  const counts = new Set(lines.map((line) => line.split(',').length));
  const [count = 1] = counts;
  if (counts.size > 1 || count === 1) return;
  const what = `the lines have ${count} columns that Waybill doesn't know: ${shown(first)}. Give it the manifest.json of an inventory, or a CSV with a header that has url and key. If the commas belong to names, add --from urls or --from keys.`;
  throw listError('LIST_UNKNOWN_FORMAT', name, what);
}

const shown = (line: string): string => JSON.stringify(shorten(line));
