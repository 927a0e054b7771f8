/**
 * The pace: how many objects per second may be sent, by the time of day, such as
 * `Asia/Shanghai 22:00-06:00 400/s, 50/s`; and how much of the network tasks of a provider may use, such
 * as `22:00-06:00 400/s 200MB/s, 50/s 10MB/s`. Times are those of clocks on the wall there, so a window that
 * daylight saving time lengthens or shortens is longer or shorter. Pure.
 */
import * as v from 'valibot';
import { inJson } from '../../lib/validate.ts';

interface Rate {
  readonly perSecond: number;
  /** MiB per second of each task that a provider carries out; undefined for no limit. */
  readonly megabytes?: number;
}

interface Window extends Rate {
  /** Minutes of the day; a window that ends before it begins goes over midnight. */
  readonly from: number;
  readonly to: number;
}

/** With the rate outside all windows. */
export interface Pace extends Rate {
  readonly timeZone: string;
  readonly windows: readonly Window[];
}

const EXAMPLE = 'such as Asia/Shanghai 22:00-06:00 400/s, 50/s';

const DAY = 1_440;
const MINUTE_MS = 60_000;
const MAX_RATE = 1_000_000;

/** What OMS takes for a task. */
const MAX_MEGABYTES = 200;

const ITEM = /^(?:(\d\d):(\d\d)-(\d\d):(\d\d)\s+)?(\d{1,7})\/s(?:\s+(\d{1,4})MB\/s)?$/;

/** The time zone of this machine. */
const machineZone = (): string => new Intl.DateTimeFormat().resolvedOptions().timeZone;

/** @returns what was expected where the text is no pace */
function read(text: string): Pace | string {
  const [, zone, list = ''] = /^(?:([A-Za-z][\w+/-]*)\s+)?(.*)$/s.exec(text.trim()) ?? [];
  if (zone !== undefined && !isZone(zone)) {
    return 'expected a time zone such as Asia/Shanghai or UTC before the first window';
  }
  const windows: Window[] = [];
  let rest: Rate | undefined;
  for (const [index, item] of list.split(',').entries()) {
    const found = ITEM.exec(item.trim());
    const place = `expected in item ${index + 1}`;
    if (!found || rest !== undefined) {
      return `${place} a window with its rate, and at the end the rate of all other hours, ${EXAMPLE}`;
    }
    const [fromHour, fromMinute, toHour, toMinute, perSecond = 0, megabytes = 0] = found
      .slice(1)
      .map(Number);
    if (perSecond > MAX_RATE) return `${place} at most ${MAX_RATE}/s`;
    const isLimited = found[6] !== undefined;
    if (isLimited && (megabytes < 1 || megabytes > MAX_MEGABYTES)) {
      return `${place} 1MB/s to ${MAX_MEGABYTES}MB/s`;
    }
    const rate = { perSecond, ...(isLimited && { megabytes }) };
    if (found[1] === undefined) rest = rate;
    else {
      const [from, to] = [minuteOf(fromHour, fromMinute), minuteOf(toHour, toMinute)];
      if (Number.isNaN(from + to) || from === DAY || from === to) {
        return `${place} two different times from 00:00 to 24:00`;
      }
      const window = { from, to, ...rate };
      if (windows.some((other) => overlap(window, other))) {
        return `${place} a window that overlaps no other`;
      }
      windows.push(window);
    }
  }
  if (rest === undefined) {
    return `expected the rate of all other hours at the end, ${EXAMPLE}`;
  }
  return { timeZone: zone ?? machineZone(), windows, ...rest };
}

/** Whether a name is one of a time zone. */
export function isZone(name: string): boolean {
  try {
    return new Intl.DateTimeFormat('en', { timeZone: name }) !== undefined;
  } catch {
    return false;
  }
}

/** NaN for no time of day. */
const minuteOf = (hour = 99, minute = 99): number =>
  minute < 60 && 60 * hour + minute <= DAY ? 60 * hour + minute : Number.NaN;

const holds = ({ from, to }: Window, minute: number): boolean =>
  from < to ? minute >= from && minute < to : minute >= from || minute < to;

const overlap = (a: Window, b: Window): boolean => holds(a, b.from) || holds(b, a.from);

/** A text that is a pace. */
export const paceText = v.pipe(
  v.string(`expected a pace, ${EXAMPLE}`),
  v.rawCheck(({ dataset, addIssue }) => {
    const pace = dataset.typed ? read(dataset.value) : undefined;
    if (typeof pace === 'string') addIssue({ message: pace });
  }),
  inJson({
    pattern:
      '^(?:[A-Za-z][A-Za-z0-9_+/-]* )?(?:[0-9]{2}:[0-9]{2}-[0-9]{2}:[0-9]{2} [0-9]{1,7}/s(?: [0-9]{1,4}MB/s)?, )*[0-9]{1,7}/s(?: [0-9]{1,4}MB/s)?$',
  }),
);

/** @param text that passed `paceText` */
export function parsePace(text: string): Pace {
  const pace = read(text);
  if (typeof pace === 'string') throw new TypeError(pace);
  return pace;
}

/** `22:30` of a minute of the day. */
export const timeOf = (minute: number): string =>
  `${String(Math.floor(minute / 60)).padStart(2, '0')}:${String(minute % 60).padStart(2, '0')}`;

const formatRate = ({ perSecond, megabytes }: Rate): string =>
  `${perSecond}/s${megabytes === undefined ? '' : ` ${megabytes}MB/s`}`;

/** As people write it, with its time zone. */
export const formatPace = ({ timeZone, windows, ...rest }: Pace): string =>
  [
    timeZone,
    ...windows.map((each) => `${timeOf(each.from)}-${timeOf(each.to)} ${formatRate(each)},`),
    formatRate(rest),
  ].join(' ');

/** That holds at a minute of the day. */
export const rateAt = (pace: Pace, minute: number): Rate =>
  pace.windows.find((each) => holds(each, minute)) ?? pace;

/** Tells what the pace is at an instant, in Unix milliseconds. */
export function rateOf(pace: Pace): (at: number) => number {
  const { perSecond, timeZone, windows } = pace;
  if (windows.length === 0) return () => perSecond;
  const clock = wallClock(timeZone);
  let [known, rate] = [Number.NaN, perSecond];
  return (at) => {
    const minute = Math.floor(at / MINUTE_MS);
    if (minute !== known) {
      rate = rateAt(pace, clock(minute * MINUTE_MS)).perSecond;
      known = minute;
    }
    return rate;
  };
}

/** The minute of the day there, at an instant in Unix milliseconds. */
export function wallClock(timeZone: string): (at: number) => number {
  const clock = new Intl.DateTimeFormat('en-GB', {
    timeZone,
    hourCycle: 'h23',
    hour: '2-digit',
    minute: '2-digit',
  });
  return (at) => minuteOf(...(clock.format(at).split(':').map(Number) as [number, number]));
}

/** When the pace is another one than at `at`; undefined when it stays. */
export function nextChange(pace: Pace, at: number): number | undefined {
  const rate = rateOf(pace);
  const now = rate(at);
  const first = (Math.floor(at / MINUTE_MS) + 1) * MINUTE_MS;
  // A day, and what daylight saving time adds.
  for (let minute = 0; minute < 2 * DAY; minute += 1) {
    const then = first + minute * MINUTE_MS;
    if (rate(then) !== now) return then;
  }
  return undefined;
}
