/**
 * Writes the rows of an audit's reports. Those of what is missing, different or undecided are manifests
 * again; columns of the comparison stand behind the manifest's.
 */
import { harmless, toCsvField } from '../lib/csv.ts';
import type { Judgement } from './judge.ts';
import type { AuditedObject } from './object.ts';

export const AUDIT_REPORTS = ['missing', 'different', 'undecided', 'extra'] as const;

export type AuditReport = (typeof AUDIT_REPORTS)[number];

const MANIFEST = 'url,key,md5,size,etag,crc64,modified';

export const HEADERS: Readonly<Record<AuditReport, string>> = {
  missing: MANIFEST,
  different: `${MANIFEST},compared,atSource,atTarget,hint,sameAgain`,
  undecided: `${MANIFEST},compared,atSource,atTarget,hint`,
  extra: 'key,size,etag,modified',
};

const row = (cells: readonly (string | undefined)[]): string =>
  `${cells.map((cell) => toCsvField(cell ?? '')).join(',')}\r\n`;

const manifestCells = ({ url, key, md5, sizeBytes, etag, crc64, modified }: AuditedObject) => [
  url,
  key,
  md5,
  sizeBytes,
  etag,
  crc64,
  modified,
];

export const missingRow = (source: AuditedObject): string => row(manifestCells(source));

export function judgedRow(source: AuditedObject, judgement: Judgement): string {
  const { verdict, by, source: from, target: to, hint, isFinal } = judgement;
  const compared = [by === 'nothing' ? '' : by, ...[from, to, hint].map(harmless)];
  const sameAgain = verdict === 'different' ? [isFinal ? 'yes' : ''] : [];
  return row([...manifestCells(source), ...compared, ...sameAgain]);
}

export const extraRow = ({ key, sizeBytes, etag, modified }: AuditedObject): string =>
  row([key, sizeBytes, harmless(etag), modified]);
