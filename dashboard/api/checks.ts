/**
 * Checks of answers: just enough to tell a Waybill service from a proxy's page or another version.
 */
import type { Check } from './client.ts';
import {
  type AuditLogPage,
  type HealthPage,
  type Migration,
  type MigrationPage,
  type MigrationPlan,
  type MigrationSummary,
  type PacePage,
  type Run,
  type RunPage,
  type RunSummary,
  type SourcePage,
  type Timetable,
  TRANSFER_STATES,
  type Transfer,
  type TransferPage,
} from './types.ts';

type Fields = Readonly<Record<string, unknown>>;

const isObject = (value: unknown): value is Fields => typeof value === 'object' && value !== null;
const isList = <Item>(value: unknown, check: Check<Item>): boolean =>
  Array.isArray(value) && value.every(check);

const COUNTS = ['lines', 'quarantined', ...TRANSFER_STATES];

export const isRun = (value: unknown): value is Run =>
  isObject(value) &&
  typeof value['runId'] === 'string' &&
  typeof value['state'] === 'string' &&
  typeof value['createdAt'] === 'string' &&
  isObject(value['counts']) &&
  COUNTS.every((name) => typeof (value['counts'] as Fields)[name] === 'number') &&
  isObject(value['progress']);

export const isRunPage = (value: unknown): value is RunPage =>
  isObject(value) && isList(value['runs'], isRun);

const MIGRATION_COUNTS = [
  'listed',
  'excluded',
  'bytes',
  ...COUNTS.filter((name) => name !== 'lines'),
];

export const isMigration = (value: unknown): value is Migration =>
  isObject(value) &&
  typeof value['migrationId'] === 'string' &&
  typeof value['state'] === 'string' &&
  typeof value['createdAt'] === 'string' &&
  isObject(value['counts']) &&
  MIGRATION_COUNTS.every((name) => typeof (value['counts'] as Fields)[name] === 'number') &&
  isObject(value['options']) &&
  isObject(value['readiness']) &&
  Array.isArray(value['rounds']) &&
  Array.isArray(value['runs']);

export const isMigrationPage = (value: unknown): value is MigrationPage =>
  isObject(value) && isList(value['migrations'], isMigration);

export const isMigrationSummary = (value: unknown): value is MigrationSummary =>
  isObject(value) && Array.isArray(value['failures']);

export const isPlan = (value: unknown): value is MigrationPlan =>
  isObject(value) && Array.isArray(value['routes']) && isObject(value['recommended']);

export const isSourcePage = (value: unknown): value is SourcePage =>
  isObject(value) && Array.isArray(value['sources']);

export const isTransfer = (value: unknown): value is Transfer =>
  isObject(value) &&
  typeof value['transferId'] === 'string' &&
  typeof value['state'] === 'string' &&
  typeof value['attempt'] === 'number' &&
  Array.isArray(value['history']);

export const isTransferPage = (value: unknown): value is TransferPage =>
  isObject(value) && isList(value['transfers'], isTransfer);

export const isSummary = (value: unknown): value is RunSummary =>
  isObject(value) &&
  Array.isArray(value['failures']) &&
  isObject(value['warnings']) &&
  isObject(value['coverage']);

export const isTimetable = (value: unknown): value is Timetable =>
  isObject(value) && 'nextAt' in value && 'requestedAt' in value;

export const isAuditLog = (value: unknown): value is AuditLogPage =>
  isObject(value) &&
  isList(
    value['entries'],
    (each): each is AuditLogPage['entries'][number] =>
      isObject(each) && typeof each['at'] === 'string' && typeof each['request'] === 'string',
  );

export const isPace = (value: unknown): value is PacePage =>
  isObject(value) && 'pace' in value && 'perSecond' in value && 'until' in value;

export const isHealth = (value: unknown): value is HealthPage =>
  isObject(value) &&
  isList(
    value['providers'],
    (each): each is HealthPage['providers'][number] =>
      isObject(each) &&
      typeof each['api'] === 'string' &&
      ['ok', 'throttled', 'refused'].includes(String(each['state'])),
  );

/** A run or a migration. */
export const isStarted = (
  value: unknown,
): value is { readonly runId: string } | { readonly migrationId: string } =>
  isObject(value) &&
  (typeof value['runId'] === 'string' || typeof value['migrationId'] === 'string');

export const isStartedRun = (value: unknown): value is { readonly runId: string } =>
  isObject(value) && typeof value['runId'] === 'string';

/** Where a manifest may be put, with the headers that must go along. */
export interface UploadPlace {
  readonly method: string;
  readonly url: string;
  readonly headers: Readonly<Record<string, string>>;
}

export const isUploadPlace = (value: unknown): value is UploadPlace =>
  isObject(value) &&
  typeof value['method'] === 'string' &&
  typeof value['url'] === 'string' &&
  isObject(value['headers']);

export const isAnything = (_value: unknown): _value is unknown => true;
