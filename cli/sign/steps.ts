/** Requests to sign, with the field names of `test/vectors/`, and the strings that lead to their signatures. */
import * as v from 'valibot';
import type { Pair } from '../../shared/lib/api-request.ts';
import { InputError } from '../../shared/lib/errors.ts';
import { parseWith } from '../../shared/lib/validate.ts';
import { cosSteps, presignedUrl } from '../../shared/signing/cos.ts';
import type { Steps } from '../../shared/signing/explain.ts';
import { huaweiSteps } from '../../shared/signing/huawei.ts';

const text = v.pipe(
  v.string('expected a text'),
  v.check((given) => given.isWellFormed(), 'expected valid Unicode, without lone surrogates'),
);
/** `null` counts as empty, numbers and booleans as their text. */
const value = v.pipe(
  v.nullish(
    v.union([v.string(), v.number(), v.boolean()], 'expected a text, number, boolean or null'),
  ),
  v.transform((given) => (given === null || given === undefined ? '' : String(given))),
);
const query = v.optional(
  v.union(
    [
      v.array(v.tuple([text, value], 'expected [name, value]')),
      v.pipe(
        v.record(v.string(), value),
        v.transform((given) => Object.entries(given)),
      ),
    ],
    'expected an object or a list of [name, value]',
  ),
  {},
);
const METHODS = ['DELETE', 'GET', 'HEAD', 'PATCH', 'POST', 'PUT'] as const;
const method = v.pipe(
  text,
  v.toUpperCase(),
  v.picklist(METHODS, `expected one of ${METHODS.join(', ')}`),
  v.transform((given) => given as 'GET'),
);
const common = {
  method,
  path: text,
  query,
  headers: v.optional(v.record(v.string(), value), {}),
  signedHeaders: v.optional(v.array(text)),
  securityToken: v.nullish(text),
};
type Common = Pick<v.InferOutput<typeof huawei>, 'headers' | 'query' | 'signedHeaders'>;
const time = v.pipe(text, v.regex(/^\d+;\d+$/, 'expected start;end in Unix seconds'));
const tencent = v.object({
  ...common,
  secretId: text,
  secretKey: text,
  keyTime: time,
  signTime: v.optional(time),
  presign: v.optional(v.boolean('expected true or false'), false),
  expected: v.optional(v.object({ url: v.optional(v.unknown()) })),
});
const huawei = v.object({
  ...common,
  ak: text,
  sk: text,
  body: v.nullish(text),
  xSdkDate: v.pipe(text, v.regex(/^\d{8}T\d{6}Z$/, 'expected YYYYMMDDTHHMMSSZ')),
});

export function signTencent(input: unknown) {
  const request = parseWith(tencent, input, 'The request', 'SIGNING_INPUT');
  const { keyTime, signTime, secretKey, securityToken, presign, expected } = request;
  const headers = chosen(request);
  const steps: Steps = cosSteps({ ...request, headers }, request, keyTime, signTime);
  const secrets = [secretKey, steps['signKey'] ?? '', securityToken ?? '', ...tokensIn(request)];
  if (!presign && expected?.url === undefined) return { steps, secrets };
  const origin = `https://${headers['host'] ?? ''}`;
  const { secretId } = request;
  const credentials = { secretId, secretKey, ...(securityToken && { securityToken }) };
  return {
    steps: { ...steps, url: presignedUrl({ ...request, headers, origin }, credentials, keyTime) },
    secrets,
  };
}

export function signHuawei(input: unknown) {
  const request = parseWith(huawei, input, 'The request', 'SIGNING_INPUT');
  const { ak: secretId, sk: secretKey, body, xSdkDate, securityToken } = request;
  const headers = { 'x-sdk-date': xSdkDate, ...chosen(request) };
  const steps = huaweiSteps(
    { ...request, headers, body: body ?? '' },
    { secretId, secretKey },
    xSdkDate,
  );
  return { steps, secrets: [secretKey, securityToken ?? '', ...tokensIn(request)] };
}

/** Tokens that were given as a header or parameter. */
const tokensIn = ({ headers, query: pairs }: Common): readonly string[] =>
  [...Object.entries(headers), ...pairs]
    .filter(([name]) => /security-token|auth-token/i.test(name))
    .map(([, given]) => given);

/** The headers that enter the signature, names in lower case: all, unless `signedHeaders` names some. */
function chosen({ headers, signedHeaders }: Common): Record<string, string> {
  const wanted = signedHeaders?.map((name) => name.toLowerCase());
  const pairs = Object.entries(headers)
    .map(([name, given]): Pair => [name.toLowerCase(), given])
    .filter(([name]) => wanted?.includes(name) ?? name !== 'authorization');
  const missing = wanted?.find((name) => !pairs.some(([given]) => given === name));
  if (missing !== undefined) {
    throw new InputError('SIGNING_INPUT', 'A signed header is missing.', [
      { path: `headers.${missing}`, message: 'expected, because signedHeaders names it' },
    ]);
  }
  return Object.fromEntries(pairs);
}
