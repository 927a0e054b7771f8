/** Follows a run until it ends: one line redrawn on a terminal, added lines elsewhere, or JSON per look. */
import type { RunView } from '../io/answers.ts';
import type { Client } from '../io/client.ts';
import type { Clock } from '../io/clock.ts';
import { CommandFailure, EXIT } from '../io/failure.ts';
import { columnsOf, type Terminal } from '../io/text.ts';
import { createRate } from './rate.ts';
import { ageOf, isOver, progressLine } from './text.ts';

export interface WatchOptions {
  readonly client: Client;
  readonly json: boolean;
  /** Redraws one line instead of adding lines. */
  readonly redraws: boolean;
  readonly stdout: Terminal;
  readonly clock: Clock;
}

const LOOK_MS = 500;
/** Between two lines that stay. */
const LINE_MS = 5_000;
/** A service that restarts is waited for. */
const PATIENCE_MS = 30_000;

/**
 * Answers the run as it ended.
 * @throws CommandFailure when the first look fails, or the service stays away for 30 seconds
 */
export async function watch(options: WatchOptions, runId: string): Promise<RunView> {
  const { client, json, redraws, stdout, clock } = options;
  const speed = createRate();
  const show = (line: string, last: boolean) =>
    stdout.write(redraws ? `\r\x1b[K${line}${last ? '\n\n' : ''}` : `${line}\n`);
  let shownAt = Number.NEGATIVE_INFINITY;
  let answeredAt: number | undefined;
  let away = false;
  for (; ; await clock.wait(LOOK_MS)) {
    let run: RunView;
    try {
      run = await client.run(runId);
    } catch (error) {
      const passing = error instanceof CommandFailure && error.exitCode === EXIT.unreachable;
      const patient = answeredAt !== undefined && clock.now() - answeredAt < PATIENCE_MS;
      if (!passing || !patient) {
        if (redraws && answeredAt !== undefined) stdout.write('\n');
        throw error;
      }
      if (!away && !json) show('no answer from the service; retrying', false);
      away = true;
      continue;
    }
    const now = clock.now();
    answeredAt = now;
    const over = isOver(run);
    const { done } = run.progress;
    speed.look(now, done);
    if (json) stdout.write(`${JSON.stringify(run)}\n`);
    else if (redraws || over || away || now - shownAt >= LINE_MS) {
      const average = done / Math.max(ageOf(run, now), 0.001);
      // What it came to in the end is told by the whole run.
      const perSecond = over ? average : (speed.perSecond() ?? average);
      show(progressLine(run, perSecond, columnsOf(stdout)), over);
      shownAt = now;
    }
    away = false;
    if (over) return run;
  }
}
