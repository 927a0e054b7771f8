import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import {
  addPoint,
  hasCourse,
  type Point,
  pointsOfTransfers,
  ratesOf,
  timelineOf,
} from '../../../../dashboard/model/timeline.ts';
import { newRun, newTransfer } from '../runs.ts';

const START = Date.parse('2026-11-20T10:00:00.000Z');
const point = (second: number, succeeded: number, failed = 0, cancelled = 0): Point => ({
  at: START + second * 1_000,
  succeeded,
  failed,
  cancelled,
});

describe('points that were seen', () => {
  it('keep both ends of a standstill, and nothing between', () => {
    const points = [point(1, 5), point(2, 5), point(3, 5), point(4, 9)].reduce(
      addPoint,
      [] as readonly Point[],
    );
    expect(points).toEqual([point(1, 5), point(3, 5), point(4, 9)]);
  });

  it('take no look from before the last one', () => {
    expect(addPoint([point(5, 1)], point(4, 2))).toEqual([point(5, 1)]);
  });

  it('stay bounded, rising in time, and keep the first and the last', () => {
    let points: readonly Point[] = [];
    for (let n = 0; n < 5_000; n += 1) points = addPoint(points, point(n, n));
    expect(points.length).toBeLessThanOrEqual(600);
    expect(points[0]).toEqual(point(0, 0));
    expect(points.at(-1)).toEqual(point(4_999, 4_999));
    expect(points.map(({ at }) => at)).toEqual(points.map(({ at }) => at).sort((a, b) => a - b));
  });
});

describe('the timeline', () => {
  it('of a run that was watched from its start has no straight part', () => {
    const run = newRun({ counts: { succeeded: 30, planned: 10 } });
    const seen = [point(1, 2), point(10, 20)];
    const { points, straightUntil } = timelineOf(run, seen, undefined, START + 15_000);
    expect(points).toEqual([point(0, 0), ...seen, point(15, 30)]);
    expect(straightUntil).toBeUndefined();
  });

  it('after a reload is straight from the start to the first look', () => {
    const run = newRun({ counts: { succeeded: 90, planned: 10 } });
    const timeline = timelineOf(run, [point(60, 80)], undefined, START + 70_000);
    expect(timeline.points).toEqual([point(0, 0), point(60, 80), point(70, 90)]);
    expect(timeline.straightUntil).toBe(START + 60_000);
  });

  it('of a closed run that nobody watched is straight from end to end', () => {
    const closedAt = '2026-11-20T10:10:00.000Z';
    const run = newRun({ state: 'completed', closedAt, counts: { succeeded: 7, failed: 1 } });
    const timeline = timelineOf(run, [], undefined, START + 9e9);
    expect(timeline).toEqual({
      points: [point(0, 0), point(600, 7, 1)],
      straightUntil: START + 600_000,
    });
  });

  it('takes the time before from the transfers, where they are known', () => {
    const transfers = [10, 20, 30].map((second) =>
      newTransfer({
        state: second === 20 ? 'failed' : 'succeeded',
        updatedAt: new Date(START + second * 1_000).toISOString(),
      }),
    );
    const open = newTransfer({ state: 'submitted' });
    const known = pointsOfTransfers('2026-11-20T10:00:00.000Z', [open, ...transfers].reverse());
    expect(known).toEqual([point(0, 0), point(10, 1), point(20, 1, 1), point(30, 2, 1)]);
    const run = newRun({ counts: { succeeded: 4, failed: 1 } });
    const timeline = timelineOf(run, [point(25, 1, 1), point(40, 3, 1)], known, START + 50_000);
    expect(timeline.straightUntil).toBeUndefined();
    expect(timeline.points.map(({ at }) => (at - START) / 1_000)).toEqual([0, 10, 20, 25, 40, 50]);
  });

  it('counts what was cancelled apart from what failed', () => {
    const closedAt = '2026-11-20T10:10:00.000Z';
    const counts = { succeeded: 7, failed: 1, cancelled: 4 };
    const run = newRun({ state: 'cancelled', closedAt, counts });
    expect(timelineOf(run, [], undefined, START).points.at(-1)).toEqual(point(600, 7, 1, 4));
    const at = (second: number) => new Date(START + second * 1_000).toISOString();
    const transfers = [
      newTransfer({ state: 'failed', updatedAt: at(10) }),
      newTransfer({ state: 'cancelled', updatedAt: at(20) }),
    ];
    expect(pointsOfTransfers('2026-11-20T10:00:00.000Z', transfers)).toEqual([
      point(0, 0),
      point(10, 0, 1),
      point(20, 0, 1, 1),
    ]);
  });

  it('of many transfers has few points, the last of them complete', () => {
    const transfers = Array.from({ length: 2_000 }, (_, n) =>
      newTransfer({ updatedAt: new Date(START + n * 10).toISOString() }),
    );
    const points = pointsOfTransfers('2026-11-20T10:00:00.000Z', transfers);
    expect(points.length).toBeLessThanOrEqual(302);
    expect(points.at(-1)?.succeeded).toBe(2_000);
  });
});

describe('rates', () => {
  it('add up to what was done', () => {
    const steps = fc.array(fc.record({ ms: fc.integer({ min: 1, max: 9_999 }), n: fc.nat(500) }), {
      minLength: 1,
      maxLength: 40,
    });
    const property = fc.property(steps, (taken) => {
      const points: Point[] = [point(0, 0)];
      for (const { ms, n } of taken) {
        const last = points.at(-1) as Point;
        points.push({ at: last.at + ms, succeeded: last.succeeded + n, failed: 0, cancelled: 0 });
      }
      const [first, last] = [points[0] as Point, points.at(-1) as Point];
      const width = (last.at - first.at) / 60 / 1_000;
      const sum = ratesOf({ points }).reduce((all, { perSecond }) => all + perSecond * width, 0);
      expect(sum).toBeCloseTo(last.succeeded, 3);
    });
    fc.assert(property, { numRuns: 300 });
  });

  it('do not count what was cancelled: nothing was done about it', () => {
    const bars = ratesOf({ points: [point(0, 0), point(60, 0, 0, 900)] });
    expect(bars.every(({ perSecond }) => perSecond === 0)).toBe(true);
  });

  it('of a run that has just started are none', () => {
    expect(ratesOf({ points: [point(0, 0)] })).toEqual([]);
  });
});

describe('a run is plotted', () => {
  it('once several transfers have outcomes, or are about to', () => {
    expect(hasCourse(newRun({ counts: { succeeded: 3, planned: 9 } }))).toBe(true);
    expect(hasCourse(newRun({ counts: { submitted: 2 } }))).toBe(true);
    expect(hasCourse(newRun({ state: 'cancelled', counts: { cancelled: 5 } }))).toBe(true);
  });

  it.each([
    ['of nothing', newRun({ state: 'failed' })],
    [
      'of which every line was quarantined',
      newRun({ state: 'completed', counts: { lines: 8, quarantined: 8 } }),
    ],
    ['of one task', newRun({ operation: 'oms-v2-start-task', counts: { succeeded: 1 } })],
    ['of one task that goes on', newRun({ operation: 'cos-batch-job', counts: { submitted: 1 } })],
  ])('never %s: its plot is empty, or one step', (_name, run) => {
    expect(hasCourse(run)).toBe(false);
  });
});
