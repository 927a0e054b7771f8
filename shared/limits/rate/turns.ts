/** A line of requests that wait for their turn. */
import { unlessAborted } from '../../lib/abort.ts';

interface Waiting {
  readonly resume: () => void;
  readonly fail: (error: unknown) => void;
  readonly signal: AbortSignal | undefined;
}

/**
 * @param next resolves when the first may go; what it throws, all who wait get
 * @param giveBack takes a turn back that nobody is left to take
 * @returns puts the caller at the end of the line, until the signal aborts
 */
export function createTurns(
  next: () => Promise<void>,
  giveBack: () => void = () => {},
): (signal?: AbortSignal) => Promise<void> {
  const line: Waiting[] = [];
  let isServing = false;
  /** The first who still waits. */
  const first = (): Waiting | undefined => {
    while (line[0]?.signal?.aborted) line.shift();
    return line[0];
  };
  const serve = async (): Promise<void> => {
    isServing = true;
    try {
      while (first()) {
        await next();
        const served = first();
        line.shift();
        if (served) served.resume();
        else giveBack();
      }
    } catch (error) {
      for (const { fail } of line.splice(0)) fail(error);
    } finally {
      isServing = false;
    }
  };
  return (signal) => {
    const turn = new Promise<void>((resume, fail) => {
      line.push({ resume, fail, signal });
      if (!isServing) void serve();
    });
    return unlessAborted(turn, signal);
  };
}
