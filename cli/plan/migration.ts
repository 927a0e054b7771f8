/** Plans a migration from a source to a target: reads the list, and looks at both ends where asked to. */
import { WaybillError } from '../../shared/lib/errors.ts';
import { createFetch } from '../../shared/lib/http.ts';
import { createLog } from '../../shared/lib/log.ts';
import { maskUrls } from '../../shared/lib/url-secrets.ts';
import { type Comparison, compareWith } from '../../shared/manifest/sources/compare-lists.ts';
import { createFilter } from '../../shared/manifest/sources/filters.ts';
import type { ListFormat } from '../../shared/manifest/sources/list-formats.ts';
import { objectUrl, type SourceList } from '../../shared/manifest/sources/object.ts';
import type { Sources } from '../../shared/manifest/sources/sources.ts';
import { createManifestWriter } from '../../shared/manifest/sources/write-manifest.ts';
import type { TargetAddress } from '../../shared/manifest/target-address.ts';
import { isSourceUrl } from '../../shared/manifest/url.ts';
import { createPlanCounts } from '../../shared/plans/counts.ts';
import { planRoutes } from '../../shared/plans/plan-routes.ts';
import type { Prices } from '../../shared/plans/prices.ts';
import { probeUrl } from '../../shared/plans/probe.ts';
import { type PlanSource, planSource, urlSource } from '../../shared/plans/source.ts';
import type { Env } from '../io/token.ts';
import { parseSource } from '../manifest/addresses.ts';
import { needSource, type OpenedList, openListOf, sourcesOf } from '../manifest/open.ts';
import { probeOms } from './oms.ts';
import type { PlanWithProbe, Probe } from './shape.ts';
import { createSpread } from './spread.ts';

interface MigrationPlanOptions {
  readonly path: string;
  readonly shown: string;
  readonly target: TargetAddress;
  readonly from?: ListFormat;
  /** `s3://media`, for lists that have keys only. */
  readonly source?: string;
  readonly probe: boolean;
  readonly prices?: Prices;
  readonly ratePerSecond: number;
  readonly allowHttps: boolean;
  readonly env: Env;
}

/** Objects that a probe reads, spread over the list. */
const PROBED = 5;

/** @throws CommandFailure; InputError, ConfigError, StoreError; an error of the file system */
export async function planMigration(options: MigrationPlanOptions): Promise<PlanWithProbe> {
  const { allowHttps, env, path, prices, probe, ratePerSecond, shown, target } = options;
  const sources = await sourcesOf(env);
  const opened = await openListOf(path, options, env);
  const { list, bucket } = opened;
  const address = options.source === undefined ? list.source : parseSource(options.source);
  needSource(list, address, shown);
  const existing = probe ? await openExisting(env, target) : undefined;
  const counter = createPlanCounts(target);
  const spread = createSpread<string>(PROBED);
  const report = await readList(list, {
    ...(address !== undefined && { source: address }),
    prefix: bucket?.prefix ?? '',
    targetPrefix: target.prefix,
    add: (key, url, object) => {
      counter.add(key, object);
      existing?.comparison?.note(key);
      spread.add(url);
    },
  });
  const urls = spread.taken();
  const { source, isUnknown } = await sourceOf(opened, sources, urls[0]);
  const found = existing?.found();
  const plan = planRoutes({
    counts: counter.counts(),
    source,
    target,
    address: bucket ? path : (address ?? shown),
    excluded: report.leftOut,
    ...(found?.keys != null && { existing: found.keys }),
    ...(prices && { prices }),
    ratePerSecond,
    allowHttps,
  });
  if (isUnknown) plan.notes.unshift(NOT_CONFIGURED);
  const oms =
    found && target.kind === 'obs' && bucket
      ? await probeOms(env, target.region, bucket.config)
      : null;
  const probed = found && { objects: await probeAll(urls, sources), target: found, oms };
  return { ...plan, probe: probed ?? null };
}

const NOT_CONFIGURED =
  'The source of the list is not in WAYBILL_SOURCES_FILE. Add it before you start.';

interface ReadOptions {
  readonly source?: string;
  readonly prefix: string;
  readonly targetPrefix: string;
  /** @param key at the target */
  readonly add: (key: string, url: string, object: { key: string; sizeBytes?: string }) => void;
}

/** As `waybill manifest` would write it; the lines themselves are dropped. */
async function readList({ blocks }: SourceList, options: ReadOptions) {
  const { add, prefix, source = '', targetPrefix } = options;
  const writer = createManifestWriter({
    source,
    columns: [],
    filter: createFilter({ prefix }),
    keys: { strip: prefix, add: targetPrefix },
    count: { add: (key, object) => add(key, object.url ?? objectUrl(source, object.key), object) },
  });
  for await (const block of blocks) writer.write(block);
  return writer.report();
}

/** Of a bucket it is known; of a list it is that of its first object. */
async function sourceOf(
  { bucket }: OpenedList,
  sources: Sources,
  url: string | undefined,
): Promise<{ readonly source: PlanSource; readonly isUnknown: boolean }> {
  if (bucket) {
    const whole = { prefix: bucket.prefix, isWhole: true };
    return { source: await planSource(sources, bucket.config, whole), isUnknown: false };
  }
  if (url === undefined || !isSourceUrl(url)) return { source: urlSource, isUnknown: false };
  const part = { prefix: '', isWhole: false };
  const config = sources.sourceOf(url);
  if (config) return { source: await planSource(sources, config, part), isUnknown: false };
  const kind = url.slice(0, url.indexOf('://')).toLowerCase() as PlanSource['kind'];
  return { source: { kind, region: '', ...part }, isUnknown: true };
}

interface Existing {
  /** Absent when the target can't be listed. */
  readonly comparison?: Comparison;
  found(): Probe['target'];
}

/** What the target has already; keys of the list are noted in the comparison. */
async function openExisting(env: Env, target: TargetAddress): Promise<Existing> {
  const { listTarget } = await import('../../shared/wiring/targets.ts');
  async function* blocks() {
    for await (const keys of listTarget(env, target, createLog({ level: 'silent' }))) {
      yield keys.map((key) => ({ key }));
    }
  }
  try {
    const comparison = await compareWith(blocks());
    const all = comparison.report().gone;
    const found = () => ({ keys: all - comparison.report().gone, code: null, message: null });
    return { comparison, found };
  } catch (error) {
    if (!(error instanceof WaybillError)) throw error;
    const { code, message } = error;
    return { found: () => ({ keys: null, code, message }) };
  }
}

const probeAll = async (urls: readonly string[], sources: Sources): Promise<Probe['objects']> => {
  const fetch = createFetch({ connections: PROBED });
  const probeOne = async (url: string) => {
    const { code, message } = (await probeUrl(url, { sources, fetch })) ?? {};
    return { url: maskUrls(url), code: code ?? null, message: message ?? null };
  };
  return Promise.all(urls.map(probeOne));
};
