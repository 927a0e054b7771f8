/** Where the reports of runs lie in the store. */

export type ReportName = 'summary.json' | 'failed.csv' | 'rejected.csv';

export const reportKey = (runId: string, name: ReportName): string => `reports/${runId}/${name}`;

/** Of part `part` of a receipt, from 1. */
export const receiptFile = (part: number): string => `receipt${part === 1 ? '' : `-${part}`}.jsonl`;

/** Of every part of its receipt. */
export const receiptPrefix = (runId: string): string => `reports/${runId}/receipt`;
