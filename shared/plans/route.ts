/** What every route says of itself, from which the plan is put together. */
import type { TargetAddress } from '../manifest/target-address.ts';
import type { PlanCounts } from './counts.ts';
import type { PlannedRoute, RouteName } from './plan.ts';
import type { Prices } from './prices.ts';
import type { PlanSource } from './source.ts';

/** What is known of a migration before it starts. */
export interface Facts {
  readonly counts: PlanCounts;
  readonly source: PlanSource;
  readonly target: TargetAddress;
  /** Objects in archive classes, which are not in the counts. */
  readonly archived: number;
  /** Whether COS is told to fetch over https. */
  readonly allowHttps: boolean;
  readonly now: Date;
}

export interface RouteRule {
  readonly route: RouteName;
  /** Why it can't go from this source to this target at all. */
  impossible(facts: Facts): string | undefined;
  /** Objects that it can't carry. */
  cannot(facts: Facts): PlannedRoute['cannot'];
  form(facts: Facts): PlannedRoute['form'];
  needs(facts: Facts): readonly string[];
  readonly losses: readonly string[];
  /** @param seconds its time at best */
  notes(facts: Facts, seconds: number): readonly string[];
  readonly speed: keyof Prices['speeds'];
  /** Requests for each object. */
  readonly requests: {
    readonly sourceReads: number;
    readonly targetReads: number;
    readonly targetWrites: number;
  };
  /** What it costs besides that no price is known of. */
  readonly unknownFee?: string;
}

export const count = (value: number): string => value.toLocaleString('en-US');

/** Those that a list has. */
export const present = (cannot: PlannedRoute['cannot']): PlannedRoute['cannot'] =>
  cannot.filter(({ count: found }) => found > 0);

/** `2 days`, `5 h`, `40 min`: the largest unit that holds two, rounded down. */
export function spoken(seconds: number): string {
  if (seconds >= 172_800) return `${count(Math.floor(seconds / 86_400))} days`;
  return seconds >= 7_200 ? `${Math.floor(seconds / 3_600)} h` : `${Math.floor(seconds / 60)} min`;
}
