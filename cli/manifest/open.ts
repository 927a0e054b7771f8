/** Opens what a command reads a list of objects from: a bucket of a source, an inventory, or a list. */
import { resolve } from 'node:path';
import type { Env } from '../../shared/lib/env.ts';
import { InputError, StoreError } from '../../shared/lib/errors.ts';
import { createLog } from '../../shared/lib/log.ts';
import { openBucketList } from '../../shared/manifest/sources/bucket-list.ts';
import type { SourceConfig } from '../../shared/manifest/sources/config.ts';
import { findBucket } from '../../shared/manifest/sources/find-bucket.ts';
import type { ListFormat } from '../../shared/manifest/sources/list-formats.ts';
import type { SourceList } from '../../shared/manifest/sources/object.ts';
import { openList } from '../../shared/manifest/sources/open-list.ts';
import type { Sources } from '../../shared/manifest/sources/sources.ts';
import { isSourceUrl } from '../../shared/manifest/url.ts';
import { CommandFailure, EXIT, type ExitCode, failureLine } from '../io/failure.ts';
import { fileFailure, localFiles } from '../io/files.ts';
import type { Input } from '../io/input.ts';
import type { CommandIo } from '../io/options.ts';
import { findList } from './find-list.ts';

export interface OpenedList {
  readonly list: SourceList;
  /** Of a bucket: what its keys begin with, and where it is. */
  readonly bucket?: { readonly prefix: string; readonly config: SourceConfig };
}

interface OpenOptions {
  readonly from?: ListFormat;
  readonly parallel?: number;
}

/** @throws InputError, ConfigError, StoreError, CommandFailure; an error of the file system */
export async function openListOf(
  path: string,
  { from, parallel }: OpenOptions,
  env: Env,
): Promise<OpenedList> {
  // Files of an inventory may lie in folders above it.
  if (!isSourceUrl(path)) return { list: await openFileList(resolve(await findList(path)), from) };
  const { bucket, address, prefix } = await findBucket(await sourcesOf(env), path);
  const lanes = parallel === undefined ? {} : { lanes: parallel };
  const list = openBucketList(bucket, address, { prefix, ...lanes });
  return { list, bucket: { prefix, config: bucket.source } };
}

/** The sources of the environment. @throws ConfigError, StoreError */
export async function sourcesOf(env: Env): Promise<Sources> {
  // Other commands start without the stores.
  const [{ sourcesConfig }, { openSources }] = await Promise.all([
    import('../../shared/wiring/config/functions.ts'),
    import('../../shared/wiring/documents.ts'),
  ]);
  return openSources(sourcesConfig(env), createLog({ level: 'silent' }));
}

export const openFileList = (name: string, from?: ListFormat): Promise<SourceList> =>
  openList({
    files: localFiles,
    name,
    maxRowGroupBytes: ROW_GROUP_BYTES,
    ...(from !== undefined && { from }),
  });

/** A person's machine has more memory than a function. */
const ROW_GROUP_BYTES = 134_217_728;

/**
 * Says why a list can't be used, as the command was asked to.
 * @throws CommandFailure, or what is no fault of the list
 */
export function refuseList(
  error: unknown,
  { path, shown }: Pick<Input, 'path' | 'shown'>,
  json: boolean,
  { stdout, stderr }: Pick<CommandIo, 'stdout' | 'stderr'>,
): ExitCode {
  if (error instanceof StoreError) {
    throw new CommandFailure(error.message, 'Then run the command again', EXIT.unreachable);
  }
  if (!(error instanceof InputError)) throw fileFailure(shown, error) ?? error;
  const message = error.message.replaceAll(resolve(path), shown).replaceAll(`${resolve()}/`, '');
  if (json) {
    const document = { path: shown, error: { code: error.code, message } };
    stdout.write(`${JSON.stringify(document, null, 2)}\n`);
  } else stderr.write(failureLine({ name: '', message }));
  return EXIT.usage;
}

/** @throws CommandFailure (usage) where a list has keys only, and nobody says where they are */
export function needSource(
  { format, hasUrls }: SourceList,
  source: string | undefined,
  shown: string,
) {
  if (hasUrls || source !== undefined) return;
  throw new CommandFailure(
    `${shown}: the list (${format}) has keys only`,
    'Add --source to say where the objects are, such as --source s3://media',
    EXIT.usage,
  );
}
