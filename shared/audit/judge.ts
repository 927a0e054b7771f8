/**
 * Judges one object by what both sides tell of it. Only equality proves by an ETag that a
 * list tells, as lists don't tell encryption: one that differs is never a difference.
 */
import { hash } from 'node:crypto';
import { isMd5 } from '../manifest/sources/fields.ts';
import type { AuditedObject } from './object.ts';

/** `head` asks object by object for what the lists can't decide. */
export const AUDIT_LEVELS = ['list', 'head'] as const;

/** Of objects that both sides have. */
const PAIR_VERDICTS = ['proved', 'plausible', 'undecided', 'different'] as const;

export const VERDICTS = [...PAIR_VERDICTS, 'missing', 'extra'] as const;

export type Verdict = (typeof VERDICTS)[number];

/** What a HEAD could tell that is not known yet. */
export interface Askable {
  readonly crc64: boolean;
  /** Whether the ETag is an MD5, or an MD5 besides it. */
  readonly md5: boolean;
}

/** Absent for a side that can't be asked, or was asked. */
export interface Asking {
  readonly source?: Askable;
  readonly target?: Askable;
}

export interface Judgement {
  readonly verdict: (typeof PAIR_VERDICTS)[number];
  /** What was compared. */
  readonly by: 'crc64' | 'md5' | 'size' | 'nothing';
  /** The two values seen. */
  readonly source: string;
  readonly target: string;
  /** For a person, where the verdict doesn't say all. */
  readonly hint?: string;
  /** The same route would bring the same again. */
  readonly isFinal?: boolean;
}

const HAS_NO_SIZE = 'no size in the list';

export function judge(
  source: AuditedObject,
  target: AuditedObject,
  asking: Asking = {},
): Judgement {
  const [from, to] = [source.sizeBytes, target.sizeBytes];
  const knowsSizes = from !== undefined && to !== undefined;
  const bySize = { by: 'size', source: from ?? '', target: to ?? '' } as const;
  if (knowsSizes && from !== to) {
    return { verdict: 'different', ...bySize, ...unpackedHint(source, target) };
  }
  // Empty content has one value.
  if (knowsSizes && from === '0') return { verdict: 'proved', ...bySize };
  const byChecksum = compareChecksums(source, target);
  if (byChecksum) return byChecksum;
  const etags = { source: shown(source), target: shown(target) };
  if (mayShareChecksum(source, target, asking)) {
    return { verdict: 'undecided', by: 'nothing', ...etags };
  }
  if (knowsSizes) return { verdict: 'plausible', ...bySize };
  const hint = from === undefined ? HAS_NO_SIZE : 'no size at the target';
  return { verdict: 'undecided', by: 'nothing', ...etags, hint };
}

function compareChecksums(source: AuditedObject, target: AuditedObject): Judgement | undefined {
  if (source.crc64 !== undefined && target.crc64 !== undefined) {
    // As text: as numbers, values that differ are equal.
    const verdict = source.crc64 === target.crc64 ? 'proved' : 'different';
    return { verdict, by: 'crc64', source: source.crc64, target: target.crc64 };
  }
  const [from, to] = [md5Of(source), md5Of(target)];
  const values = { by: 'md5', source: from?.value ?? '', target: to?.value ?? '' } as const;
  if (from && to && from.value === to.value) return { verdict: 'proved', ...values };
  if (isOnePartOf(from, source, target) || isOnePartOf(to, target, source)) {
    return { verdict: 'proved', by: 'md5', source: shown(source), target: shown(target) };
  }
  if (from?.isSure && to?.isSure) return { verdict: 'different', ...values };
  return undefined;
}

interface Md5 {
  readonly value: string;
  /** Whether it is one for certain, so that another one is of other content. */
  readonly isSure: boolean;
}

const etagOf = ({ etag = '' }: AuditedObject): string => etag.replaceAll('"', '').toLowerCase();

/** Lists often have their MD5s from ETags, which says no more than the ETag itself. */
function md5Of(object: AuditedObject): Md5 | undefined {
  const { md5, isEtagMd5 } = object;
  const etag = etagOf(object);
  if (md5 !== undefined && md5.toLowerCase() !== etag) {
    return { value: md5.toLowerCase(), isSure: true };
  }
  if (!isMd5(etag) || isEtagMd5 === false) return undefined;
  return { value: etag, isSure: isEtagMd5 === true };
}

/** Whether an upload in one part has the MD5: its ETag is the MD5 of that MD5. */
function isOnePartOf(md5: Md5 | undefined, of: AuditedObject, other: AuditedObject): boolean {
  const etag = etagOf(other);
  if (!md5 || !/^[0-9a-f]{32}-1$/.test(etag) || of.sizeBytes !== other.sizeBytes) return false;
  return hash('md5', Buffer.from(md5.value, 'hex'), 'hex') === etag.slice(0, 32);
}

/** Whether asking a side could still give both the same kind of checksum. */
function mayShareChecksum(
  source: AuditedObject,
  target: AuditedObject,
  { source: ofSource, target: ofTarget }: Asking,
): boolean {
  if (!ofSource && !ofTarget) return false;
  const mayHaveCrc = (object: AuditedObject, askable: Askable | undefined): boolean =>
    object.crc64 !== undefined || askable?.crc64 === true;
  if (mayHaveCrc(source, ofSource) && mayHaveCrc(target, ofTarget)) return true;
  return mayHaveMd5(source, ofSource) && mayHaveMd5(target, ofTarget);
}

function mayHaveMd5(object: AuditedObject, askable: Askable | undefined): boolean {
  const known = md5Of(object);
  if (known?.isSure) return true;
  if (askable?.md5 !== true || object.isEtagMd5 === false) return false;
  return known !== undefined || etagOf(object) === '';
}

/** What is shown of a side that has no checksum to compare. */
const shown = ({ crc64, md5, etag }: AuditedObject): string =>
  crc64 ?? md5 ?? etag?.replaceAll('"', '') ?? '';

/** Whether the target may hold it unpacked, which only headers tell. */
export const isLarger = (target: AuditedObject, source: AuditedObject): boolean =>
  BigInt(target.sizeBytes ?? 0) > BigInt(source.sizeBytes ?? target.sizeBytes ?? 0);

function unpackedHint(
  source: AuditedObject,
  target: AuditedObject,
): Pick<Judgement, 'hint' | 'isFinal'> {
  const { contentEncoding } = source;
  const isPacked = contentEncoding !== undefined && contentEncoding !== target.contentEncoding;
  if (!isPacked || !isLarger(target, source)) return {};
  const hint = `the source stores this object with Content-Encoding: ${contentEncoding} and the target holds it unpacked`;
  return { hint, isFinal: true };
}
