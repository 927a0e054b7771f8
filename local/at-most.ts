/** Bounds how long the service waits for its parts when it stops. */
import { inTime } from '../shared/lib/deadline.ts';

/**
 * How long a part may finish what is under way when it stops: with giving the rest back, closing the
 * server and the files, all is over within 10 s.
 */
export const STOP_MS = 5_000;

/** Waits until `work` settles, at most `limitMs`; its failure is for whoever started it. */
export const atMost = async (work: Promise<unknown>, limitMs: number): Promise<void> =>
  void (await inTime(work, limitMs).catch(() => {}));
