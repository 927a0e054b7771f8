/**
 * The pace as the bandwidth slots of OMS tasks: at most five, both ends part of them, none over midnight,
 * in the time of the task's region. Pure.
 */
import { type Pace, rateAt, timeOf, wallClock } from '../../limits/rate/pace.ts';
import type { BandwidthPolicy } from '../../providers/huawei/oms/create-request.ts';

/** Time zones of regions by their beginnings; China Standard Time for all others. */
const ZONES: readonly (readonly [region: string, timeZone: string])[] = [
  ['af-south-1', 'Africa/Johannesburg'],
  ['ap-southeast-2', 'Asia/Bangkok'],
  ['ap-southeast-4', 'Asia/Jakarta'],
  ['la-north-2', 'America/Mexico_City'],
  ['la-south-2', 'America/Santiago'],
  ['me-east-1', 'Asia/Riyadh'],
  ['sa-brazil-1', 'America/Sao_Paulo'],
  ['tr-west-1', 'Europe/Istanbul'],
];

const DAY = 1_440;

const MEBIBYTE = 1_048_576;

/** Slots that OMS takes. */
const MOST = 5;

/**
 * Empty where the pace says no bandwidth. Slots can't stop a task: a pace of 0/s is the least that OMS
 * takes. Of more than five slots the slowest are kept.
 */
export function slotsOf(pace: Pace | undefined, region: string, at: Date): BandwidthPolicy {
  if (!pace) return [];
  const zone = ZONES.find(([name]) => name === region)?.[1] ?? 'Asia/Shanghai';
  const [here, there] = [pace.timeZone, zone].map((each) => wallClock(each)(at.getTime()));
  const shift = DAY + (here ?? 0) - (there ?? 0);
  const limitAt = (minute: number): number | undefined => {
    const { megabytes, perSecond } = rateAt(pace, (minute + shift) % DAY);
    return megabytes ?? (perSecond === 0 ? 1 : undefined);
  };
  const slots: BandwidthPolicy = [];
  for (let from = 0, to = 0; from < DAY; from = to) {
    const limit = limitAt(from);
    while (to < DAY && limitAt(to) === limit) to += 1;
    if (limit === undefined) continue;
    slots.push({ start: timeOf(from), end: timeOf(to - 1), maxBandwidth: limit * MEBIBYTE });
  }
  const slowest = slots.toSorted((a, b) => a.maxBandwidth - b.maxBandwidth).slice(0, MOST);
  return slots.filter((slot) => slowest.includes(slot));
}
