import * as v from 'valibot';
import { describe, expect, it } from 'vitest';
import { parseTarget, type TargetAddress } from '../../../../shared/manifest/target-address.ts';
import {
  BATCH_MAX_BYTES,
  createPlanCounts,
  type PlanCounts,
} from '../../../../shared/plans/counts.ts';
import { migrationPlanShape, type RouteName } from '../../../../shared/plans/plan.ts';
import { type PlanInput, planRoutes } from '../../../../shared/plans/plan-routes.ts';
import { PRICES, parsePrices } from '../../../../shared/plans/prices.ts';
import { type PlanSource, urlSource } from '../../../../shared/plans/source.ts';

const target = (text: string): TargetAddress => {
  const parsed = parseTarget(text);
  if ('fault' in parsed) throw new Error(parsed.fault);
  return parsed;
};
const COS = target('cos://ap-shanghai/examplebucket-1250000000/photos/');
const OBS = target('obs://ap-southeast-3/media/photos/');

const counts = (change: Partial<PlanCounts> = {}): PlanCounts => ({
  ...createPlanCounts({ kind: 'cos' }).counts(),
  objects: 1_000_000,
  bytes: 1e12,
  ...change,
});

const s3: PlanSource = { kind: 's3', region: 'eu-central-1', prefix: 'photos/', isWhole: true };
const life = { seconds: 86_400, endsWithKeys: false, areTemporary: false };
const withKeys: PlanSource = { ...s3, credentials: 'reader', life };

function plan(change: Partial<PlanInput> = {}) {
  const found = planRoutes({ counts: counts(), source: s3, target: COS, ...change });
  const parsed = v.parse(migrationPlanShape, JSON.parse(JSON.stringify(found)));
  const route = (name: RouteName) => {
    const each = parsed.routes.find((one) => one.route === name);
    if (!each) throw new Error(name);
    return each;
  };
  return { ...parsed, route };
}

describe('routes', () => {
  it('to COS: fetch, with time as an interval and cost by price', () => {
    const found = plan({
      excluded: { FOLDER_MARKER: 3, FILTERED_NAME: 7 },
      address: 's3://media/',
    });
    expect(found).toMatchObject({
      source: { address: 's3://media/', kind: 's3', access: 'public', signedSeconds: null },
      excluded: [
        { reason: 'FILTERED_NAME', count: 7 },
        { reason: 'FOLDER_MARKER', count: 3 },
      ],
      existing: null,
      recommended: { route: 'cos-fetch' },
      pricesAsOf: PRICES.asOf,
    });
    expect(found.route('cos-fetch')).toMatchObject({
      form: 'objects',
      available: true,
      unavailable: null,
      objects: 1_000_000,
      // At 100 a second; then as fast as a source of 1 Gbit/s.
      seconds: { from: 10_000, to: 10_000 + 8_000 },
      cost: { usd: 1.22 + 90 + 0.405 + 0.14, isComplete: true },
      losses: expect.arrayContaining(['ACL', 'tags', 'storage class']),
    });
    expect(found.route('cos-fetch').cost.parts.map(({ usd }) => usd)).toEqual([
      1.22, 90, 0.405, 0.14,
    ]);
    for (const name of ['oms-prefix', 'oms-list', 'oms-url-list'] as const) {
      expect(found.route(name).unavailable).toEqual({
        code: 'IMPOSSIBLE',
        message: 'OMS writes to OBS only.',
      });
    }
    expect(found.route('cos-batch').unavailable?.message).toContain('from COS to COS only');
  });

  it('within COS: by Batch; what it can not copy is counted', () => {
    const sizes = counts().sizes.map((each) => ({
      ...each,
      objects: each.upTo === null || each.upTo > BATCH_MAX_BYTES ? 2 : 0,
    }));
    const source: PlanSource = { ...s3, kind: 'cos', region: 'ap-shanghai' };
    const found = plan({ source, counts: counts({ sizes, keysNotForBatch: 5 }) });
    expect(found.route('cos-batch')).toMatchObject({
      available: true,
      unavailable: null,
      objects: 1_000_000 - 9,
      cannot: [
        { reason: 'OVER_5_GB', count: 4 },
        { reason: 'KEY_NOT_IN_CSV', count: 5 },
      ],
      cost: { isComplete: false },
    });
    expect(found.recommended).toEqual({
      route: 'cos-batch',
      reason: 'COS copies within its own network, with metadata.',
    });
    // Nothing leaves the region.
    expect(found.route('cos-fetch').cost.parts[1]?.usd).toBe(0);
  });

  it.each<[string, Partial<PlanInput>, RouteName, RegExp | null]>([
    ['a bucket with keys', { source: withKeys }, 'oms-prefix', null],
    ['its list', { source: withKeys }, 'oms-list', null],
    [
      'a part of a bucket',
      { source: { ...withKeys, isWhole: false } },
      'oms-prefix',
      /only a part of it/,
    ],
    ['a public bucket', {}, 'oms-list', /with keys, and it has none/],
    ['a public bucket', {}, 'oms-url-list', null],
    ['a private bucket', { source: withKeys }, 'oms-url-list', /signed addresses/],
    [
      'a private bucket with a CDN',
      { source: { ...withKeys, publicUrl: 'http://cdn.example' } },
      'oms-url-list',
      null,
    ],
    ['a list of URLs', { source: urlSource }, 'oms-url-list', null],
    ['a list of URLs', { source: urlSource }, 'oms-list', /needs a URL list/],
    [
      'TOS',
      { source: { ...withKeys, kind: 'tos' } },
      'oms-list',
      /no way to read sources of kind tos/,
    ],
    [
      'AWS outside China to a mainland region',
      { source: withKeys, target: target('obs://cn-north-4/media/photos/') },
      'oms-list',
      /outside China move to regions outside mainland China only/,
    ],
    [
      'a prefix that becomes another',
      { source: withKeys, target: target('obs://ap-southeast-3/media/pics/') },
      'oms-list',
      /can't replace photos\/ with pics\//,
    ],
    [
      'a prefix that is put behind another',
      { source: withKeys, target: target('obs://ap-southeast-3/media/old/photos/') },
      'oms-list',
      null,
    ],
    [
      'too many objects for a task, with temporary keys',
      {
        source: { ...withKeys, life: { ...life, areTemporary: true } },
        counts: counts({ objects: 5_000_001 }),
      },
      'oms-list',
      /groups take no temporary keys/,
    ],
    ['COS fetch', {}, 'cos-fetch', /writes to COS only/],
  ])('to OBS: %s, %#', (_name, input, name, impossible) => {
    const { unavailable, available } = plan({ target: OBS, ...input }).route(name);
    expect(available).toBe(impossible === null);
    expect(unavailable).toEqual(
      impossible && { code: 'IMPOSSIBLE', message: expect.stringMatching(impossible) },
    );
  });

  it('to OBS: the whole prefix is recommended, a list where OMS would take too much', () => {
    const { recommended, route } = plan({ source: withKeys, target: OBS });
    expect(recommended.route).toBe('oms-prefix');
    const part = plan({ source: { ...withKeys, isWhole: false }, target: OBS });
    expect(part.recommended.route).toBe('oms-list');
    const archived = plan({ source: withKeys, target: OBS, excluded: { ARCHIVED: 3 } });
    expect(archived.recommended.route).toBe('oms-list');
    expect(archived.route('oms-prefix').unavailable?.message).toContain('the 3 archived objects');
    expect(route('oms-prefix').form).toBe('task');
    const many = plan({ source: withKeys, target: OBS, counts: counts({ objects: 5_000_001 }) });
    expect(many.route('oms-prefix').form).toBe('group');
    const large = plan({ source: withKeys, target: OBS, counts: counts({ bytes: 3.1e12 }) });
    expect(large.route('oms-prefix').form).toBe('group');
    const nowhere = plan({ source: { ...withKeys, kind: 'tos' }, target: OBS });
    expect(nowhere.recommended.reason).toContain('No route');
  });
});

describe('what a route can not carry', () => {
  it('https URLs by COS fetch, all of them or some', () => {
    const some = plan({ source: urlSource, counts: counts({ httpsOnly: 7 }) });
    expect(some.route('cos-fetch')).toMatchObject({
      available: true,
      objects: 999_993,
      cannot: [{ reason: 'URL_HTTPS', count: 7 }],
      cost: { isComplete: false },
    });
    const all = { source: urlSource, counts: counts({ httpsOnly: 1_000_000 }) };
    expect(plan(all).route('cos-fetch').unavailable?.message).toContain('over http only');
    expect(plan({ ...all, allowHttps: true }).route('cos-fetch').available).toBe(true);
  });

  it('P09: .apk and .ipa of OSS and COS need a custom domain; OMS with keys takes them', () => {
    const packages = counts({ appPackages: 2 });
    const oss: PlanSource = { ...withKeys, kind: 'oss', region: 'cn-hangzhou' };
    const cannotOf = (source: PlanSource) =>
      plan({ source, counts: packages }).route('cos-fetch').cannot;
    expect(cannotOf(oss)).toEqual([
      { reason: 'URL_SOURCE_DOMAIN', count: 2, message: expect.stringContaining('publicUrl') },
    ]);
    expect(cannotOf({ ...oss, publicUrl: 'http://a.example' })).toEqual([]);
    expect(cannotOf(withKeys)).toEqual([]);
    const byOms = plan({ source: oss, target: OBS, counts: packages }).route('oms-prefix');
    expect(byOms).toMatchObject({ unavailable: null, cannot: [] });
  });

  it('into OBS tell which objects OMS skips although they differ', () => {
    const found = plan({ source: withKeys, target: OBS });
    expect(found.route('oms-prefix').notes).toEqual([
      expect.stringMatching(/"override" OMS skips .* same size and not older/),
    ]);
    expect(found.route('cos-fetch').notes.join()).not.toContain('OMS');
  });

  it('keys that the target refuses, archived objects, and unknown sizes are told', () => {
    const found = plan({
      counts: counts({
        keysTooLong: 1,
        keysThatResolve: 2,
        withoutSize: 9,
        keysWithLeadingSlash: 3,
      }),
      excluded: { ARCHIVED: 1_234 },
      existing: 17,
    });
    expect(found.route('cos-fetch').cannot.map(({ reason, count }) => [reason, count])).toEqual([
      ['KEY_TOO_LONG', 1],
      ['KEY_DOTS', 2],
    ]);
    expect(found.existing).toBe(17);
    expect(found.notes).toEqual([
      expect.stringMatching(/^17 of the keys exist .* "ignore"/),
      expect.stringMatching(/^1,234 objects are in an archive class/),
      expect.stringMatching(/^9 objects have no size .* lower bounds/),
      expect.stringMatching(/^3 keys start with a slash/),
    ]);
    expect(found.route('cos-fetch').cost.isComplete).toBe(false);
  });

  it('an empty list takes no time', () => {
    const found = plan({ counts: createPlanCounts({ kind: 'cos' }).counts() });
    expect(found.route('cos-fetch').seconds).toEqual({ from: 0, to: 0 });
    expect(found.notes).toEqual(['There is nothing to send.']);
  });
});

describe('P02: signed sources', () => {
  const now = new Date('2026-11-20T10:00:00Z');
  const endingIn = (minutes: number): PlanSource => ({
    ...withKeys,
    life: {
      seconds: minutes * 60,
      endsWithKeys: true,
      keysEndAt: new Date(now.getTime() + minutes * 60_000),
      areTemporary: true,
    },
  });
  const notesOf = (source: PlanSource) => plan({ source, now }).route('cos-fetch').notes.join('\n');

  it('last as long as the keys that sign them, where those end first', () => {
    const found = plan({ source: endingIn(40), now });
    expect(found.source).toMatchObject({ access: 'signed', signedSeconds: 2_400 });
    const notes = notesOf(endingIn(40));
    expect(notes).toMatch(/last 40 min: the keys of set "reader" end at 2026-11-20T10:40:00/);
    expect(notes).toContain('end before all objects can be sent');
    expect(notes).not.toContain('nothing is sent');
  });

  it('that would last less than 15 minutes are not sent until the keys are renewed', () => {
    expect(notesOf(endingIn(14))).toContain('nothing is sent until you renew the keys');
  });

  it('by temporary keys without an end are warned of', () => {
    const source = { ...withKeys, life: { ...life, areTemporary: true } };
    expect(notesOf(source)).toMatch(/temporary, and their end is unknown. Set expiresAt/);
    expect(notesOf(withKeys)).toMatch(/last 24 h \(presignSeconds\)/);
    expect(notesOf({ ...withKeys, publicUrl: 'http://cdn.example' })).toBe('');
  });
});

describe('prices', () => {
  it('of a user take the place of those that Waybill brings', () => {
    const mine = structuredClone(PRICES);
    mine.egress = [{ kind: 's3', usdPerGb: 0.02, source: 'our contract' }];
    const prices = parsePrices(JSON.stringify(mine), 'mine.json');
    expect(plan({ prices }).route('cos-fetch').cost.parts[1]?.usd).toBe(20);
  });

  it('that Waybill brings have the form that users give them', () => {
    expect(parsePrices(JSON.stringify(PRICES), 'prices.json')).toEqual(PRICES);
  });

  it('depend on the region of the source', () => {
    const usdOf = (kind: PlanSource['kind'], region: string) =>
      plan({ source: { ...s3, kind, region } }).route('cos-fetch').cost.parts[1]?.usd;
    expect(usdOf('oss', 'cn-hangzhou')).toBe(70);
    expect(usdOf('oss', 'cn-hongkong')).toBe(120);
    expect(usdOf('cos', 'ap-guangzhou')).toBe(70);
    expect(usdOf('cos', 'ap-singapore')).toBe(120);
    expect(usdOf('s3-compatible', 'us-east-1')).toBeNull();
  });

  it.each([
    ['not JSON', 'mine.json: '],
    ['{}', 'asOf is missing'],
    [
      JSON.stringify({ ...PRICES, egress: [{ kind: 's3', usdPerGb: -1, source: '' }] }),
      'egress[0].usdPerGb expected 0 or more',
    ],
    [JSON.stringify({ ...PRICES, other: 1 }), 'other is not a field of prices'],
  ])('%.20s is refused with every field that does not fit', (text, message) => {
    expect(() => parsePrices(text, 'mine.json')).toThrow(message);
  });

  it('all say where they are from', () => {
    const said = [
      PRICES.carrying,
      ...PRICES.egress,
      ...PRICES.requests,
      ...Object.values(PRICES.speeds),
    ];
    expect(said.filter(({ source }) => source.length < 10)).toEqual([]);
  });
});
