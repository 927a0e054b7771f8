/** One call of the OMS API, its refusal, and the readers of its query. */
import type { FaultApi } from '../faults/faults.ts';
import { parseQuery } from '../query.ts';
import type { Answer, Wire } from '../server.ts';

export interface OmsCall {
  readonly region: string;
  readonly projectId: string;
  /** Of a task or group; empty for a list. */
  readonly id: string;
  readonly wire: Wire;
}

export interface Route {
  readonly method: string;
  /** Of the decoded path without the region, with the groups `project` and `id`. */
  readonly path: RegExp;
  /** Of the codes of its refusals. @default 'OMS' */
  readonly prefix?: string;
  /** What it is counted as, and whose faults strike it. */
  as(wire: Wire): { readonly kind: string; readonly api: FaultApi };
  /** @throws OmsRefusal */
  serve(call: OmsCall): Answer;
}

/** The gateway makes an answer of it. */
export class OmsRefusal extends Error {
  /** Without its prefix. */
  readonly code: string;
  readonly status: number;
  /** In place of the route's own. */
  readonly prefix: string | undefined;

  constructor(code: string, message: string, status = 400, prefix?: string) {
    super(message);
    this.code = code;
    this.status = status;
    this.prefix = prefix;
  }
}

export const notFound = (status = 400): OmsRefusal =>
  new OmsRefusal('1009', 'The requested resource is not found.', status);

/** Whether a task or group is one of the region and project of a call. */
export const isSeen = (
  { region, projectId }: Pick<OmsCall, 'region' | 'projectId'>,
  call: OmsCall,
): boolean => region === call.region && projectId === call.projectId;

/**
 * The parameters of a query by name.
 * @throws OmsRefusal
 */
export function readQuery(
  { rawQuery }: Wire,
  allowed: readonly string[],
): ReadonlyMap<string, string> {
  const bad = (message: string) => new OmsRefusal('0064', message);
  const pairs = parseQuery(rawQuery);
  if (!pairs) throw bad('The query is not valid UTF-8.');
  const values = new Map(pairs);
  if (values.size < pairs.length) throw bad('A query parameter is repeated.');
  const [unknown] = pairs.find(([name]) => !allowed.includes(name)) ?? [];
  if (unknown !== undefined) throw bad(`${unknown} is not a parameter of this request.`);
  return values;
}

/**
 * Part of a list, and the status to filter by, undefined for any.
 * @param names of the parameters, which the versions call differently
 * @throws OmsRefusal
 */
export function readPage(
  query: ReadonlyMap<string, string>,
  statuses: readonly number[],
  names = { from: 'offset', status: 'status' },
) {
  const from = readRange(names.from, query, 0, 999_999_999) ?? 0;
  const end = from + (readRange('limit', query, 1, 100) ?? 10);
  const text = query.get(names.status);
  const status = statuses.find((known) => String(known) === text);
  if (text !== undefined && status === undefined) {
    throw new OmsRefusal('0052', `The status must be one of ${statuses.join(', ')}.`);
  }
  return { from, end, status };
}

function readRange(
  name: string,
  query: ReadonlyMap<string, string>,
  lowest: number,
  highest: number,
): number | undefined {
  const value = query.get(name);
  if (value === undefined) return undefined;
  const number = /^\d{1,9}$/.test(value) ? Number(value) : -1;
  if (number >= lowest && number <= highest) return number;
  throw new OmsRefusal('0051', `${name} must be a number from ${lowest} to ${highest}.`);
}
