/** Opens the documents of the configuration: named credential sets, and sources. */
import { openDocument } from '#wiring';
import type { EnvReader } from '../lib/env.ts';
import { ConfigError } from '../lib/errors.ts';
import type { Log } from '../lib/log.ts';
import { EXPECTED_SOURCES, parseSources, type SourceConfig } from '../manifest/sources/config.ts';
import { createSources, type Sources } from '../manifest/sources/sources.ts';
import {
  type CredentialSets,
  type CredentialsConfig,
  EXPECTED_SETS,
  openCredentialSets,
  parseSets,
} from '../stores/credential-sets.ts';
import { type Document, follow, openFile } from '../stores/documents.ts';
import { HTTPS, SETS, SOURCES } from './config/tables.ts';

/** Where a document is: a file, or a secret; nowhere when neither is set. */
export interface DocumentPlace {
  readonly file?: string;
  readonly secret?: string;
}

/** What a document is called in faults. */
export interface DocumentKind {
  /** Variables that name it. */
  readonly file: string;
  readonly secret: string;
  readonly expected: string;
}

const CREDENTIALS: DocumentKind = {
  file: SETS.file[0],
  secret: SETS.secret[0],
  expected: EXPECTED_SETS,
};

const SOURCE_LIST: DocumentKind = {
  file: SOURCES.file[0],
  secret: SOURCES.secret[0],
  expected: EXPECTED_SOURCES,
};

/** @throws ConfigError (CONFIG_INVALID) with every fault, never a value; StoreError */
export async function openCredentials({
  fromEnv,
  ...place
}: CredentialsConfig): Promise<CredentialSets> {
  return openCredentialSets(await openDocument(place, CREDENTIALS), fromEnv);
}

export interface SourcesPlaces {
  readonly allowHttps: boolean;
  readonly sources: DocumentPlace;
  readonly sets: DocumentPlace;
}

/**
 * The sources, none where no document is configured.
 * @throws ConfigError (CONFIG_INVALID) with every fault, never a value; StoreError
 */
export async function openSources(
  places: SourcesPlaces,
  log: Log,
  now?: () => Date,
): Promise<Sources> {
  const sets = await openDocument(places.sets, CREDENTIALS);
  const document = await openDocument(places.sources, SOURCE_LIST);
  const configs = document
    ? follow([document, ...(sets ? [sets] : [])], () =>
        sourcesOf(document, sets, places.allowHttps),
      )
    : () => [];
  return createSources({ configs, log, sets: openCredentialSets(sets), ...(now && { now }) });
}

/** The sources by their own document alone, for whoever needs no keys. @throws ConfigError, StoreError */
export async function openSourceList(
  place: DocumentPlace,
  allowHttps: boolean,
): Promise<() => readonly SourceConfig[]> {
  const document = await openDocument(place, SOURCE_LIST);
  if (!document) return () => [];
  return follow([document], () => parseSources(document, undefined, allowHttps));
}

const sourcesOf = (
  document: Document,
  sets: Document | undefined,
  allowHttps: boolean,
): readonly SourceConfig[] => parseSources(document, sets ? parseSets(sets) : {}, allowHttps);

/** Every fault of documents in files, for a service that tells them before it starts. */
export function checkDocuments(from: EnvReader): void {
  const open = ({ file }: DocumentPlace, { file: variable, expected }: DocumentKind) =>
    file === undefined ? undefined : attempt(from, () => openFile(file, variable, { expected }));
  const sets = open(from.read(SETS), CREDENTIALS);
  const document = open(from.read(SOURCES), SOURCE_LIST);
  const named = sets && attempt(from, () => parseSets(sets));
  // Where the sets are unknown, no name of one is wrong.
  const isKnown = !from.has(SETS.file[0], SETS.secret[0]) || named !== undefined;
  const { allowHttps } = from.read(HTTPS);
  const known = isKnown ? (named ?? {}) : undefined;
  if (document) attempt(from, () => parseSources(document, known, allowHttps));
}

function attempt<Value>(from: EnvReader, read: () => Value): Value | undefined {
  try {
    return read();
  } catch (error) {
    if (!(error instanceof ConfigError)) throw error;
    for (const { path, message } of error.faults) from.fault(path, message);
    return undefined;
  }
}
