/**
 * The names of all variables, and checks for names that only look like one: a typo would silently leave
 * a setting at its default.
 */
import { type Env, type EnvReader, readEnv } from '../../lib/env.ts';
import type { InputFault } from '../../lib/errors.ts';
import * as t from './tables.ts';

/** All of them, by heading of docs/configuration.md. */
export const PARTS = {
  'The service': [t.SERVICE, t.API],
  'Tencent Cloud': [...t.TENCENT_TABLES, t.BATCH],
  Sources: [...t.SOURCE_TABLES],
  'Huawei Cloud': [...t.HUAWEI_TABLES, t.SMN],
  'Runs, callbacks and notifications': [
    t.FETCH,
    t.CALLBACKS,
    t.SWEEP,
    t.NIGHT,
    t.SERVED,
    t.CERTIFICATES,
    t.WEBHOOKS,
    t.NOTIFY,
  ],
  'Stores and logs': [t.STORES, t.S3, t.S3_KEYS],
  AWS: [t.AWS, t.AWS_KEYS, t.AWS_ENDPOINT, t.SECRETS, t.STAGE],
  'The command line': [t.CLI],
} as const;

export type VariableName = t.NameIn<(typeof PARTS)[keyof typeof PARTS]>;

export const NAMES: readonly string[] = t.namesOf(...Object.values(PARTS).flat());

/** Names that the last version knew, and what to do instead; they warn for one version. */
const REMOVED: ReadonlyMap<string, string> = new Map([
  ['WAYBILL_API_RATE', 'has no effect any more; remove it (limit requests in your reverse proxy)'],
]);

/**
 * Variables that Kubernetes makes for the services of a namespace, such as `waybill` or `waybill-db`.
 * https://kubernetes.io/docs/tutorials/services/connect-applications-service/#environment-variables
 */
const OF_KUBERNETES =
  /^WAYBILL_(?:SERVICE_.+|PORT|PORT_.+|.+_SERVICE_(?:HOST|PORT|PORT_.+)|.+_PORT_\d+_(?:TCP|UDP|SCTP)(?:_.+)?)$/;

/** Read by tests alone, which start services in their own process. */
const OF_TESTS = /^WAYBILL_TEST_/;

/**
 * Reads a part of the environment, all of which is judged: an unknown name may be meant for any part.
 * @throws ConfigError (CONFIG_INVALID) with every fault
 */
export const readConfig = <Config>(env: Env, build: (from: EnvReader) => Config): Config =>
  readEnv(env, (from) => {
    for (const { path, message } of unknownNames(env)) from.fault(path, message);
    return build(from);
  });

/** Unknown names with our prefix. */
export function unknownNames(env: Env): readonly InputFault[] {
  return given(env)
    .filter(
      ([name, value]) =>
        /^WAYBILL_/i.test(name) &&
        !NAMES.includes(name) &&
        !REMOVED.has(name) &&
        !OF_TESTS.test(name) &&
        !OF_KUBERNETES.test(name) &&
        !(name.endsWith('_PORT') && /^(?:tcp|udp|sctp):\/\//.test(value)),
    )
    .map(([name]) => unknown(name));
}

/** Names that are not read any more. */
export const removedNames = (env: Env): readonly InputFault[] =>
  given(env).flatMap(([path]) => {
    const message = REMOVED.get(path);
    return message === undefined ? [] : [{ path, message }];
  });

/** Unknown names with a provider's prefix: other tools have some too, but hardly in our `.env`. */
export const unknownProviderNames = (values: Env): readonly InputFault[] =>
  given(values)
    .filter(([name]) => /^(?:TENCENTCLOUD|HUAWEICLOUD|OMS)_/.test(name) && !NAMES.includes(name))
    .map(([name]) => unknown(name));

/** An empty variable counts as not set. */
const given = (env: Env): readonly (readonly [name: string, value: string])[] =>
  Object.entries(env).flatMap(([name, value]) => (value?.trim() ? [[name, value] as const] : []));

function unknown(path: string): InputFault {
  const upper = path.toUpperCase();
  const [nearest] = NAMES.map((name) => ({ name, far: distance(upper, name) })).sort(
    (a, b) => a.far - b.far,
  );
  return { path, message: `is not a setting of Waybill; did you mean ${nearest?.name}?` };
}

/** Letters to insert, leave out or exchange (Levenshtein). */
function distance(a: string, b: string): number {
  let row = Array.from({ length: b.length + 1 }, (_, at) => at);
  for (const letter of a) {
    let [left = 0] = row;
    row = row.map((above, at) => {
      const exchanged = (row[at - 1] ?? Infinity) + (letter === b[at - 1] ? 0 : 1);
      left = Math.min(above + 1, at === 0 ? Infinity : left + 1, exchanged);
      return left;
    });
  }
  return row.at(-1) ?? 0;
}
