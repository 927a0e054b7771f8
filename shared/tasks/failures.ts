/**
 * Objects that failed within a provider's task, as its own list or report tells. Kept beside the run
 * until it closes, for `failed.csv`.
 */
import type { CauseClass } from '../errors.ts';
import { stagingPrefix } from '../manifest/staging.ts';
import type { Objects } from '../objects/port.ts';
import { textLines } from '../text-lines.ts';

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
