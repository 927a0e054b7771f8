/**
 * Lists keys below a prefix, page by page, by the first or the second version of the call.
 * https://docs.aws.amazon.com/AmazonS3/latest/API/API_ListObjects.html
 */
import type { Pair } from '../api-request.ts';
import { InputError } from '../errors.ts';
import { shorten } from '../values.ts';
import type { BucketRequest } from './bucket.ts';
import { type ListedObject, type Page, parsePage } from './list-page.ts';

/** Any that answers as stores like S3 do. */
interface Listable {
  readonly name: string;
  ask(request: Pick<BucketRequest, 'method' | 'query'>): Promise<{ readonly text: string }>;
}

export interface ListOptions {
  readonly prefix: string;
  /** Of the call. The second falls back to markers where a store answers with the first. @default 2 */
  readonly version?: 1 | 2;
  /** Whether to ask for encoded keys, as keys may hold what XML can't. @default true */
  readonly isEncoded?: boolean;
  /** Rolls up what is behind it into prefixes. @default none */
  readonly delimiter?: string;
}

/** Where a list goes on, one of the three; as JSON it is a checkpoint. */
export interface Position {
  readonly token?: string;
  /** Of the first version of the call. */
  readonly marker?: string;
  /** Behind this key, which need not exist. */
  readonly after?: string;
}

/** A part of a list; only stores that list in the order of bytes have parts with an end. */
export interface Range {
  readonly from?: Position;
  /** The last key that belongs to it. */
  readonly end?: string;
}

export interface ListPage {
  readonly objects: readonly ListedObject[];
  readonly prefixes: readonly string[];
  /** What is left behind this page; undefined at the end. */
  readonly rest?: Range;
}

/** In the order of UTF-8 bytes, which that of a string's units is not for characters of two units. */
export function compareKeys(a: string, b: string): number {
  const length = Math.min(a.length, b.length);
  for (let at = 0; at < length; at += 1) {
    const [left, right] = [a.charCodeAt(at), b.charCodeAt(at)];
    if (left !== right) return byteOrder(left) - byteOrder(right);
  }
  return a.length - b.length;
}

/** Surrogates stand for what is behind all other units. */
const byteOrder = (unit: number): number =>
  unit < 0xd800 ? unit : unit < 0xe000 ? unit + 0x2000 : unit - 0x800;

/** Stores give fewer by default, OSS 100. */
const MAX_KEYS = '1000';

/** Pages in a row that name nothing; a store gives such ones where objects were deleted. */
const MAX_EMPTY_PAGES = 10_000;

/**
 * In the order of the store.
 * @throws InputError (LIST_DAMAGED, LIST_INCOMPLETE, LIST_REPEATS): what came before is no whole list;
 * StoreError (STORE_FAILED)
 */
export async function* listPages(
  bucket: Listable,
  options: ListOptions,
  range: Range = {},
): AsyncGenerator<ListPage> {
  const { from = {}, end } = range;
  const check = createRepeatCheck(bucket, range);
  let position = from;
  for (;;) {
    const page = await ask(bucket, options, position);
    const next = page.isTruncated ? nextOf(bucket, options, page, position) : undefined;
    check(page, next);
    const { prefixes } = page;
    if (end === undefined) {
      yield { objects: page.objects, prefixes, ...(next && { rest: { from: next } }) };
    } else {
      const objects = page.objects.filter(({ key }) => compareKeys(key, end) <= 0);
      const isLast = !next || objects.length < page.objects.length;
      yield { objects, prefixes, ...(!isLast && { rest: { from: next, end } }) };
      if (isLast) return;
    }
    if (!next) return;
    position = next;
  }
}

/** A page that nobody can read is asked for once more, with the other setting of `encoding-type`. */
async function ask(bucket: Listable, options: ListOptions, position: Position): Promise<Page> {
  const { isEncoded = true } = options;
  for (const isAsked of [isEncoded, !isEncoded]) {
    const query = queryOf({ ...options, isEncoded: isAsked }, position);
    const { text } = await bucket.ask({ method: 'GET', query });
    const page = parsePage(text);
    if (page) return page;
  }
  throw failed(
    bucket,
    'LIST_DAMAGED',
    `the page ${placeOf(position)} can't be read, with encoded keys or without`,
  );
}

function queryOf(options: ListOptions, { token, marker, after }: Position): readonly Pair[] {
  const { prefix, version = 2, isEncoded, delimiter } = options;
  const isVersion1 = version === 1 || marker !== undefined;
  const start = isVersion1 ? 'marker' : 'start-after';
  const pairs: readonly (readonly [string, string | undefined])[] = [
    ['continuation-token', token],
    ['delimiter', delimiter],
    ['encoding-type', isEncoded ? 'url' : undefined],
    ['list-type', isVersion1 ? undefined : '2'],
    [start, marker ?? after],
    ['max-keys', MAX_KEYS],
    ['prefix', prefix],
  ];
  return pairs.filter((pair): pair is Pair => pair[1] !== undefined);
}

/** @throws InputError (LIST_INCOMPLETE) when nothing says where */
function nextOf(
  bucket: Listable,
  { version = 2, delimiter }: ListOptions,
  page: Page,
  position: Position,
): Position {
  const { token, marker, isVersion1 } = page;
  if (token !== undefined && position.marker === undefined) return { token };
  if (version === 1 || position.marker !== undefined || isVersion1) {
    // The marker beside keys may be encoded or not; the last key is known.
    const next = delimiter === undefined ? (lastOf(page) ?? marker) : (marker ?? lastOf(page));
    if (next !== undefined) return { marker: next };
  }
  const what = `the page ${placeOf(position)} says that there is more, but not where`;
  throw failed(bucket, 'LIST_INCOMPLETE', what);
}

/** Of keys and prefixes, which a page has apart. */
function lastOf({ objects, prefixes }: Page): string | undefined {
  const [key, prefix] = [objects.at(-1)?.key, prefixes.at(-1)];
  if (key === undefined || prefix === undefined) return key ?? prefix;
  return compareKeys(key, prefix) > 0 ? key : prefix;
}

/**
 * Ends a list that goes in a circle: each page is compared with the one before, and with an earlier one
 * that is replaced ever more rarely (Brent), so that a circle of any length is found. Whether keys go
 * up is judged in parts of a list alone, as not every store lists in the order of bytes.
 */
function createRepeatCheck(bucket: Listable, { from = {}, end }: Range) {
  const isPart = from.after !== undefined || end !== undefined;
  let before: Seen = {};
  let anchor: Seen = {};
  let [pages, limit] = [0, 1];
  let empty = 0;
  let position = from;
  return (page: Page, next: Position | undefined): void => {
    const { objects, prefixes } = page;
    const first = objects[0]?.key ?? prefixes[0];
    empty = first === undefined ? empty + 1 : 0;
    if (empty > MAX_EMPTY_PAGES) {
      const what = `${MAX_EMPTY_PAGES} pages in a row name nothing, the last one ${placeOf(position)}`;
      throw failed(bucket, 'LIST_REPEATS', what);
    }
    const seen: Seen = { first, next: next && JSON.stringify(next) };
    if (isBack(page, position) || isSame(seen, before) || isSame(seen, anchor)) {
      const what = `the page ${placeOf(position)} repeats keys of an earlier one`;
      throw failed(bucket, 'LIST_REPEATS', what);
    }
    if (isPart && !isAscending(objects)) {
      const what = `the page ${placeOf(position)} is not in the order of bytes, so the bucket can't be listed in parts`;
      throw failed(bucket, 'LIST_INCOMPLETE', what);
    }
    before = seen;
    pages += 1;
    if (pages === limit) [anchor, limit] = [seen, limit * 2];
    if (next) position = next;
  };
}

interface Seen {
  readonly first?: string | undefined;
  readonly next?: string | undefined;
}

const isSame = (a: Seen, b: Seen): boolean =>
  (a.first !== undefined && a.first === b.first) || (a.next !== undefined && a.next === b.next);

/**
 * A store may know no `start-after`, or begin with the marker itself. A prefix is not judged: it may hold
 * keys on both sides of one.
 */
function isBack({ objects: [first] }: Page, { after, marker }: Position): boolean {
  if (!first) return false;
  return first.key === marker || (after !== undefined && compareKeys(first.key, after) <= 0);
}

const isAscending = (objects: readonly ListedObject[]): boolean =>
  objects.every(({ key }, at) => at === 0 || compareKeys(objects[at - 1]?.key ?? '', key) < 0);

function placeOf({ token, marker, after }: Position): string {
  if (token !== undefined) return `at token ${JSON.stringify(shorten(token))}`;
  const key = marker ?? after;
  return key === undefined ? 'at the start' : `after marker ${JSON.stringify(shorten(key))}`;
}

type ListCode = 'LIST_DAMAGED' | 'LIST_INCOMPLETE' | 'LIST_REPEATS';

const failed = (bucket: Listable, code: ListCode, what: string): InputError =>
  new InputError(
    code,
    `The list of bucket ${bucket.name} is not whole: ${what}. List it one part after the other, list smaller prefixes, or use an inventory.`,
  );
