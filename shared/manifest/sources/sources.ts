/**
 * The configured sources: which one an address is of, and what the provider is given in its place at
 * the moment an object is sent. What is signed goes to the provider alone: ledger, logs, reports and
 * answers hold the address.
 */
import type { AwsKeys } from '../../lib/aws/keys.ts';
import { InputError, SourceKeysError } from '../../lib/errors.ts';
import { wirePath } from '../../lib/http.ts';
import type { Log } from '../../lib/log.ts';
import { presignUrl } from '../../lib/s3/presign.ts';
import type { CredentialSets } from '../../stores/credential-sets.ts';
import type { LineFault } from '../lint.ts';
import { isSourceUrl } from '../url.ts';
import { parseSourceUrl, type SourceAddress } from './address.ts';
import { isAppPackage } from './app-packages.ts';
import { type SourceConfig, schemeOf } from './config.ts';
import { httpPlace } from './endpoints.ts';

export interface Sources {
  all(): readonly SourceConfig[];
  /** The source of an address; undefined when none has its bucket. */
  find(address: SourceAddress): SourceConfig | Ambiguous | undefined;
  /** The keys that the store of a source knows; undefined where it has none. */
  keys(source: SourceConfig): Promise<AwsKeys | undefined>;
  /** What ends an address that is signed now; undefined where the source has no keys. */
  life(source: SourceConfig): Promise<SignedLife | undefined>;
  /**
   * What the provider fetches: a URL as it is, an address as a public or a signed one, over http.
   * @throws SourceKeysError when the keys end too soon; InputError (NOT_FOUND) without its set
   */
  sent(url: string): Promise<string>;
  /** Whose address a URL is; undefined for any other URL. */
  sourceOf(url: string): SourceConfig | undefined;
  /** When an address that was signed at a time ends, with keys as they are now. */
  endOf(source: SourceConfig, sentAt: Date): Promise<Date>;
}

/** Sources that have the same bucket, which the address doesn't tell apart. */
interface Ambiguous {
  readonly names: readonly string[];
}

export interface SignedLife {
  readonly seconds: number;
  /** The keys end before the address would. */
  readonly endsWithKeys: boolean;
  readonly keysEndAt?: Date;
  /** Keys with a token; without `keysEndAt` nobody knows when they end. */
  readonly areTemporary: boolean;
}

/** Against clocks apart: a store refuses what is signed in its future. */
const SIGNED_AGO_MS = 60_000;

const DEFAULT_SECONDS = 86_400;

/** A provider may take its time: what would end sooner is not sent. */
export const FLOOR_MS = 15 * 60_000;

interface SourcesOptions {
  /** As they are now. */
  readonly configs: () => readonly SourceConfig[];
  readonly sets: Pick<CredentialSets, 'get'>;
  readonly log?: Log;
  readonly now?: () => Date;
}

/** @param configs as they are now */
export const createFind =
  (configs: () => readonly SourceConfig[]): Sources['find'] =>
  ({ scheme, source, bucket }) => {
    const found = configs().filter(
      (each) =>
        schemeOf(each) === scheme &&
        each.bucket === bucket &&
        (source === undefined || each.name === source),
    );
    return found.length > 1 ? { names: found.map(({ name }) => name) } : found[0];
  };

export function createSources(options: SourcesOptions): Sources {
  const { configs, sets, now = () => new Date() } = options;
  const find = createFind(configs);

  const lookUp = (url: string) => {
    const address = isSourceUrl(url) ? parseSourceUrl(url) : undefined;
    const source = !address || 'fault' in address ? undefined : find(address);
    if (!address || 'fault' in address || !source || 'names' in source) return undefined;
    return { source, key: address.key };
  };

  const signed = createSigned(options);

  return {
    all: configs,
    find,
    async keys({ credentials }) {
      if (credentials === undefined) return undefined;
      const { expiresAt: _, ...keys } = await sets.get('source', credentials);
      return keys;
    },
    async life({ credentials, presignSeconds = DEFAULT_SECONDS }) {
      if (credentials === undefined) return undefined;
      const { expiresAt, sessionToken } = await sets.get('source', credentials);
      const leftMs = (expiresAt?.getTime() ?? Number.POSITIVE_INFINITY) - now().getTime();
      return {
        seconds: Math.max(0, Math.min(presignSeconds, Math.floor(leftMs / 1_000))),
        endsWithKeys: leftMs < 1_000 * presignSeconds,
        ...(expiresAt && { keysEndAt: expiresAt }),
        areTemporary: sessionToken !== undefined,
      };
    },
    async sent(url) {
      if (!isSourceUrl(url)) return url;
      const found = lookUp(url);
      if (!found) throw unknown();
      const { source, key } = found;
      const { credentials, publicUrl } = source;
      if (publicUrl !== undefined) return publicUrl + wirePath({ path: `/${key}`, query: [] });
      if (credentials !== undefined) return signed(source, credentials, key);
      const { origin, base } = httpPlace(source, false);
      return origin + wirePath({ path: `${base}/${key}`, query: [] });
    },
    sourceOf: (url) => lookUp(url)?.source,
    async endOf({ credentials = '', presignSeconds = DEFAULT_SECONDS }, sentAt) {
      const { expiresAt } = await sets.get('source', credentials);
      const ends = sentAt.getTime() - SIGNED_AGO_MS + 1_000 * presignSeconds;
      return new Date(Math.min(ends, expiresAt?.getTime() ?? ends));
    },
  };
}

/** @returns signs the address of an object */
function createSigned({ log, sets, now = () => new Date() }: SourcesOptions) {
  const cache = new Map<string, ArrayBuffer>();
  const warned = new Set<string>();

  /** Temporary keys end what they signed, at a time that nobody told. */
  const warn = (name: string, set: string): void => {
    if (warned.has(name)) return;
    warned.add(name);
    log?.warn('source.end-unknown', { source: name, credentials: set });
  };

  return async (source: SourceConfig, credentials: string, key: string) => {
    const { name, presignSeconds = DEFAULT_SECONDS, region } = source;
    const { expiresAt, ...keys } = await sets.get('source', credentials);
    if (keys.sessionToken !== undefined && !expiresAt) warn(name, credentials);
    const time = now().getTime();
    const leftMs = expiresAt ? expiresAt.getTime() - time : Number.POSITIVE_INFINITY;
    if (leftMs < FLOOR_MS) throw new SourceKeysError(name, credentials);
    const seconds = Math.min(presignSeconds, Math.floor((leftMs + SIGNED_AGO_MS) / 1_000));
    const { origin, base } = httpPlace(source, true);
    const at = new Date(time - SIGNED_AGO_MS);
    const path = `${base}/${key}`;
    // Derived keys are of a day.
    if (cache.size > 1_000) cache.clear();
    return presignUrl({ method: 'GET', origin, path, region, keys, seconds, at, cache });
  };
}

const unknown = (): InputError =>
  new InputError('NOT_FOUND', 'The source of this address is not configured.', [
    { path: 'url', message: 'expected the bucket of a source in WAYBILL_SOURCES_FILE' },
  ]);

/** Newer buckets of OSS and COS give out packages of apps through a domain of one's own alone. */
export const barsAppPackages = ({
  kind,
  publicUrl,
}: Pick<SourceConfig, 'kind' | 'publicUrl'>): boolean =>
  (kind === 'oss' || kind === 'cos') && publicUrl === undefined;

/** Why a line that names an object of a source can't be sent. */
export const createSourceCheck =
  (sources: Pick<Sources, 'find'>) =>
  (address: SourceAddress): LineFault | undefined => {
    const found = sources.find(address);
    if (!found) {
      const message =
        address.source === undefined
          ? 'no source in WAYBILL_SOURCES_FILE has the bucket of the url'
          : 'no source of this name in WAYBILL_SOURCES_FILE has the bucket of the url';
      return { reason: 'URL_SOURCE_UNKNOWN', message };
    }
    if ('names' in found) {
      const message = `several sources have this bucket (${found.names.join(', ')}): expected ${address.scheme}://<source>@<bucket>/<key>`;
      return { reason: 'URL_SOURCE_UNKNOWN', message };
    }
    if (!barsAppPackages(found) || !isAppPackage(address.key)) return undefined;
    const message =
      'the store gives out .apk and .ipa only through a domain of your own: set publicUrl of the source';
    return { reason: 'URL_SOURCE_DOMAIN', message };
  };

/** A source as anybody may see it. */
export function describeSource(source: SourceConfig) {
  const { name, kind, bucket, region, credentials = null, publicUrl } = source;
  const isSigned = publicUrl === undefined && credentials !== null;
  return {
    name,
    kind,
    bucket,
    region,
    address: `${schemeOf(source)}://${bucket}/`,
    access: isSigned ? 'signed' : publicUrl === undefined ? 'public' : 'publicUrl',
    credentials,
    presignSeconds: isSigned ? (source.presignSeconds ?? DEFAULT_SECONDS) : null,
  };
}
