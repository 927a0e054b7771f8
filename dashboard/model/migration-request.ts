/** The request that opens a migration, from what its form holds. */
import type { ListFormat } from '../../shared/manifest/sources/list-formats.ts';
import type { Migration } from '../api/types.ts';
import type { StartRequest } from './start-request.ts';

export interface MigrationForm {
  /** With a list: where its keys are; empty if it has addresses. */
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
  readonly name: string;
  readonly route: Migration['route'];
  readonly audit: Migration['options']['audit'];
  readonly credentials: string;
  readonly stopAbove: string;
  /** Of a list in the store, in place of a source. */
  readonly listKey: string;
  /** Empty: detected. */
  readonly listFormat: ListFormat | '';
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
  name: '',
  route: 'auto',
  audit: 'list',
  credentials: '',
  stopAbove: '',
  listKey: '',
  listFormat: '',
  start: true,
};

const SOURCE = /^(?:s3|oss|cos|obs|gs|tos):\/\/[^/\s]+(?:\/.*)?$/i;

const TARGET = /^(?:cos|obs):\/\/[a-z]{2}-[^/\s]+\/[^/\s]+(?:\/.*)?$/i;

const LIST_KEY = /^(?:lists|inventories)\/./;

const CREDENTIALS = /^[A-Za-z0-9._-]{1,64}$/;

const PERCENT = /^(?:[1-9]\d?|100)$/;

const WHOLE = /^\d{1,15}$/;

const isEmptyOr = (form: RegExp, text: string): boolean => text === '' || form.test(text);

/** Fields that can't be right; everything else is for the service to judge. */
export const wrongFields = (form: MigrationForm): ReadonlySet<keyof MigrationForm> => {
  const { source, target, pilot, minSize, maxSize, ...rest } = trimmed(form);
  const { name, credentials, stopAbove, listKey, listFormat } = rest;
  const hasList = listKey !== '';
  const all: readonly (readonly [keyof MigrationForm, boolean])[] = [
    ['source', hasList ? isEmptyOr(SOURCE, source) : SOURCE.test(source)],
    ['target', TARGET.test(target)],
    ['minSize', isEmptyOr(WHOLE, minSize)],
    ['maxSize', isEmptyOr(WHOLE, maxSize)],
    ['pilot', /^\d{1,4}$/.test(pilot) && Number(pilot) <= 1_000],
    ['name', name.length <= 200],
    ['credentials', isEmptyOr(CREDENTIALS, credentials)],
    ['stopAbove', isEmptyOr(PERCENT, stopAbove)],
    ['listKey', hasList ? LIST_KEY.test(listKey) : listFormat === ''],
  ];
  return new Set(all.flatMap(([name, isRight]) => (isRight ? [] : [name])));
};

/** Undefined where a field is wrong. */
export function migrationRequest(form: MigrationForm): StartRequest | undefined {
  if (wrongFields(form).size > 0) return undefined;
  const { target, route, pilot, audit, onKeyExist, start, ...given } = trimmed(form);
  const { schedule, name, credentials, stopAbove } = given;
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
      ...objectsOf(given),
      target,
      route,
      pilot: Number(pilot),
      audit,
      onKeyExist,
      start,
      ...(Object.keys(filters).length > 0 && { filters }),
      ...(schedule !== '' && { schedule }),
      ...(name !== '' && { name }),
      ...(credentials !== '' && { credentials }),
      ...(stopAbove !== '' && { stopAbove: Number(stopAbove) }),
    },
  };
}

type Objects = Pick<MigrationForm, 'source' | 'listKey' | 'listFormat'>;

function objectsOf({ source, listKey: key, listFormat: format }: Objects): object {
  if (key === '') return { source };
  return { list: { key, ...(format !== '' && { format }), ...(source !== '' && { source }) } };
}

const trimmed = (form: MigrationForm): MigrationForm => ({
  ...form,
  source: form.source.trim(),
  target: form.target.trim(),
  minSize: form.minSize.trim(),
  maxSize: form.maxSize.trim(),
  pilot: form.pilot.trim(),
  name: form.name.trim(),
  credentials: form.credentials.trim(),
  stopAbove: form.stopAbove.trim(),
  listKey: form.listKey.trim(),
  schedule: form.schedule.trim().replace(/\s+/g, ' '),
});

const linesOf = (text: string): readonly string[] =>
  text
    .split('\n')
    .map((line) => line.trim())
    .filter((line) => line !== '');
