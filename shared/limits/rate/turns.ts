/** Serves waiting requests one after the other, each when its turn comes. */
import { unlessAborted } from '../../lib/abort.ts';
import { createLine } from '../line.ts';

/**
 * @param next resolves when the first may go; what it throws, all who wait get
 * @param giveBack takes a turn back that nobody is left to take
 * @returns puts the caller at the end of its group's line, until the signal aborts
 */
export function createTurns(
  next: () => Promise<void>,
  giveBack: () => void = () => {},
): (signal?: AbortSignal, group?: string) => Promise<void> {
  const line = createLine();
  let isServing = false;
  const serve = async (): Promise<void> => {
    isServing = true;
    try {
      while (line.first()) {
        await next();
        const served = line.shift();
        if (served) served.resume();
        else giveBack();
      }
    } catch (error) {
      line.fail(error);
    } finally {
      isServing = false;
    }
  };
  return (signal, group = '') => {
    const turn = new Promise<void>((resume, fail) => {
      line.push({ resume, fail, signal }, group);
      if (!isServing) void serve();
    });
    return unlessAborted(turn, signal);
  };
}
