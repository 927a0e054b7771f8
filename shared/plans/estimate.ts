/** Estimates what a route takes: time as an interval, and money by named prices. */
import type { PlannedRoute } from './plan.ts';
import { egressOf, type Prices, requestsOf } from './prices.ts';
import type { Facts, RouteRule } from './route.ts';
import { accessOf } from './source.ts';

const GB = 1e9;

/** Objects of a page of a list. */
const PAGE = 1_000;

/** @param objects that the route carries */
export function timeOf(
  { speed }: Pick<RouteRule, 'speed'>,
  { counts }: Pick<Facts, 'counts'>,
  objects: number,
  { speeds }: Prices,
  ratePerSecond: number,
): PlannedRoute['seconds'] {
  const { objectsPerSecond, megabitsPerSecond } = speeds[speed];
  const [slow, fast] = objectsPerSecond ?? [ratePerSecond, ratePerSecond];
  const [narrow, wide] = megabitsPerSecond.map((megabits) => megabits * 125_000);
  if (objects === 0) return { from: 0, to: 0 };
  return {
    from: Math.ceil(Math.max(objects / fast, counts.bytes / (wide ?? 0))),
    to: Math.ceil(objects / slow + counts.bytes / (narrow ?? 0)),
  };
}

type Part = PlannedRoute['cost']['parts'][number];

export function costOf(
  rule: Pick<RouteRule, 'requests' | 'route' | 'unknownFee'>,
  { counts, source, target }: Facts,
  objects: number,
  prices: Prices,
): PlannedRoute['cost'] {
  const { requests, route, unknownFee } = rule;
  const millions = objects / 1e6;
  const from = source.kind === 'urls' ? undefined : requestsOf(prices, source.kind);
  const to = requestsOf(prices, target.kind);
  const lists = source.kind === 'urls' ? 0 : counts.objects / PAGE / 1e6;
  const parts: readonly Part[] = [
    ...(route === 'cos-fetch'
      ? [part("Waybill's functions on AWS", millions * prices.carrying.usdPerMillionObjects)]
      : []),
    part('traffic out of the source', egress({ counts, source, target }, prices)),
    part(
      'requests to the source, with its list',
      from &&
        millions * requests.sourceReads * from.readsUsdPerMillion +
          lists * from.writesUsdPerMillion,
    ),
    part(
      'requests to the target',
      to &&
        millions *
          (requests.targetWrites * to.writesUsdPerMillion +
            requests.targetReads * to.readsUsdPerMillion),
    ),
    ...(unknownFee === undefined ? [] : [part(unknownFee, undefined)]),
  ];
  const isComplete = counts.withoutSize === 0 && parts.every(({ usd }) => usd !== null);
  const usd = parts.reduce((sum, each) => sum + (each.usd ?? 0), 0);
  return { usd: rounded(usd), isComplete, parts: [...parts] };
}

const part = (what: string, usd: number | undefined): Part => ({
  what,
  usd: usd === undefined ? null : rounded(usd),
});

const rounded = (usd: number): number => Math.round(usd * 10_000) / 10_000;

/** Undefined where nobody knows who is paid how much: a CDN, any site, a store of one's own. */
function egress(
  { counts, source, target }: Pick<Facts, 'counts' | 'source' | 'target'>,
  prices: Prices,
): number | undefined {
  const access = accessOf(source);
  if (access === 'urls' || access === 'publicUrl' || source.kind === 'urls') return undefined;
  if (source.kind === target.kind && source.region === target.region) return 0;
  const price = egressOf(prices, source.kind, source.region);
  return price === undefined ? undefined : (counts.bytes / GB) * price;
}
