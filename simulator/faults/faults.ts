/**
 * The rules of scripted, seeded faults: which request or callback goes wrong, and how. The same seed
 * and the same order of requests give the same faults.
 */

const REQUEST_FAULTS = [
  'slow-down',
  'too-many-requests',
  'internal-error',
  'bad-gateway',
  'gateway-timeout',
  'delay',
  'reset-before',
  'reset-after',
  'stall',
  'truncate',
  'empty',
  'odd-shape',
] as const;
const CALLBACK_FAULTS = ['lost', 'late', 'duplicate', 'reorder', 'get'] as const;
const APIS = [
  'fetch-create',
  'fetch-progress',
  'objects',
  'callback',
  'batch-create',
  'batch-read',
  'batch-update',
  'oms-create',
  'oms-start',
  'oms-read',
  'oms-stop',
  'iam',
  'obs',
] as const;

export type RequestFault = (typeof REQUEST_FAULTS)[number];
type CallbackFault = (typeof CALLBACK_FAULTS)[number];
export type FaultApi = (typeof APIS)[number];

/** One rule; it applies where everything it names fits. */
export interface FaultRule {
  readonly api: FaultApi;
  readonly kind: RequestFault | CallbackFault;
  /** Share of the fitting requests, 0 to 1. @default 1 */
  readonly rate?: number;
  /** Only these fitting requests, counted from 1. */
  readonly nth?: readonly number[];
  /** Only requests whose object key or path matches this regular expression. */
  readonly key?: string;
  /** Of `delay` and `late`, in milliseconds. @default 1000 */
  readonly delayMs?: number;
  /** Of `too-many-requests`, in seconds. @default 1 */
  readonly retryAfterSeconds?: number;
}

export interface Faults {
  /** The first rule that strikes, undefined for an undisturbed request. */
  strike(api: FaultApi, key: string): FaultRule | undefined;
  /** Replaces all rules and starts counting anew. */
  set(rules: readonly FaultRule[]): void;
  /** How often each kind struck, as `api kind`. */
  counts(): Readonly<Record<string, number>>;
}

export function createFaults(rules: readonly FaultRule[] = [], seed = 1): Faults {
  let active = prepare(rules);
  const counts: Record<string, number> = {};
  return {
    strike(api, key) {
      for (const [index, rule] of active.entries()) {
        if (rule.api !== api || (rule.pattern && !rule.pattern.test(key))) continue;
        rule.seen += 1;
        if (rule.nth && !rule.nth.includes(rule.seen)) continue;
        if (rule.rate !== undefined && random(seed, index, rule.seen) >= rule.rate) continue;
        const name = `${api} ${rule.kind}`;
        counts[name] = (counts[name] ?? 0) + 1;
        return rule;
      }
      return undefined;
    },
    set(next) {
      active = prepare(next);
    },
    counts: () => ({ ...counts }),
  };
}

const prepare = (rules: readonly FaultRule[]) =>
  rules.map((rule) => ({
    ...rule,
    seen: 0,
    ...(rule.key !== undefined && { pattern: new RegExp(rule.key) }),
  }));

/** 0 to below 1, from a seed and two positions (the mixing step of splitmix32). */
function random(seed: number, a: number, b: number): number {
  let mixed = (seed * 0x9e3779b1 + a * 0x85ebca6b + b * 0xc2b2ae35) | 0;
  mixed = Math.imul(mixed ^ (mixed >>> 16), 0x21f0aaad);
  mixed = Math.imul(mixed ^ (mixed >>> 15), 0x735a2d97);
  return ((mixed ^ (mixed >>> 15)) >>> 0) / 4_294_967_296;
}

/**
 * Reads a list of rules.
 * @throws TypeError that names the rule and field, and what was expected
 */
export function parseFaults(input: unknown): readonly FaultRule[] {
  if (!Array.isArray(input)) throw new TypeError('faults: expected a list of rules');
  return input.map((rule: unknown, index) => parseRule(rule, `faults[${index}]`));
}

function parseRule(rule: unknown, path: string): FaultRule {
  const expect = (good: boolean, field: string, expected: string): void => {
    if (!good) throw new TypeError(`${path}.${field}: expected ${expected}`);
  };
  if (typeof rule !== 'object' || rule === null) throw new TypeError(`${path}: expected an object`);
  const { api, kind, rate, nth, key, delayMs, retryAfterSeconds, ...rest } = rule as Record<
    string,
    unknown
  >;
  expect(
    APIS.some((known) => known === api),
    'api',
    `one of ${APIS.join(', ')}`,
  );
  const kinds: readonly string[] = api === 'callback' ? CALLBACK_FAULTS : REQUEST_FAULTS;
  expect(
    kinds.some((known) => known === kind),
    'kind',
    `one of ${kinds.join(', ')}`,
  );
  const isCount = (value: unknown) => Number.isInteger(value) && Number(value) >= 1;
  const isTime = (value: unknown) => typeof value === 'number' && value >= 0;
  expect(rate === undefined || (isTime(rate) && Number(rate) <= 1), 'rate', 'a number from 0 to 1');
  expect(nth === undefined || (Array.isArray(nth) && nth.every(isCount)), 'nth', 'numbers from 1');
  expect(key === undefined || isPattern(key), 'key', 'a regular expression');
  expect(delayMs === undefined || isTime(delayMs), 'delayMs', 'milliseconds');
  expect(
    retryAfterSeconds === undefined || isTime(retryAfterSeconds),
    'retryAfterSeconds',
    'seconds',
  );
  const [unknown] = Object.keys(rest);
  if (unknown !== undefined) throw new TypeError(`${path}.${unknown}: is not a field of a rule`);
  return rule as FaultRule;
}

function isPattern(value: unknown): boolean {
  try {
    return typeof value === 'string' && new RegExp(value) instanceof RegExp;
  } catch {
    return false;
  }
}
