import fc from 'fast-check';
import * as v from 'valibot';
import { describe, expect, it } from 'vitest';
import { createFilter } from '../../../../shared/manifest/sources/filters.ts';
import type { SourceObject } from '../../../../shared/manifest/sources/object.ts';
import { createManifestWriter } from '../../../../shared/manifest/sources/write-manifest.ts';
import {
  BATCH_MAX_BYTES,
  countAbove,
  createPlanCounts,
  planCountsShape,
} from '../../../../shared/plans/counts.ts';

const object = (key: string, sizeBytes?: string, url?: string): SourceObject => ({
  key,
  ...(sizeBytes !== undefined && { sizeBytes }),
  ...(url !== undefined && { url }),
});

describe('counts of a list', () => {
  it('hold objects, bytes, sizes by class, and what routes refuse', () => {
    const counter = createPlanCounts({ kind: 'cos' });
    const all: readonly (readonly [string, SourceObject])[] = [
      ['new/a', object('a', '0')],
      ['new/b', object('b', '65536')],
      ['new/c', object('c', String(BATCH_MAX_BYTES))],
      ['new/d', object('d', String(BATCH_MAX_BYTES + 1))],
      ['new/e', object('e')],
      ['k'.repeat(851), object('f', '1')],
      ['钥'.repeat(284), object('g', '1')],
      ['a/../b', object('a/../b', '1')],
      ['/h', object('/h', '1')],
      ['new/i,j', object('i,j', '1')],
      ['new/a.apk', object('app/a.apk', '1')],
      ['new/b.IPA', object('app/b.IPA', '1')],
      ['new/k', object('k', '1', 'HTTPS://a.example/k')],
    ];
    for (const [key, each] of all) counter.add(key, each);
    const counts = v.parse(planCountsShape, JSON.parse(JSON.stringify(counter.counts())));
    expect(counts).toMatchObject({
      objects: 13,
      bytes: 65_536 + 2 * BATCH_MAX_BYTES + 1 + 8,
      withoutSize: 1,
      keysTooLong: 2,
      keysThatResolve: 1,
      keysWithLeadingSlash: 1,
      keysNotForBatch: 1,
      appPackages: 2,
      httpsOnly: 1,
    });
    expect(counts.sizes.map(({ objects }) => objects)).toEqual([1, 9, 0, 0, 0, 0, 1, 1, 0]);
    expect(countAbove(counts, BATCH_MAX_BYTES)).toBe(1);
    expect(createPlanCounts({ kind: 'obs' }).counts().keysTooLong).toBe(0);
  });

  it('go on from those of earlier parts, wherever the list was cut', () => {
    const listed = fc.record({
      key: fc.string({ minLength: 1 }),
      sizeBytes: fc.maxSafeNat().map((n) => String(n % 1e13)),
    });
    fc.assert(
      fc.property(fc.array(listed), fc.nat(20), (objects, cut) => {
        const whole = createPlanCounts({ kind: 'cos' });
        for (const each of objects) whole.add(each.key, each);
        const first = createPlanCounts({ kind: 'cos' });
        for (const each of objects.slice(0, cut)) first.add(each.key, each);
        const kept = JSON.parse(JSON.stringify(first.counts()));
        const second = createPlanCounts({ kind: 'cos' }, kept);
        for (const each of objects.slice(cut)) second.add(each.key, each);
        expect(second.counts()).toEqual(whole.counts());
      }),
    );
  });

  it('are fed by the writer of a list with what it writes, by the key at the target', () => {
    const counter = createPlanCounts({ kind: 'cos' });
    const writer = createManifestWriter({
      source: 's3://media',
      columns: ['size'],
      keys: { strip: 'photos/', add: `${'p'.repeat(846)}/` },
      filter: createFilter({ prefix: 'photos/' }),
      count: counter,
    });
    writer.write([
      { key: 'photos/abc', sizeBytes: '5' },
      { key: 'photos/abcd', sizeBytes: '6' },
      { key: 'other/a', sizeBytes: '7' },
      { key: 'photos/old', sizeBytes: '8', storageClass: 'GLACIER' },
    ]);
    expect(counter.counts()).toMatchObject({ objects: 2, bytes: 11, keysTooLong: 1 });
    expect(writer.report()).toMatchObject({
      written: 2,
      leftOut: { OUTSIDE_PREFIX: 1, ARCHIVED: 1 },
    });
  });
});
