/**
 * Stores what a run keeps under `staging/<runId>/`: the unpacked pieces of a gzip manifest and, until it
 * closes, the lines that each shard quarantined. Objects there trigger nothing.
 */
import type { Shard } from '../ledger/shard.ts';
import type { CauseClass } from '../lib/errors.ts';
import { StoreError } from '../lib/errors.ts';
import { textLines } from '../lib/text-lines.ts';
import { stagingPrefix } from '../stores/layout.ts';
import type { ObjectInfo, Objects } from '../stores/objects.ts';
import type { Quarantined } from './findings.ts';

/** Of the unpacked piece that is shard `index`. */
export const stagedPieceKey = (runId: string, index: number): string =>
  stagingPrefix(runId) + sixDigits(index);

/** Of the lines that shard `index` quarantined. */
const stagedRejectedKey = (runId: string, index: number): string =>
  `${stagingPrefix(runId)}rejected-${sixDigits(index)}.jsonl`;

/**
 * Says that `rejected.csv` of an earlier closing is whole: every line had been read by then, and what
 * shards staged for it was removed.
 */
export const rejectedKeptKey = (runId: string): string => `${stagingPrefix(runId)}rejected-kept`;

const PIECE = /^\d{6,}$/;

const sixDigits = (index: number): string => String(index).padStart(6, '0');

/**
 * Keeps the quarantined lines of a shard, when there are any; a repetition writes the same again.
 * Call it before the shard ends, so that no report can miss them.
 */
export async function stageRejected(
  objects: Pick<Objects, 'put'>,
  { runId, index }: Pick<Shard, 'runId' | 'index'>,
  quarantined: readonly Quarantined[],
): Promise<ObjectInfo | undefined> {
  if (quarantined.length === 0) return undefined;
  return objects.put(stagedRejectedKey(runId, index), jsonLines(quarantined));
}

/** What reading the quarantine back needs to know of each shard, in order of index. */
export interface ShardLines {
  readonly index: number;
  /** As in its tally. */
  readonly lines: number;
  readonly quarantined: number;
}

/**
 * Streams the quarantined lines of a run, `line` counted from 1 in the whole manifest.
 * @param shards of the run, in order; those that quarantined nothing are not looked for
 * @param linesBefore lines of the shards before them
 * @throws InputError (NOT_FOUND) or StoreError (STORE_FAILED) when staged lines are missing or broken
 */
export async function* readRejected(
  objects: Pick<Objects, 'read'>,
  runId: string,
  shards: Iterable<ShardLines>,
  linesBefore = 0,
): AsyncGenerator<Quarantined> {
  for (const { index, lines, quarantined } of shards) {
    if (quarantined > 0) {
      const key = stagedRejectedKey(runId, index);
      let found = 0;
      for await (const line of readJsonLines(objects, key)) {
        yield { ...line, line: linesBefore + line.line + 1 };
        found += 1;
      }
      if (found !== quarantined) {
        throw new StoreError(`${key} holds ${found} lines, expected ${quarantined}.`);
      }
    }
    linesBefore += lines;
  }
}

/** Removes all that a run has staged but the unpacked pieces, from which its transfers are described. */
export async function removeStaged(
  objects: Pick<Objects, 'list' | 'remove'>,
  runId: string,
): Promise<void> {
  const prefix = stagingPrefix(runId);
  for await (const { key } of objects.list(prefix)) {
    if (!PIECE.test(key.slice(prefix.length))) await objects.remove(key);
  }
}

async function* jsonLines(lines: readonly Quarantined[]): AsyncGenerator<string> {
  for (let at = 0; at < lines.length; at += 500) {
    yield lines
      .slice(at, at + 500)
      .map((line) => `${JSON.stringify(line)}\n`)
      .join('');
  }
}

async function* readJsonLines(
  objects: Pick<Objects, 'read'>,
  key: string,
): AsyncGenerator<Quarantined> {
  const decoder = new TextDecoder();
  let rest = '';
  for await (const chunk of objects.read(key)) {
    const lines = (rest + decoder.decode(chunk, { stream: true })).split('\n');
    rest = lines.pop() ?? '';
    for (const line of lines) yield parseStaged(line, key);
  }
  if (rest !== '') yield parseStaged(rest, key);
}

/** Written by `stageRejected` alone, so its shape is ours; only damage is looked for. */
function parseStaged(line: string, key: string): Quarantined {
  try {
    return JSON.parse(line) as Quarantined;
  } catch (error) {
    throw new StoreError(`${key} is damaged.`, error);
  }
}

export interface FailedObject {
  /** Decoded. */
  readonly key: string;
  readonly code: string;
  readonly message: string;
  readonly class: CauseClass;
}

const failuresKey = (runId: string, line: number): string =>
  `${stagingPrefix(runId)}failures-${line}.jsonl`;

/** Writes the failures of one transfer anew; returns how many there were. */
export async function stageFailures(
  objects: Pick<Objects, 'put'>,
  runId: string,
  line: number,
  failures: AsyncIterable<FailedObject>,
): Promise<number> {
  let count = 0;
  async function* text(): AsyncGenerator<string> {
    for await (const failure of failures) {
      count += 1;
      yield `${JSON.stringify(failure)}\n`;
    }
  }
  await objects.put(failuresKey(runId, line), text());
  return count;
}

/** Those of one transfer; none when nothing was staged. */
export async function* readFailures(
  objects: Pick<Objects, 'head' | 'read'>,
  runId: string,
  line: number,
): AsyncGenerator<FailedObject> {
  const key = failuresKey(runId, line);
  if (!(await objects.head(key))) return;
  for await (const text of textLines(objects.read(key))) yield JSON.parse(text) as FailedObject;
}
