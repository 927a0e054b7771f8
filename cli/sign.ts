/**
 * `waybill sign`: one request per line in, its signature with every string on the way out, with the
 * field names of `test/vectors/`. Knows no network; the time is part of the input.
 */
import * as v from 'valibot';
import type { Pair } from '../shared/lib/api-request.ts';
import { InputError } from '../shared/lib/errors.ts';
import { parseWith } from '../shared/lib/validate.ts';
import { cosSteps, presignedUrl } from '../shared/signing/cos.ts';
import {
  compareWithProvider,
  type SigningProvider,
  type Steps,
} from '../shared/signing/explain.ts';
import { huaweiSteps } from '../shared/signing/huawei.ts';
import { explanation } from './sign-text.ts';

export interface SignOptions {
  readonly provider: SigningProvider;
  /** Prints the steps for a person instead of JSON. */
  readonly explain: boolean;
  /** The provider's refusal, compared with each request. */
  readonly errorText?: string;
  readonly input: AsyncIterable<string>;
  readonly stdout: { write(text: string): unknown };
  readonly stderr: { write(text: string): unknown };
}

/** 0: all lines signed; 2: some line was no request, said on stderr by line and field. */
export type SignExitCode = 0 | 2;

export async function sign(options: SignOptions): Promise<SignExitCode> {
  const { provider, explain, errorText, input, stdout, stderr } = options;
  let exitCode: SignExitCode = 0;
  let number = 0;
  let signed = 0;
  for await (const line of input) {
    number += 1;
    const request = line.replace(/^\uFEFF/, '');
    if (request.trim() === '') continue;
    try {
      const { steps, secrets } = signLine(provider, request);
      signed += 1;
      if (!explain) stdout.write(`${JSON.stringify(steps)}\n`);
      else {
        const comparison =
          errorText === undefined ? undefined : compareWithProvider(provider, steps, errorText);
        stdout.write(explanation(provider, steps, secrets, comparison));
      }
    } catch (error) {
      if (!(error instanceof InputError)) throw error;
      exitCode = 2;
      const faults = error.errors.map(({ path, message }) => `${path}: ${message}`);
      stderr.write(`line ${number}: ${faults.join('; ') || error.message}\n`);
    }
  }
  if (signed === 0 && exitCode === 0) {
    stderr.write('no request on standard input; expected one JSON object per line\n');
    return 2;
  }
  return exitCode;
}

const SIGNERS: Readonly<
  Record<SigningProvider, (input: unknown) => { steps: Steps; secrets: readonly string[] }>
> = { tencent: signTencent, huawei: signHuawei };

function signLine(provider: SigningProvider, line: string) {
  let input: unknown;
  try {
    input = JSON.parse(line);
  } catch (error) {
    throw new InputError('SIGNING_INPUT', 'The line is not JSON.', [
      { path: '(whole line)', message: `expected a JSON object${placeOf(error)}` },
    ]);
  }
  return SIGNERS[provider](input);
}

/** Where JSON ends to be JSON; the parser's own words quote the line, which holds a secret. */
function placeOf(error: unknown): string {
  const [, position] = /at position (\d+)/.exec(String(error)) ?? [];
  return position === undefined ? '' : `; it is none from column ${Number(position) + 1} on`;
}

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

function signTencent(input: unknown) {
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

function signHuawei(input: unknown) {
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
const tokensIn = ({
  headers,
  query: pairs,
}: {
  readonly headers: Readonly<Record<string, string>>;
  readonly query: readonly (readonly [string, string])[];
}): readonly string[] =>
  [...Object.entries(headers), ...pairs]
    .filter(([name]) => /security-token|auth-token/i.test(name))
    .map(([, given]) => given);

/** The headers that enter the signature, names in lower case: all, unless `signedHeaders` names some. */
function chosen({
  headers,
  signedHeaders,
}: {
  readonly headers: Readonly<Record<string, string>>;
  readonly signedHeaders?: readonly string[] | undefined;
}): Record<string, string> {
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
