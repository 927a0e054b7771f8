/**
 * Follows a run or a migration until it ends: one line redrawn on a terminal, added lines elsewhere, or
 * JSON per look.
 */

import { systemClock } from './clock.ts';
import { CommandFailure, EXIT } from './failure.ts';
import type { CommandOptions } from './options.ts';
import { createRate } from './rate.ts';
import { columnsOf } from './text.ts';

export interface Followed<Item> {
  readonly read: () => Promise<Item>;
  readonly isOver: (item: Item) => boolean;
  /** What is settled of it. */
  readonly doneOf: (item: Item) => number;
  /** Seconds from its start to its end, or to now. */
  readonly ageOf: (item: Item, now: number) => number;
  readonly lineOf: (item: Item, perSecond: number, columns: number) => string;
}

const LOOK_MS = 500;
/** Between two lines that stay. */
const LINE_MS = 5_000;
/** A service that restarts is waited for. */
const PATIENCE_MS = 30_000;

/**
 * Answers what it ended as.
 * @throws CommandFailure when the first look fails, or the service stays away for 30 seconds
 */
export async function watch<Item>(
  { env, json, stdout, clock = systemClock }: Omit<CommandOptions, 'client'>,
  { read, isOver, doneOf, ageOf, lineOf }: Followed<Item>,
): Promise<Item> {
  // One line is redrawn instead of adding lines.
  const redraws = stdout.isTTY === true && env['TERM'] !== 'dumb' && !json;
  const speed = createRate();
  const show = (line: string, last: boolean) =>
    stdout.write(redraws ? `\r\x1b[K${line}${last ? '\n\n' : ''}` : `${line}\n`);
  let shownAt = Number.NEGATIVE_INFINITY;
  let answeredAt: number | undefined;
  let away = false;
  for (; ; await clock.wait(LOOK_MS)) {
    let item: Item;
    try {
      item = await read();
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
    const over = isOver(item);
    const done = doneOf(item);
    speed.look(now, done);
    if (json) stdout.write(`${JSON.stringify(item)}\n`);
    else if (redraws || over || away || now - shownAt >= LINE_MS) {
      const average = done / Math.max(ageOf(item, now), 0.001);
      // What it came to in the end is told by the whole.
      const perSecond = over ? average : (speed.perSecond() ?? average);
      show(lineOf(item, perSecond, columnsOf(stdout)), over);
      shownAt = now;
    }
    away = false;
    if (over) return item;
  }
}
