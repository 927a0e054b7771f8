/**
 * Maps Huawei error codes to classes, and reads the error answers of OMS, the gateway and IAM.
 *
 * OMS: https://support.huaweicloud.com/intl/en-us/api-oms/ErrorCode.html, gateway:
 * https://support.huaweicloud.com/intl/en-us/devg-apisign/api-sign-errorcode.html (OMS reference,
 * sections 3.6 and 4)
 */
import type { ProviderClock } from '../../lib/clock.ts';
import { type CauseClass, type ClockError, ProviderError } from '../../lib/errors.ts';
import type { ApiResponse } from '../../lib/http.ts';
import { parseRetryAfter } from '../../lib/http-date.ts';
import { isRecord, own, parseRecord, scalarText } from '../../lib/values.ts';

const numbered = (kind: CauseClass, numbers: string): [string, CauseClass][] =>
  numbers.split(' ').map((number) => [number, kind]);

/** By number: v1 writes `S3M.0065` where today's list has `OMS.0065`. */
const OMS_CLASSES: Readonly<Record<string, CauseClass>> = Object.fromEntries([
  ...numbered('request', '0001 0002 0004 0005 0051 0052 0054 0057 0058 0059 0060 0061 0064 0067'),
  ...numbered('request', '0073 0074 0078 0079 0080 0081 0083 0084 0085 0087 0151 0152 0153 0155'),
  ...numbered('request', '0157 0158 0168 0302 0303 0304 0305 0307 0308 1002 1003 1004 1006 1007'),
  ...numbered('request', '1008 1010 1011 1013 1018 1023 1027 1028 1030 1031 1032 1035 0014 0055'),
  ...numbered('request', '0056 0082 0088 0162 0163 0256'),
  ...numbered('credentials', '0053 0068 0072 0169 0201 0202 0203 0204 0205 0206 1005 1014 1016'),
  ...numbered('credentials', '1020 1041'),
  ...numbered('state', '0063 0065 0066 0070 0167 1009 1019 1022 1033 1036 1038 1039 1040'),
  ...numbered('quota', '0075 0076 0077 1012 1015 1017 1021 1037'),
  ...numbered('transient', '0062 0069 0086 0154 0156 0159 0160 0161 1001 1026 2004'),
  // Ruling: a missing source is the source's, though the list calls it a bad request.
  ...numbered('source', '0089 0306'),
]);

/**
 * Gateway codes whose class is not that of their status; `APIG.` of one's own APIs alike, though with
 * other statuses: the number decides.
 */
const GATEWAY_CLASSES: Readonly<Record<string, CauseClass>> = Object.fromEntries([
  // Routes and settings that no repetition mends, some of them with status 500.
  ...numbered('request', '0101 0103 0104 0105 0106 0204 0602 0607 0612 0705'),
  ...numbered('credentials', '0301 0302 0303 0304 0305 0306 0307 0310 0311 0502 0802 1009'),
  ...numbered('throttled', '0308 0613'),
  ...numbered('quota', '0501'),
]);

/** The token must be renewed: https://support.huaweicloud.com/intl/en-us/devg-apisign/api-sign-errorcode.html */
export const isTokenExpired = ({ status, body }: ApiResponse): boolean =>
  status === 401 && parseError(body)?.code.endsWith('.0307') === true;

/** The number of `OMS.0065` or `S3M.0065`; undefined for any other code. */
export const omsNumber = (code: string): string | undefined =>
  /^(?:OMS|S3M)\.(\d{4})$/.exec(code)?.[1];

export const statusClass = (status: number): CauseClass => {
  if (status === 429 || status === 503) return 'throttled';
  if (status === 401 || status === 403) return 'credentials';
  return status >= 500 ? 'transient' : 'request';
};

function classOf(code: string, status: number): CauseClass {
  const oms = omsNumber(code);
  if (oms !== undefined) return own(OMS_CLASSES, oms) ?? statusClass(status);
  const gateway = /^APIGW?\.(\d{4})$/.exec(code)?.[1];
  return (gateway !== undefined && own(GATEWAY_CLASSES, gateway)) || statusClass(status);
}

/**
 * The error of an answer that is not a success. `sent` is `unknown` for whatever failed inside,
 * wherever it says so: the call may have been carried out.
 */
export function huaweiError(
  answer: ApiResponse,
  doing: string,
  { clock, at }: { readonly clock: ProviderClock; readonly at: Date },
): ProviderError | ClockError {
  const { status, headers, body } = answer;
  const spoken = parseError(body);
  const providerCode = spoken?.code ?? `HTTP_${status}`;
  const kind = classOf(providerCode, status);
  const message = spoken?.message ?? 'the answer contains no Huawei Cloud error message';
  const summary = `${doing}: ${status} ${providerCode}: `;
  if (isTimeRefused(providerCode, message)) return clock.correct(headers, at, summary + message);
  return new ProviderError(summary + hint(providerCode, message), {
    provider: 'huawei',
    providerCode,
    status,
    class: kind,
    requestId: headers['x-request-id'] ?? spoken?.requestId,
    retryAfterMs: parseRetryAfter(headers['retry-after'], at),
    sent: mayBeTaken(kind, status, providerCode) ? 'unknown' : 'no',
  });
}

/** In front of a service are 429, and a 503 that says that IAM is not available; no other 503. */
const mayBeTaken = (kind: CauseClass, status: number, code: string): boolean =>
  kind === 'transient' || (kind === 'throttled' && status >= 500 && !/\.0613$|^IAM\./.test(code));

interface Spoken {
  readonly code: string;
  readonly message: string;
  readonly requestId: string | undefined;
}

/** Hides values that an answer may quote; one that is too short to be a secret stays. */
export function hideSecrets(body: string, secrets: readonly (string | undefined)[]): string {
  let text = body;
  for (const secret of secrets) {
    if (secret === undefined) continue;
    // In JSON a quote within it is escaped, and twice where JSON is quoted in JSON.
    const escaped = inJson(secret);
    for (const form of [inJson(escaped), escaped, secret]) {
      if (form.length >= 4) text = text.replaceAll(form, '***');
    }
  }
  return text;
}

const inJson = (text: string): string => JSON.stringify(text).slice(1, -1);

/** `{error_code, error_msg, request_id?}` of OMS and the gateway, `{error: {code, message}}` of IAM. */
function parseError(body: string): Spoken | undefined {
  const answer = parseRecord(body);
  if (!answer) return undefined;
  const { error_code: code, error_msg: message, request_id: requestId, error } = answer;
  if (typeof code === 'string' && code !== '') {
    return {
      code,
      message: typeof message === 'string' ? message : '',
      requestId: typeof requestId === 'string' ? requestId : undefined,
    };
  }
  if (!isRecord(error)) return undefined;
  const number = scalarText(error['code']);
  if (number === '') return undefined;
  return {
    code: `IAM.${number}`,
    message: scalarText(error['message'] ?? error['title']),
    requestId: undefined,
  };
}

/** What to look at for the sub-cases of a refused signature, which share one code. */
function hint(code: string, message: string): string {
  if (!code.endsWith('.0301')) return message;
  const found = SUB_CASES.find(([pattern]) => pattern.test(saidIn(message)));
  return found ? `${message} (${found[1]})` : message;
}

/** Without what it quotes of the request, which names paths and headers of ours. */
const saidIn = (message: string): string => message.split('canonicalRequest')[0] ?? '';

/** `signature expired`, with both times (OMS reference, section 4, sub-cases of 0301). */
const isTimeRefused = (code: string, message: string): boolean =>
  /^APIGW?\.0301$/.test(code) && /expired|\b(?:server|signature) time\b/i.test(saidIn(message));

const SUB_CASES: readonly (readonly [RegExp, string])[] = [
  [/not exist/i, 'the access key is unknown in this region or was deleted'],
  [/decrypt/i, 'the token is cut, or comes from another site or region'],
  [/lock/i, 'the access key is locked for five minutes after repeated failures'],
  [/sign/i, 'the secret key does not belong to the access key'],
];
