/**
 * The keys of the object store: manifests of Waybill's own, staged pieces and reports.
 */

/** Manifests that Waybill writes itself from requests and for nightly passes: uploads never start them. */
export const OWN_PREFIX = 'fetches/';

/** Written and removed to see whether the store takes anything. */
export const PROBE_KEY = 'staging/readyz';

export const stagingPrefix = (runId: string): string => `staging/${runId}/`;

export type ReportName =
  | 'summary.json'
  | 'failed.csv'
  | 'rejected.csv'
  | 'rest.csv'
  | AuditFileName;

/** Of an audit. */
export const AUDIT_FILES = [
  'missing.csv',
  'different.csv',
  'undecided.csv',
  'extra.csv',
  'certificate.json',
] as const;

export type AuditFileName = (typeof AUDIT_FILES)[number];

export const reportKey = (runId: string, name: ReportName): string => `reports/${runId}/${name}`;

/** Lists of sources: `list.json` names the parts of one. */
export const listPrefix = (runId: string): string => `lists/${runId}/`;

export const listKey = (runId: string): string => `${listPrefix(runId)}list.json`;

/** Of what is left out in a part of a list. */
export const leftOutKey = (partKey: string): string => `${partKey}.left`;

export const listPartKey = (runId: string, name: string): string =>
  `${listPrefix(runId)}${name}.csv`;

/** What an audit keeps while it is under way: sorted chunks, and parts of its reports. */
export const auditPrefix = (runId: string): string => `audits/${runId}/`;

export const auditPartKey = (runId: string, kind: string, name: string): string =>
  `${auditPrefix(runId)}${kind}/${name}`;
