/** The pace as requests give it and answers show it. */
import * as v from 'valibot';
import { strictObject } from '../lib/validate.ts';
import type { SetPace } from '../limits/pace.ts';
import { formatPace, nextChange, type Pace, paceText, rateOf } from '../limits/rate/pace.ts';
import { count, instant } from './responses.ts';

export const paceBody = strictObject({
  /** Null: that of the configuration. */
  pace: v.nullable(paceText),
});

export const paceShape = v.strictObject({
  /** That holds, with its time zone; null when none does. */
  pace: v.nullable(v.string()),
  /** That holds while nobody sets another one: `WAYBILL_PACE`. */
  configured: v.nullable(v.string()),
  /** Objects per second at the moment. */
  perSecond: v.nullable(count),
  /** When that changes next; null when it never does. */
  until: v.nullable(instant),
  /** When a person set it last. */
  changedAt: v.nullable(instant),
});

export function paceView({ pace, changedAt }: SetPace, configured: Pace | undefined, now: Date) {
  const until = pace && nextChange(pace, now.getTime());
  return {
    pace: pace ? formatPace(pace) : null,
    configured: configured ? formatPace(configured) : null,
    perSecond: pace ? rateOf(pace)(now.getTime()) : null,
    until: until === undefined ? null : new Date(until).toISOString(),
    changedAt: changedAt?.toISOString() ?? null,
  };
}
