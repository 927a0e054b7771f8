/** Prices and speeds of routes: dated data with its sources, in place of which users may give their own. */
import * as v from 'valibot';
import { InputError } from '../lib/errors.ts';
import { faultOf, strictObject } from '../lib/validate.ts';
import { parseRecord } from '../lib/values.ts';
import { SOURCE_KINDS } from '../manifest/sources/config.ts';
import known from './prices.json' with { type: 'json' };

const FIELD = 'is not a field of prices';

const amount = v.pipe(v.number('expected a number'), v.minValue(0, 'expected 0 or more'));

const kind = v.picklist(SOURCE_KINDS, `expected one of ${SOURCE_KINDS.join(', ')}`);

const range = v.strictTuple([amount, amount]);

const day = v.pipe(v.string(), v.isoDate('expected a day such as 2026-11-29'));

const speed = strictObject(
  { objectsPerSecond: v.nullable(range), megabitsPerSecond: range, source: v.string() },
  FIELD,
);

const pricesSchema = strictObject(
  {
    asOf: day,
    carrying: strictObject({ usdPerMillionObjects: amount, asOf: day, source: v.string() }, FIELD),
    /** The first that fits kind and region counts. */
    egress: v.array(
      strictObject(
        { kind, regions: v.exactOptional(v.string()), usdPerGb: amount, source: v.string() },
        FIELD,
      ),
    ),
    requests: v.array(
      strictObject(
        { kind, readsUsdPerMillion: amount, writesUsdPerMillion: amount, source: v.string() },
        FIELD,
      ),
    ),
    speeds: strictObject({ 'cos-fetch': speed, 'cos-batch': speed, oms: speed }, FIELD),
  },
  FIELD,
);

export type Prices = v.InferOutput<typeof pricesSchema>;

/** Those that Waybill brings. Tests check them: functions hold no schema of prices. */
export const PRICES = known as Prices;

/**
 * Prices of a user, in the form of `prices.json`.
 * @throws InputError (BODY_INVALID) that names the file and every field that does not fit
 */
export function parsePrices(text: string, name: string): Prices {
  const result = v.safeParse(pricesSchema, parseRecord(text));
  if (result.success) return result.output;
  const faults = result.issues.map(faultOf);
  const told = faults.map(({ path, message }) => `${path} ${message}`).join('; ');
  throw new InputError('BODY_INVALID', `${name}: ${told}.`, faults);
}

type Kind = Prices['egress'][number]['kind'];

/** USD of a gigabyte that leaves a source to the internet; undefined where that is not known. */
export const egressOf = ({ egress }: Prices, of: Kind, region: string): number | undefined =>
  egress.find(
    (each) => each.kind === of && (!each.regions || new RegExp(each.regions).test(region)),
  )?.usdPerGb;

export const requestsOf = ({ requests }: Prices, of: Kind) =>
  requests.find((each) => each.kind === of);
