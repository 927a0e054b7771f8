/** What a plan must know of a source besides its list: where it is, and how a provider may read it. */
import type { SourceConfig } from '../manifest/sources/config.ts';
import type { SignedLife, Sources } from '../manifest/sources/sources.ts';

export interface PlanSource {
  /** `urls`: a list of URLs, of no source in the configuration. */
  readonly kind: SourceConfig['kind'] | 'urls';
  /** Empty where it is not known. */
  readonly region: string;
  /** Keys begin with it; decoded. */
  readonly prefix: string;
  /** Whether the list is all that is behind the prefix: no filters, no list of somebody's. */
  readonly isWhole: boolean;
  /** The credential set; undefined for a public bucket. */
  readonly credentials?: string;
  readonly publicUrl?: string;
  /** Of signed addresses. */
  readonly life?: SignedLife;
}

export type Access = 'public' | 'signed' | 'publicUrl' | 'urls';

/** How a provider that gets URLs reads the objects. */
export function accessOf({ kind, credentials, publicUrl }: PlanSource): Access {
  if (kind === 'urls') return 'urls';
  if (publicUrl !== undefined) return 'publicUrl';
  return credentials === undefined ? 'public' : 'signed';
}

/** @throws InputError (NOT_FOUND) without the set that the source names; StoreError */
export async function planSource(
  sources: Pick<Sources, 'life'>,
  config: SourceConfig,
  { prefix, isWhole }: Pick<PlanSource, 'prefix' | 'isWhole'>,
): Promise<PlanSource> {
  const { kind, region, credentials, publicUrl } = config;
  const life = await sources.life(config);
  return {
    kind,
    region,
    prefix,
    isWhole,
    ...(credentials !== undefined && { credentials }),
    ...(publicUrl !== undefined && { publicUrl }),
    ...(life && { life }),
  };
}

/** A list of URLs, which may be anywhere. */
export const urlSource: PlanSource = { kind: 'urls', region: '', prefix: '', isWhole: false };
