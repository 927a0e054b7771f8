/**
 * List files as OMS reads them from OBS, with the rules it has for them: text/plain, without an
 * encoding, UTF-8 without a mark, the first line well formed.
 * https://support.huaweicloud.com/intl/en-us/api-oms/oms_api_0052.html
 */
import type { Stored } from './obs-write.ts';
import { OmsRefusal } from './route.ts';

/** What reading OBS takes: an object, and the keys below a prefix. */
export interface ReadObs {
  stored(bucket: string, key: string): Stored | undefined;
  paths(): Iterable<string>;
}

/** What one line of a list names. */
export interface Listed {
  /** Of the target, without the task's prefix. */
  readonly key: string;
  /** Of a URL list. */
  readonly url?: string;
}

const LONGEST_LINE = 65_535;
const LARGEST_BYTES = 1_073_741_824;
const LINE_FEED = 10;

const refuse = (code: string, message: string): OmsRefusal =>
  new OmsRefusal(code, message, 400, 'TRF');

/** @throws OmsRefusal of a list that no task can be made of */
export function readList(obs: ReadObs, bucket: string, key: string, isUrl: boolean): Buffer {
  const found = obs.stored(bucket, key);
  if (!found || !key.endsWith('.txt')) {
    throw refuse('0013', `The list file ${key} is not there, or is not a .txt file.`);
  }
  const { body, contentEncoding, contentType } = found;
  if (contentType !== 'text/plain' || contentEncoding !== undefined) {
    throw refuse('0019', 'The list file must be text/plain, without Content-Encoding.');
  }
  if (body.length === 0) throw refuse('0017', 'The list file is empty.');
  if (body.length > LARGEST_BYTES) throw refuse('0014', 'The list file is larger than 1,024 MB.');
  const [first] = linesOf(body);
  if (!first || (isUrl && parseLine(first, true) === undefined)) {
    throw refuse(isUrl ? '0016' : '0014', 'The first line of the list file is not in its format.');
  }
  return body;
}

/** The lists of a group lie in a folder. @throws OmsRefusal */
export function readFolder(
  obs: ReadObs,
  bucket: string,
  folder: string,
  isUrl: boolean,
): readonly Buffer[] {
  const start = `${bucket}/${folder}`;
  const keys = [...obs.paths()]
    .filter((path) => folder.endsWith('/') && path.startsWith(start) && path.endsWith('.txt'))
    .map((path) => path.slice(bucket.length + 1))
    .sort();
  if (keys.length === 0) throw refuse('0013', `There is no list file below ${folder}.`);
  return keys.map((key) => readList(obs, bucket, key, isUrl));
}

/** Every line, also what is none: a blank line is an object without a name. */
export function* linesOf(body: Buffer): Generator<string> {
  for (let at = 0; at < body.length; ) {
    const feed = body.indexOf(LINE_FEED, at);
    const end = feed === -1 ? body.length : feed;
    yield body.toString('utf8', at, end);
    at = end + 1;
  }
}

export function countLines(body: Buffer): number {
  let count = 0;
  for (let at = body.indexOf(LINE_FEED); at !== -1; at = body.indexOf(LINE_FEED, at + 1))
    count += 1;
  return body.at(-1) === LINE_FEED ? count : count + 1;
}

/** Undefined for a line that names nothing. */
export function parseLine(line: string, isUrl: boolean): Listed | undefined {
  if (line === '' || line.length > LONGEST_LINE || /[\r\ufeff]/.test(line)) return undefined;
  const [first = '', second = '', ...more] = line.split('\t');
  if (!isUrl) return second === '' && more.length === 0 ? decoded(first) : undefined;
  const isAddress = /^https?:\/\/[^/\s]+\/[\x21-\x7e]*$/.test(first);
  const listed = more.length === 0 && isAddress ? decoded(second) : undefined;
  return listed && { ...listed, url: first };
}

function decoded(text: string): Listed | undefined {
  try {
    return text === '' ? undefined : { key: decodeURIComponent(text) };
  } catch {
    return undefined;
  }
}
