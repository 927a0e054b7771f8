/**
 * Plans a migration from the counts of its list: every route with its time, cost and limits, and the one
 * to take. Pure: it calls nothing.
 */
import type { TargetAddress } from '../manifest/target-address.ts';
import { cosBatch, cosFetch } from './cos-routes.ts';
import { costOf, timeOf } from './estimate.ts';
import { omsList, omsPrefix, omsUrlList } from './oms-routes.ts';
import type { MigrationPlan, PlannedRoute, RouteName } from './plan.ts';
import { PRICES, type Prices } from './prices.ts';
import { count, type Facts, type RouteRule } from './route.ts';
import { accessOf } from './source.ts';

export interface PlanInput extends Pick<Facts, 'counts' | 'source' | 'target'> {
  /** `s3://media/photos/` */
  readonly address?: string;
  /** By reason: what the list names and nothing sends. @default nothing */
  readonly excluded?: Readonly<Partial<Record<string, number>>>;
  /** Keys of the list that the target has already. @default nobody looked */
  readonly existing?: number;
  /** @default those that Waybill brings */
  readonly prices?: Prices;
  /** Requests to COS fetch. @default 100 */
  readonly ratePerSecond?: number;
  /** @default false */
  readonly allowHttps?: boolean;
  readonly now?: Date;
}

/** By target, the better ones first. */
const RULES: Readonly<Record<TargetAddress['kind'], readonly RouteRule[]>> = {
  cos: [cosBatch, cosFetch, omsPrefix, omsList, omsUrlList],
  obs: [omsPrefix, omsList, omsUrlList, cosFetch, cosBatch],
};

const WHY: Readonly<Record<RouteName, string>> = {
  'cos-batch': 'COS copies within its own network, with metadata.',
  'cos-fetch': 'COS downloads each object, and Waybill records each outcome.',
  'oms-prefix': 'OMS reads the bucket itself, without a list file.',
  'oms-list': 'OMS reads the listed objects with the keys of the source.',
  'oms-url-list': 'OMS downloads the listed URLs, and needs no keys of the source.',
};

export function planRoutes(input: PlanInput): MigrationPlan {
  const { counts, source, target, address, excluded = {}, existing, prices = PRICES } = input;
  const { allowHttps = false, now = new Date(), ratePerSecond = 100 } = input;
  const archived = excluded['ARCHIVED'] ?? 0;
  const facts: Facts = { counts, source, target, archived, allowHttps, now };
  const routes = RULES[target.kind].map((rule) => routeOf(rule, facts, prices, ratePerSecond));
  const { kind, region, life } = source;
  const access = accessOf(source);
  return {
    source: {
      address: address ?? null,
      kind,
      region: region === '' ? null : region,
      access,
      signedSeconds: access === 'signed' && life ? life.seconds : null,
    },
    target: { ...target },
    counts,
    excluded: Object.entries(excluded)
      .map(([reason, found]) => ({ reason, count: found ?? 0 }))
      .sort((a, b) => b.count - a.count),
    existing: existing ?? null,
    routes,
    recommended: recommend(routes),
    notes: notesOf(facts, existing),
    pricesAsOf: prices.asOf,
  };
}

function routeOf(
  rule: RouteRule,
  facts: Facts,
  prices: Prices,
  ratePerSecond: number,
): PlannedRoute {
  const { route } = rule;
  const impossible = rule.impossible(facts);
  const cannot = impossible === undefined ? rule.cannot(facts) : [];
  const left = cannot.reduce((sum, each) => sum + each.count, 0);
  const objects = impossible === undefined ? Math.max(0, facts.counts.objects - left) : 0;
  const seconds = timeOf(rule, facts, objects, prices, ratePerSecond);
  return {
    route,
    form: rule.form(facts),
    available: impossible === undefined,
    unavailable: impossible === undefined ? null : { code: 'IMPOSSIBLE', message: impossible },
    objects,
    cannot,
    seconds,
    cost: costOf(rule, facts, objects, prices),
    needs: impossible === undefined ? [...rule.needs(facts)] : [],
    losses: [...rule.losses],
    notes: impossible === undefined ? [...rule.notes(facts, seconds.from)] : [],
  };
}

/** The first that leads there. */
function recommend(routes: readonly PlannedRoute[]): MigrationPlan['recommended'] {
  const found = routes.find(({ available }) => available);
  return found
    ? { route: found.route, reason: WHY[found.route] }
    : { route: null, reason: 'No route goes from this source to this target.' };
}

function notesOf({ counts, archived }: Facts, existing: number | undefined): string[] {
  const { objects, withoutSize, keysWithLeadingSlash } = counts;
  const all: readonly (readonly [boolean, string])[] = [
    [objects === 0, 'There is nothing to send.'],
    [
      existing !== undefined && existing > 0,
      `${count(existing ?? 0)} of the keys exist at the target already. With onKeyExist "ignore" they stay as they are.`,
    ],
    [
      archived > 0,
      `${count(archived)} objects are in an archive class. Restore them at the source first, then list again.`,
    ],
    [
      withoutSize > 0,
      `${count(withoutSize)} objects have no size in the list, so time and cost are lower bounds.`,
    ],
    [
      keysWithLeadingSlash > 0,
      `${count(keysWithLeadingSlash)} keys start with a slash, which providers advise against. They are sent as they are.`,
    ],
  ];
  return all.filter(([holds]) => holds).map(([, text]) => text);
}
