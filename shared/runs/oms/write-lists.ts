/**
 * Cuts a manifest into list files of OMS and writes them to OBS: so many lines or bytes each, whatever
 * the manifest holds. Cutting depends on the manifest alone, so a call that died is repeated, and
 * passes over files that are whole.
 */
import type { Tally } from '../../ledger/tally.ts';
import { InputError } from '../../lib/errors.ts';
import { readLayout } from '../../manifest/detect-layout.ts';
import type { Quarantined } from '../../manifest/findings.ts';
import { gunzip } from '../../manifest/gzip.ts';
import { parseFileName } from '../../manifest/key.ts';
import { cutLines } from '../../manifest/lines.ts';
import type { LintOptions } from '../../manifest/lint.ts';
import { createLineReader } from '../../manifest/read-lines.ts';
import { WHOLE } from '../../manifest/read-whole.ts';
import {
  createListLines,
  type GivenList,
  type ListShape,
} from '../../providers/huawei/oms/list-lines.ts';
import type { ObjectInfo, Objects } from '../../stores/objects.ts';

/** One list file as it was written. */
export interface ListFile {
  readonly lines: number;
  readonly sizeBytes: number;
  /** Of its objects, as far as the manifest tells sizes. */
  readonly objectBytes: number;
}

export interface ListLimits {
  readonly lines: number;
  readonly bytes: number;
}

/** Of the provider's 1 GiB and 5 million objects of a task, with room. */
export const LIST_LIMITS: ListLimits = { lines: 2_000_000, bytes: 536_870_912 };

/** What a person can look through; more is a fault of the whole list. */
const MAX_QUARANTINED = 100_000;

interface WriteListsOptions {
  readonly objects: Pick<Objects, 'read'>;
  readonly info: ObjectInfo;
  readonly given: GivenList;
  readonly checkSource?: LintOptions['checkSource'];
  readonly limits?: ListLimits;
  /** Files of an earlier call, in order. */
  readonly written: readonly ListFile[];
  /** Writes file `index`, and returns its size. */
  readonly write: (index: number, content: AsyncIterable<string>) => Promise<number>;
  /** A file is whole. @returns whether to go on with the next */
  readonly onFile: (file: ListFile) => Promise<boolean>;
}

export interface WrittenLists {
  readonly files: readonly ListFile[];
  readonly shape: ListShape;
  readonly tally: Tally;
  readonly quarantined: readonly Quarantined[];
}

/**
 * @returns undefined when `onFile` ended it
 * @throws InputError (MANIFEST_INVALID, MANIFEST_CHANGED, NOT_FOUND); what `write` throws
 */
export async function writeLists(options: WriteListsOptions): Promise<WrittenLists | undefined> {
  const { info, limits = LIST_LIMITS, onFile, write, written } = options;
  const list = createListLines(options.given);
  const quarantined: Quarantined[] = [];
  const reader = await openReader(options, list, quarantined);
  const lines = reader.lines();
  const files: ListFile[] = [];
  const pending: Pending = { lines: [], at: 0 };
  try {
    while (await fill(pending, lines)) {
      const count = { lines: 0, sizeBytes: 0, objectBytes: 0 };
      const content = contentOf(pending, lines, count, limits);
      const known = written[files.length];
      if (known) for await (const _ of content);
      else await write(files.length, content);
      files.push(count);
      if (!known && !(await onFile(count))) return undefined;
    }
  } finally {
    await lines.return(undefined);
  }
  const shape = list.shape();
  if (shape) return { files, shape, tally: reader.tally(), quarantined };
  const [first] = quarantined;
  const why = first ? `: line ${first.line + 1}: ${first.message}` : '';
  throw invalid(info.key, `none of its lines can be listed${why}`);
}

interface Line {
  readonly text: string;
  readonly objectBytes: number;
}

/** Lines of a block of the manifest that no file has yet. */
interface Pending {
  lines: readonly Line[];
  at: number;
}

async function fill(pending: Pending, lines: AsyncIterator<readonly Line[]>): Promise<boolean> {
  while (pending.at === pending.lines.length) {
    const { done, value } = await lines.next();
    if (done) return false;
    pending.lines = value;
    pending.at = 0;
  }
  return true;
}

const TEXT_LENGTH = 65_536;

async function* contentOf(
  pending: Pending,
  lines: AsyncIterator<readonly Line[]>,
  count: { lines: number; sizeBytes: number; objectBytes: number },
  limits: ListLimits,
): AsyncGenerator<string> {
  let text = '';
  while (count.lines < limits.lines && (await fill(pending, lines))) {
    const line = pending.lines[pending.at];
    // All of them are ASCII.
    const length = (line?.text.length ?? 0) + 1;
    if (!line || (count.lines > 0 && count.sizeBytes + length > limits.bytes)) break;
    pending.at += 1;
    count.lines += 1;
    count.sizeBytes += length;
    count.objectBytes += line.objectBytes;
    text += `${line.text}\n`;
    if (text.length < TEXT_LENGTH) continue;
    yield text;
    text = '';
  }
  if (text !== '') yield text;
}

async function openReader(
  { checkSource, info, objects }: WriteListsOptions,
  list: ReturnType<typeof createListLines>,
  quarantined: Quarantined[],
) {
  const layout = await readLayout(objects, info, parseFileName(info.key.split('/').at(-1) ?? ''));
  const reader = createLineReader(
    {
      layout,
      allowHttps: true,
      checkSource,
      list: list.rules,
      target: { region: '', bucket: '' },
      idPrefix: '',
    },
    { quarantined: (line) => void quarantined.push(line), warned() {} },
  );
  const bytes = layout.gzip
    ? gunzip(objects, info)
    : objects.read(info.key, { ifMatch: info.etag });
  async function* lines(): AsyncGenerator<readonly Line[]> {
    for await (const block of cutLines(bytes, WHOLE)) {
      if (block.kind === 'long') reader.skip(block);
      else {
        const good = reader.read(block);
        const texts = list.drain();
        yield good.map(({ size }, at) => ({
          text: texts[at] ?? '',
          objectBytes: Number(size ?? 0),
        }));
      }
      if (quarantined.length > MAX_QUARANTINED) {
        const [first] = quarantined;
        const message = `more than ${MAX_QUARANTINED} of its lines can't be listed, the first is line ${(first?.line ?? 0) + 1}: ${first?.message}`;
        throw invalid(info.key, message);
      }
    }
  }
  return { lines, tally: reader.tally };
}

function invalid(key: string, message: string): InputError {
  const text = `Manifest ${key}: ${message}.`;
  return new InputError('MANIFEST_INVALID', text, [{ path: 'key', message }]);
}
