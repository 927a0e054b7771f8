/** Advice before a planned run starts, most urgent first. */
import { bytes, count, duration, plural } from '../io/text.ts';
import type { Plan } from './shape.ts';

const DAY = 86_400;
/** docs/costs.md: split above some ten million lines. */
const MANY_LINES = 20_000_000;
/** Rows are kept so long by default (WAYBILL_RETENTION_DAYS); a run must end before. */
const RETENTION_DAYS = 90;
/** Bytes per second that one source rarely gives: 1 Gbit/s. */
const HEAVY = 125_000_000;

const ON_WARNING: Readonly<Record<string, string>> = {
  KEY_REPEATED: 'lines with the same key overwrite each other: keep one of them',
  KEY_LOOKALIKE: 'keys that differ only in case or Unicode form: make sure both are meant',
  URL_CREDENTIALS: 'sources with a token or signature must stay valid until the provider fetches',
  URL_NO_SCHEME: 'sources without a scheme are sent as they are: write http:// before them',
  KEY_LEADING_SLASH: 'keys with a slash in front are sent as they are: leave it out if not meant',
  KEY_OUTER_BLANK: 'keys with a blank at an end are sent as they are: remove it if not meant',
  KEY_ENCODED: 'keys that are still percent-encoded are sent as they are: write keys decoded',
  VALUE_IGNORED: 'values that are none count as unknown: correct them if the audit needs them',
};

/** @param capped so many keys may clash that not all were compared */
export function adviceOn(plan: Omit<Plan, 'advice'>, capped: boolean): string[] {
  const { counts, warnings, withoutMd5, seconds, objectBytes, path } = plan;
  const { good, quarantined } = counts;
  const perSecond = objectBytes && seconds > 0 ? objectBytes.bytes / seconds : 0;
  const all: readonly (readonly [boolean, string])[] = [
    [good === 0, 'there is nothing to send'],
    [
      quarantined > 0,
      `${plural(quarantined, 'line')} would not be sent: waybill lint ${path} shows each`,
    ],
    ...Object.entries(ON_WARNING).map(([reason, text]): [boolean, string] => [
      (warnings[reason] ?? 0) > 0,
      `${count(warnings[reason] ?? 0)} x ${reason}: ${text}`,
    ]),
    [capped, 'so many keys may clash that not all were compared: the counts are lower bounds'],
    [
      withoutMd5 > 0,
      `${plural(withoutMd5, 'line')} without md5: with it the provider checks what it fetched, and an answer that is lost can be resolved`,
    ],
    [
      seconds > DAY,
      `submitting takes ${duration(seconds)}: ask the provider for a higher rate, then set WAYBILL_COS_FETCH_RPS`,
    ],
    [
      seconds > RETENTION_DAYS * DAY,
      `rows are kept ${RETENTION_DAYS} days by default, and a run must end before: split the manifest, or raise WAYBILL_RETENTION_DAYS`,
    ],
    [good > MANY_LINES, 'split it into manifests of some ten million lines'],
    [
      seconds >= 60 && perSecond > HEAVY,
      `the sources must serve ${bytes(perSecond)} per second: make sure that they can, or lower the rate`,
    ],
    [
      objectBytes !== null && objectBytes.objects < good,
      `sizes are known for ${count(objectBytes?.objects ?? 0)} of ${plural(good, 'object')}: the total is larger than shown`,
    ],
  ];
  return all.filter(([holds]) => holds).map(([, text]) => text);
}
