/** The request that opens a migration, from what its form holds. */
import type { StartRequest } from './start-request.ts';

export interface MigrationForm {
  readonly source: string;
  readonly target: string;
  /** One pattern a line. */
  readonly include: string;
  readonly exclude: string;
  readonly minSize: string;
  readonly maxSize: string;
  /** A day. */
  readonly modifiedSince: string;
  readonly pilot: string;
  readonly onKeyExist: 'ignore' | 'override';
  readonly schedule: string;
  /** False: it waits with its plan. */
  readonly start: boolean;
}

export const NEW_MIGRATION: MigrationForm = {
  source: '',
  target: '',
  include: '',
  exclude: '',
  minSize: '',
  maxSize: '',
  modifiedSince: '',
  pilot: '20',
  onKeyExist: 'ignore',
  schedule: '',
  start: true,
};

const SOURCE = /^(?:s3|oss|cos|obs|gs|tos):\/\/[^/\s]+(?:\/.*)?$/i;

const TARGET = /^(?:cos|obs):\/\/[a-z]{2}-[^/\s]+\/[^/\s]+(?:\/.*)?$/i;

const WHOLE = /^\d{1,15}$/;

const isEmptyOr = (form: RegExp, text: string): boolean => text === '' || form.test(text);

/** Fields that can't be right; everything else is for the service to judge. */
export const wrongFields = (form: MigrationForm): ReadonlySet<keyof MigrationForm> => {
  const { source, target, pilot, minSize, maxSize } = trimmed(form);
  const all: readonly (readonly [keyof MigrationForm, boolean])[] = [
    ['source', SOURCE.test(source)],
    ['target', TARGET.test(target)],
    ['minSize', isEmptyOr(WHOLE, minSize)],
    ['maxSize', isEmptyOr(WHOLE, maxSize)],
    ['pilot', /^\d{1,4}$/.test(pilot) && Number(pilot) <= 1_000],
  ];
  return new Set(all.flatMap(([name, isRight]) => (isRight ? [] : [name])));
};

/** Undefined where a field is wrong. */
export function migrationRequest(form: MigrationForm): StartRequest | undefined {
  if (wrongFields(form).size > 0) return undefined;
  const { source, target, pilot, onKeyExist, schedule, start, ...given } = trimmed(form);
  const { minSize, maxSize, modifiedSince } = given;
  const [include, exclude] = [linesOf(given.include), linesOf(given.exclude)];
  const filters = {
    ...(include.length > 0 && { include }),
    ...(exclude.length > 0 && { exclude }),
    ...(minSize !== '' && { minSize: Number(minSize) }),
    ...(maxSize !== '' && { maxSize: Number(maxSize) }),
    ...(modifiedSince !== '' && { modifiedSince: `${modifiedSince}T00:00:00Z` }),
  };
  return {
    path: 'migrations',
    body: {
      source,
      target,
      pilot: Number(pilot),
      onKeyExist,
      start,
      ...(Object.keys(filters).length > 0 && { filters }),
      ...(schedule !== '' && { schedule }),
    },
  };
}

const trimmed = (form: MigrationForm): MigrationForm => ({
  ...form,
  source: form.source.trim(),
  target: form.target.trim(),
  minSize: form.minSize.trim(),
  maxSize: form.maxSize.trim(),
  pilot: form.pilot.trim(),
  schedule: form.schedule.trim().replace(/\s+/g, ' '),
});

const linesOf = (text: string): readonly string[] =>
  text
    .split('\n')
    .map((line) => line.trim())
    .filter((line) => line !== '');
