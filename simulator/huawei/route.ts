/** One call of the OMS API, and the readers of its query. */
import type { FaultApi } from '../faults/faults.ts';
import { parseQuery } from '../query.ts';
import type { Answer, Wire } from '../server.ts';
import { omsError } from './answers.ts';
import type { Fault } from './start-body.ts';

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
  /** What it is counted as, and whose faults strike it. */
  as(wire: Wire): { readonly kind: string; readonly api: FaultApi };
  serve(call: OmsCall): Answer;
}

/** A refusal of OMS without its prefix becomes an answer. */
export const refused = ({ code, message }: Fault, prefix = 'OMS', status = 400): Answer =>
  omsError(`${prefix}.${code}`, message, status);

export const NOT_FOUND: Fault = { code: '1009', message: 'The requested resource is not found.' };

export const isFault = (value: object): value is Fault => 'code' in value && 'message' in value;

/** The parameters of a query by name, or what is wrong with them. */
export function readQuery(
  { rawQuery }: Wire,
  allowed: readonly string[],
): ReadonlyMap<string, string> | Fault {
  const bad = (message: string): Fault => ({ code: '0064', message });
  const pairs = parseQuery(rawQuery);
  if (!pairs) return bad('The query is not valid UTF-8.');
  const values = new Map(pairs);
  if (values.size < pairs.length) return bad('A query parameter is repeated.');
  const unknown = pairs.find(([name]) => !allowed.includes(name));
  return unknown ? bad(`${unknown[0]} is not a parameter of this request.`) : values;
}

/** The number of a parameter, or what is wrong with it. */
export function readRange(
  name: string,
  value: string | undefined,
  { lowest, highest, fallback }: { lowest: number; highest: number; fallback: number },
): number | Fault {
  if (value === undefined) return fallback;
  const number = /^\d{1,9}$/.test(value) ? Number(value) : -1;
  return number >= lowest && number <= highest
    ? number
    : { code: '0051', message: `${name} must be a number from ${lowest} to ${highest}.` };
}

/** The status to filter by, undefined for any, or what is wrong with it. */
export function readStatus(
  value: string | undefined,
  allowed: readonly number[],
): number | undefined | Fault {
  if (value === undefined) return undefined;
  const status = allowed.find((known) => String(known) === value);
  return status ?? { code: '0052', message: `The status must be one of ${allowed.join(', ')}.` };
}

/** First of the values that is a fault. */
export const firstFault = (...values: readonly unknown[]): Fault | undefined =>
  values.find(
    (value): value is Fault => typeof value === 'object' && value !== null && isFault(value),
  );
