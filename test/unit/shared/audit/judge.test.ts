/** The verdict on one object, by what each side tells of it. */
import { describe, expect, it } from 'vitest';
import { type Asking, isLarger, judge } from '../../../../shared/audit/judge.ts';
import type { AuditedObject } from '../../../../shared/audit/object.ts';
import { readCase } from '../../../fixtures/cases.ts';

interface Listed {
  readonly key: string;
  readonly size: number;
  readonly etag?: string;
  readonly crc64?: string;
  readonly encryption?: string;
}

const PAIRS = JSON.parse(readCase('audit/pairs.json')) as {
  readonly source: readonly Listed[];
  readonly target: readonly Listed[];
};

/** As readers of lists make it: what is not CRC-64/XZ has no field. */
const toObject = ({ key, size, etag, crc64, encryption }: Listed): AuditedObject => ({
  key,
  sizeBytes: String(size),
  ...(etag !== undefined && { etag }),
  ...(crc64 !== undefined && { crc64 }),
  ...(encryption !== undefined && { isEtagMd5: false }),
});

const pairOf = (key: string) => {
  const [source, target] = [PAIRS.source, PAIRS.target].map((side) => {
    const found = side.find((object) => object.key === key);
    if (!found) throw new Error(`no ${key}`);
    return toObject(found);
  }) as [AuditedObject, AuditedObject];
  return { source, target };
};

const S3 = { crc64: false, md5: true };
const CRC = { crc64: true, md5: true };

/** Of the case, at level list with sources that can be asked, and at the end. */
const verdictsOf = (key: string): readonly string[] => {
  const { source, target } = pairOf(key);
  const levels: readonly Asking[] = [
    { source: CRC, target: CRC },
    { source: S3, target: CRC },
    { target: CRC },
    {},
  ];
  return levels.map((asking) => judge(source, target, asking).verdict);
};

const all = (verdict: string): readonly string[] => [verdict, verdict, verdict, verdict];

describe('the cases of audit.md', () => {
  it('A03: compares CRC64 as text, as two that differ are the same number', () => {
    const { source, target } = pairOf('a/near');
    expect(Number(source.crc64)).toBe(Number(target.crc64));
    expect(verdictsOf('a/near')).toEqual(all('different'));
    expect(judge(source, target)).toMatchObject({
      by: 'crc64',
      source: '11051210869376104449',
      target: '11051210869376104958',
    });
  });

  it('A04: CRC64NVME has no place beside CRC-64/XZ', () => {
    const [, , , atEnd] = verdictsOf('a/nvme-is-not-ecma');
    expect(atEnd).toBe('plausible');
    // A source of S3 tells no CRC-64/XZ when asked; its ETag may be an MD5, the target's list has none.
    expect(verdictsOf('a/nvme-is-not-ecma')[2]).toBe('plausible');
  });

  it('A05: a missing CRC decides nothing, and 0 is a value', () => {
    expect(verdictsOf('a/crc-null')).toEqual(all('proved'));
    expect(verdictsOf('a/empty-crc')).toEqual(all('proved'));
    expect(verdictsOf('a/empty-nothing')).toEqual(all('proved'));
    const nothing = { key: 'k', sizeBytes: '23' };
    expect(judge(nothing, { ...nothing, crc64: '255' }).verdict).toBe('plausible');
    expect(judge({ ...nothing, crc64: '0' }, { ...nothing, crc64: '255' }).verdict).toBe(
      'different',
    );
  });

  it.each(['a/kms', 'a/encryption-unknown'])(
    'A06: an ETag that may be no MD5 never makes %s different',
    (key) => {
      for (const verdict of verdictsOf(key)) expect(['undecided', 'plausible']).toContain(verdict);
      expect(verdictsOf(key)[3]).toBe('plausible');
    },
  );

  it('A06: after a HEAD that tells no encryption of either side, ETags that differ are a difference', () => {
    const { source, target } = pairOf('a/encryption-unknown');
    expect(judge(source, target, { source: S3, target: CRC }).verdict).toBe('undecided');
    const [from, to] = [source, target].map((object) => ({ ...object, isEtagMd5: true }));
    expect(judge(from as AuditedObject, to as AuditedObject)).toMatchObject({
      verdict: 'different',
      by: 'md5',
    });
    expect(judge(from as AuditedObject, { ...target, isEtagMd5: false }).verdict).toBe('plausible');
  });

  it('A07: an ETag of an upload in parts is plausible, or undecided where a HEAD may decide', () => {
    expect(verdictsOf('a/multipart')).toEqual(['undecided', 'plausible', 'plausible', 'plausible']);
  });

  it('A07: the ETag of an upload in one part is the MD5 of the MD5', () => {
    expect(verdictsOf('a/one-part')).toEqual(all('proved'));
    const { source, target } = pairOf('a/one-part');
    expect(judge(target, source).verdict).toBe('proved');
    const etag = '5927c5d64d94a5786f90003aa26d0158-1';
    expect(judge(source, { ...target, etag }).verdict).toBe('plausible');
    const inTwoParts = (object: AuditedObject) => ({
      ...object,
      ...(object.etag !== undefined && { etag: object.etag.replace('-1', '-2') }),
    });
    expect(judge(inTwoParts(source), inTwoParts(target)).verdict).toBe('plausible');
  });

  it('A07: case and quotes are not part of an ETag', () => {
    expect(verdictsOf('a/upper')).toEqual(all('proved'));
  });

  it('another size is another object, whatever the ETag', () => {
    expect(verdictsOf('a/size')).toEqual(all('different'));
  });

  it('A08: tells an object that was unpacked on its way, which a retry brings again', () => {
    const { source, target, expected } = JSON.parse(readCase('audit/transcoded.json'));
    const from = { ...source, sizeBytes: String(source.size) };
    const to = { ...target, sizeBytes: String(target.size) };
    expect(judge(from, to)).toMatchObject({
      verdict: expected.verdict,
      hint: expected.hint,
      isFinal: true,
      source: '1999',
      target: '8890',
    });
    const { contentEncoding: _, ...plain } = from;
    expect(judge(plain, to)).not.toHaveProperty('isFinal');
    expect(judge(from, { ...to, sizeBytes: '10' })).not.toHaveProperty('hint');
    const { contentEncoding } = from;
    expect(judge(from, { ...to, contentEncoding })).not.toHaveProperty('hint');
    expect(judge(plain, { ...to, contentEncoding })).not.toHaveProperty('hint');
  });

  it('G13: A10: claims nothing without a measure', () => {
    const nameless = { key: 'a/b.jpg' };
    const target = { key: 'a/b.jpg', sizeBytes: '9', etag: '25f9e794323b453885f5181f1b624d0b' };
    for (const asking of [{ source: S3, target: CRC }, { target: CRC }, {}]) {
      expect(judge(nameless, target, asking).verdict).toBe('undecided');
    }
    expect(judge(nameless, target).hint).toBe('no size in the list');
    expect(judge({ ...nameless, sizeBytes: '9' }, target).verdict).toBe('plausible');
  });
});

describe('MD5 sums', () => {
  const MD5 = '25f9e794323b453885f5181f1b624d0b';
  const OTHER = '3eb52a5967bba8ba6ab7035f94e59b10';
  const target = { key: 'k', sizeBytes: '9', etag: MD5 };

  it('of a manifest are certain; those that a list has from its ETags are not', () => {
    const told = { key: 'k', sizeBytes: '9', md5: OTHER };
    expect(judge(told, { ...target, isEtagMd5: true }).verdict).toBe('different');
    expect(judge(told, target, { target: CRC }).verdict).toBe('undecided');
    const derived = { ...told, etag: OTHER };
    expect(judge(derived, { ...target, isEtagMd5: true }).verdict).toBe('plausible');
    expect(judge({ ...told, md5: MD5.toUpperCase() }, target).verdict).toBe('proved');
  });
});

describe('what is asked and shown', () => {
  const sized = { key: 'k', sizeBytes: '9' };
  const MD5 = '25f9e794323b453885f5181f1b624d0b';

  it('is undecided while a HEAD of the source alone may bring the checksum that the target has', () => {
    expect(judge(sized, { ...sized, crc64: '5' }, { source: CRC }).verdict).toBe('undecided');
    expect(judge(sized, { ...sized, crc64: '5' }, { source: S3 }).verdict).toBe('plausible');
  });

  it('is plausible when the ETag that a HEAD would bring is known to be no MD5', () => {
    const encrypted = { ...sized, isEtagMd5: false };
    const asking = { source: S3, target: S3 };
    expect(judge(encrypted, { ...sized, etag: MD5 }, asking).verdict).toBe('plausible');
    expect(judge(sized, { ...sized, etag: MD5 }, asking).verdict).toBe('undecided');
  });

  it('of an undecided one, its CRC64, else its MD5, else its ETag without quotes', () => {
    const bare = { ...sized, etag: '"abc-2"' };
    expect(judge({ ...bare, crc64: '5' }, bare, { target: CRC })).toEqual({
      ...{ verdict: 'undecided', by: 'nothing' },
      ...{ source: '5', target: 'abc-2' },
    });
    const asked = { source: CRC, target: CRC };
    expect(judge({ ...bare, md5: MD5 }, bare, asked)).toMatchObject({ source: MD5 });
    expect(judge(sized, sized, asked)).toMatchObject({ source: '', target: '' });
  });

  it.each([
    ['9', '9', false],
    ['10', '9', true],
    ['9', '10', false],
    ['9007199254740993', '9007199254740992', true],
    [undefined, '9', false],
    ['9', undefined, false],
  ])('a target of %s bytes beside a source of %s is larger: %s', (to, from, expected) => {
    const of = (sizeBytes: string | undefined) => ({ key: 'k', ...(sizeBytes && { sizeBytes }) });
    expect(isLarger(of(to), of(from))).toBe(expected);
  });
});
