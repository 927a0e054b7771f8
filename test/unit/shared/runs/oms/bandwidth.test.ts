/** The pace as bandwidth slots of OMS tasks. */
import fc from 'fast-check';
import * as v from 'valibot';
import { describe, expect, it } from 'vitest';
import { changePace } from '../../../../../shared/limits/pace.ts';
import { parsePace, rateAt } from '../../../../../shared/limits/rate/pace.ts';
import { bandwidthPolicy } from '../../../../../shared/providers/huawei/oms/create-request.ts';
import { slotsOf } from '../../../../../shared/runs/oms/bandwidth.ts';
import { FOREVER, PLACE, PREFIX, setupCreations } from '../../../../fixtures/creations.ts';

const AT = new Date('2026-11-20T02:00:00Z');

const spoken = (pace: string, region = 'cn-north-4', at = AT): readonly string[] =>
  slotsOf(parsePace(pace), region, at).map(
    ({ start, end, maxBandwidth }) => `${start}-${end} ${maxBandwidth / 1_048_576}`,
  );

describe('the slots of a pace', () => {
  it.each([
    ['no bandwidth', 'Asia/Shanghai 22:00-06:00 400/s, 50/s', []],
    ['all day', 'Asia/Shanghai 50/s 10MB/s', ['00:00-23:59 10']],
    [
      'over midnight, split',
      'Asia/Shanghai 22:00-06:00 400/s 200MB/s, 50/s 10MB/s',
      ['00:00-05:59 200', '06:00-21:59 10', '22:00-23:59 200'],
    ],
    ['a window alone', 'Asia/Shanghai 08:00-18:00 5/s 1MB/s, 50/s', ['08:00-17:59 1']],
    ['nothing to be sent: the least', 'Asia/Shanghai 08:00-18:00 0/s, 50/s', ['08:00-17:59 1']],
    ['of another zone', 'UTC 08:00-18:00 5/s 1MB/s, 50/s', ['00:00-01:59 1', '16:00-23:59 1']],
  ])('with %s', (_name, pace, slots) => {
    expect(spoken(pace)).toEqual(slots);
  });

  it('are in the time of the region, and follow its clock changes', () => {
    const pace = 'Europe/Berlin 08:00-18:00 5/s 1MB/s, 50/s';
    expect(spoken(pace, 'ap-southeast-2')).toEqual(['14:00-23:59 1']);
    expect(spoken(pace, 'ap-southeast-2', new Date('2026-07-20T02:00:00Z'))).toEqual([
      '13:00-22:59 1',
    ]);
  });

  it('are what OMS takes, whatever the pace; each minute has the limit of the pace', () => {
    const hour = fc.integer({ min: 0, max: 23 });
    const rate = fc.record({
      perSecond: fc.constantFrom(0, 5),
      megabytes: fc.option(fc.constantFrom(1, 7, 200), { nil: undefined }),
    });
    const word = (part: { perSecond: number; megabytes: number | undefined }) =>
      `${part.perSecond}/s${part.megabytes === undefined ? '' : ` ${part.megabytes}MB/s`}`;
    const paces = fc
      .tuple(fc.uniqueArray(hour, { maxLength: 8 }), fc.array(rate, { minLength: 9, maxLength: 9 }))
      .map(([hours, rates]) => {
        const at = hours.toSorted((a, b) => a - b).map((each) => `${each}`.padStart(2, '0'));
        const windows = at.flatMap((from, index) =>
          index % 2 === 0 && at[index + 1] !== undefined
            ? [
                `${from}:00-${at[index + 1]}:00 ${word(rates[index] ?? { perSecond: 1, megabytes: 1 })}, `,
              ]
            : [],
        );
        return `Asia/Shanghai ${windows.join('')}${word(rates[8] ?? { perSecond: 1, megabytes: 1 })}`;
      });
    fc.assert(
      fc.property(paces, (text) => {
        const pace = parsePace(text);
        const slots = slotsOf(pace, 'cn-north-4', AT);
        expect(v.is(bandwidthPolicy, slots)).toBe(true);
        if (slots.length === 5) return;
        for (let minute = 0; minute < 1_440; minute += 30) {
          const time = `${`${Math.floor(minute / 60)}`.padStart(2, '0')}:${minute % 60 === 0 ? '00' : '30'}`;
          const slot = slots.find(({ start, end }) => start <= time && time <= end);
          const { megabytes, perSecond } = rateAt(pace, minute);
          const limit = megabytes ?? (perSecond === 0 ? 1 : undefined);
          expect(slot && slot.maxBandwidth / 1_048_576).toBe(limit);
        }
      }),
      { numRuns: 100 },
    );
  });
});

describe('tasks that a run creates', () => {
  const NIGHT = 'Asia/Shanghai 22:00-06:00 400/s 200MB/s, 50/s 10MB/s';

  it.each(['task', 'group'] as const)(
    'have the pace, and follow it when it changes: a %s',
    async (makes) => {
      const made = await setupCreations({ runMs: 60_000 });
      const { creations, huawei, ledger } = made;
      await changePace(ledger, NIGHT, AT);
      const order = { project: PLACE, makes, order: PREFIX };
      await creations.open({ runId: 'r1', trigger: 'http' }, order);
      await creations.work('r1', FOREVER);
      const id = (await made.transfer('r1'))?.providerId ?? '';
      const slots = () => (makes === 'task' ? huawei.tasks : huawei.groups).get(id)?.bandwidth;
      const told = (pace: string) =>
        slotsOf(parsePace(pace), PLACE.region, AT).map(({ start, end, maxBandwidth }) => ({
          start,
          end,
          max_bandwidth: maxBandwidth,
        }));
      expect(slots()).toEqual(told(NIGHT));
      await creations.workOnAll(FOREVER);
      const call = makes === 'task' ? 'v2 bandwidth' : 'v2 group bandwidth';
      expect(huawei.stats().calls[call]).toBeUndefined();
      await changePace(ledger, 'Asia/Shanghai 50/s 10MB/s', AT);
      await creations.workOnAll(FOREVER);
      expect(slots()).toEqual(told('Asia/Shanghai 50/s 10MB/s'));
      await changePace(ledger, null, AT);
      await creations.workOnAll(FOREVER);
      expect([slots(), huawei.stats().calls[call]]).toEqual([[], 2]);
    },
  );

  it('keep the slots that their order says', async () => {
    const made = await setupCreations();
    const { creations, huawei, ledger } = made;
    await changePace(ledger, NIGHT, AT);
    const own = { start: '01:00', end: '02:00', maxBandwidth: 1_048_576 };
    const order = { ...PREFIX, bandwidthPolicy: [own] };
    await creations.open({ runId: 'r1', trigger: 'http' }, { project: PLACE, order });
    await creations.work('r1', FOREVER);
    await changePace(ledger, 'UTC 50/s 10MB/s', AT);
    await creations.workOnAll(FOREVER);
    const task = huawei.tasks.get((await made.transfer('r1'))?.providerId ?? '');
    expect(task?.bandwidth).toEqual([{ start: '01:00', end: '02:00', max_bandwidth: 1_048_576 }]);
  });
});
