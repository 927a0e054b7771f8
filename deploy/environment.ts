/**
 * The environment of a function: where the stores are, the names of its secrets, and the settings
 * it reads. Never a secret itself: no template or console shows one.
 */
import type { Deployment } from '../shared/runtime/deployment.ts';
import { att, idOf, param, STAGE, sub, when } from './cfn.ts';
import { PARAMETERS } from './parameters.ts';
import { secretCondition, secretParam } from './permissions.ts';
import { BUCKET_NAME, functionName, LEDGER, SHARDS } from './stores.ts';

type Variables = Readonly<Record<string, unknown>>;

/** Functions that are started by others, and the variable that tells where they are. */
const CALLED: Readonly<Record<string, string>> = {
  sweep: 'WAYBILL_SWEEP_FUNCTION',
  'plan-manifest': 'WAYBILL_PLAN_FUNCTION',
  'audit-arrival': 'WAYBILL_AUDIT_FUNCTION',
  'list-source': 'WAYBILL_LIST_FUNCTION',
  'advance-migration': 'WAYBILL_ADVANCE_FUNCTION',
};
const CALLBACKS = 'record-callback';

/** Secrets that are documents of their own, and the variable that names each. */
const DOCUMENTS: ReadonlyMap<string, string> = new Map([
  ['credentials', 'WAYBILL_CREDENTIALS_SECRET'],
  ['sources', 'WAYBILL_SOURCES_SECRET'],
]);

function secrets({ secrets: names = [] }: Deployment['uses']): Variables {
  const read = names.filter((name) => !DOCUMENTS.has(name));
  const shared = read.filter((name) => secretCondition(name) === undefined).map(secretParam);
  const conditional = read.filter((name) => secretCondition(name) !== undefined);
  /** The list for each combination of providers, as a list can't be joined with gaps. */
  const list = (known: readonly string[], [next, ...rest]: typeof conditional): unknown =>
    next === undefined
      ? known.join(',')
      : when(secretCondition(next), list([...known, secretParam(next)], rest), list(known, rest));
  return {
    ...(read.length > 0 && { WAYBILL_SECRETS: list(shared, conditional) }),
    ...Object.fromEntries(
      names.flatMap((name) => {
        const variable = DOCUMENTS.get(name);
        return variable ? [[variable, when(secretCondition(name) ?? '', secretParam(name))]] : [];
      }),
    ),
  };
}

const settings = ({ environment }: Deployment): Variables =>
  Object.fromEntries(
    environment
      .filter((name) => name in PARAMETERS && name !== 'WAYBILL_PUBLIC_URL')
      .map((name) => [name, param(name)]),
  );

export function environment(deployment: Deployment): Variables {
  const { environment: names, uses } = deployment;
  return {
    LOG_LEVEL: param('LOG_LEVEL'),
    WAYBILL_LEDGER: sub(`dynamodb:\${${LEDGER}}`),
    ...(uses.queue && { WAYBILL_QUEUE: sub(`sqs:\${${SHARDS}}`) }),
    ...(uses.objects && { WAYBILL_OBJECTS: sub(`s3:${BUCKET_NAME}`) }),
    WAYBILL_METRICS: 'emf',
    WAYBILL_RETENTION_DAYS: param('WAYBILL_RETENTION_DAYS'),
    WAYBILL_STAGE: STAGE,
    ...secrets(uses),
    ...settings(deployment),
    ...Object.fromEntries(
      // A function knows its own name.
      (uses.invokes ?? []).flatMap((name) =>
        CALLED[name] === undefined ? [] : [[CALLED[name], functionName(name)]],
      ),
    ),
    ...(names.includes('WAYBILL_PUBLIC_URL') && {
      WAYBILL_PUBLIC_URL: when(
        'HasPublicUrl',
        param('WAYBILL_PUBLIC_URL'),
        att(`${idOf(CALLBACKS)}LambdaFunctionUrl`, 'FunctionUrl'),
      ),
    }),
  };
}
