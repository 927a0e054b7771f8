/** The options that leave objects of a list out. */
import { type Command, InvalidArgumentError } from 'commander';
import { withoutUndefined } from '../../shared/lib/values.ts';
import type { Filters } from '../../shared/manifest/sources/filters.ts';

export const addFilters = (command: Command): Command =>
  command
    .option('--prefix <prefix>', 'take only keys that start with it')
    .option('--include <glob>', 'take only keys that match; can be repeated', collect)
    .option('--exclude <glob>', 'leave out keys that match; can be repeated', collect)
    .option('--min-size <bytes>', 'take only objects of this size or more', sizeInBytes)
    .option('--max-size <bytes>', 'take only objects of this size or less', sizeInBytes)
    .option('--modified-since <time>', 'take only what was modified then or later (UTC)', instant);

/** As the HTTP API has them; undefined where nothing is left out. */
export function filtersJson(options: Filters): object | undefined {
  const { prefix, include, exclude, minSize, maxSize, modifiedSince } = options;
  const filters = withoutUndefined({
    ...{ prefix, include, exclude },
    minSize: minSize === undefined ? undefined : Number(minSize),
    maxSize: maxSize === undefined ? undefined : Number(maxSize),
    modifiedSince: modifiedSince?.toISOString(),
  });
  return Object.keys(filters).length === 0 ? undefined : filters;
}

const collect = (value: string, earlier: readonly string[] = []): readonly string[] => [
  ...earlier,
  value,
];

function sizeInBytes(value: string): bigint {
  if (/^\d{1,19}$/.test(value)) return BigInt(value);
  throw new InvalidArgumentError('Expected a whole number of bytes.');
}

function instant(value: string): Date {
  const at = /^\d{4}-\d\d-\d\d(?:T\d\d:\d\d(?::\d\d(?:\.\d+)?)?Z)?$/.test(value)
    ? Date.parse(value)
    : Number.NaN;
  if (!Number.isNaN(at)) return new Date(at);
  throw new InvalidArgumentError(
    'Expected a day or a UTC time, such as 2026-11-20 or 2026-11-20T08:00:00Z.',
  );
}
