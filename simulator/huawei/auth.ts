/**
 * Checks the authentication of an OMS call as the gateway does: a signature SDK-HMAC-SHA256 or a
 * token. https://support.huaweicloud.com/intl/en-us/devg-apisign/api-sign-algorithm-002.html
 */
import { constantTimeEqual } from '../../shared/lib/encoding.ts';
import { huaweiSteps, sdkDate } from '../../shared/signing/huawei.ts';
import { parseQuery } from '../query.ts';
import { type Answer, decode, type Wire } from '../server.ts';
import { authenticationError, gatewayError } from './answers.ts';
import type { Tokens } from './iam.ts';
import { createLock } from './lock.ts';

export interface HuaweiKey {
  readonly ak: string;
  readonly sk: string;
  readonly securityToken?: string;
  /** Projects it may use. @default the simulator's */
  readonly projects?: readonly string[];
}

interface AuthOptions {
  readonly keys: readonly HuaweiKey[];
  /** Of keys that name no projects. */
  readonly projects: readonly string[];
  readonly tokens: Tokens;
  readonly now: () => Date;
  readonly stats: { signatureRefusals: number; lockedRefusals: number };
}

/** Undefined when the caller may go on, else the refusal. */
export type Refuse = (wire: Wire, projectId: string) => Answer | undefined;

const AUTHORIZATION =
  /^SDK-HMAC-SHA256 Access=([^,\s]+), SignedHeaders=([a-z0-9_;-]+), Signature=([0-9a-f]{64})$/;
const SKEW_MS = 900_000;
const FAILURES = 5;
const LOCKED_MS = 300_000;
const LONGEST_TOKEN = 16_384;

export function createAuth({ keys, projects, tokens, now, stats }: AuthOptions): Refuse {
  const known = new Map(keys.map((key) => [key.ak, key]));
  const lock = createLock(FAILURES, LOCKED_MS, now);

  const refuse = (reason: string): Answer => {
    stats.signatureRefusals += 1;
    return authenticationError(reason);
  };

  const refuseSigned = (wire: Wire, projectId: string): Answer | undefined => {
    const parts = signatureParts(wire, now());
    if (typeof parts === 'string') return refuse(parts);
    const { ak, list, signature } = parts;
    const key = known.get(ak);
    if (!key) return refuse(`ak ${ak} not exist`);
    if (lock.isLocked(ak)) {
      stats.lockedRefusals += 1;
      return authenticationError(`ak ${ak} is locked after repeated failures, try again later`);
    }
    const fail = (reason: string): Answer => {
      lock.failed(ak);
      return refuse(reason);
    };
    if (wire.headers['x-security-token'] !== key.securityToken) return fail('decrypt token fail');
    const steps = recompute(wire, list.split(';'), key);
    if (!steps) return fail('verify aksk signature fail, the request is not valid UTF-8');
    if (steps.signedHeaders !== list || !constantTimeEqual(steps.signature, signature)) {
      const quoted = steps.canonicalRequest.replaceAll('\n', '|');
      return fail(`verify aksk signature fail, canonicalRequest:${quoted}`);
    }
    lock.passed(ak);
    if (!(key.projects ?? projects).includes(projectId)) {
      return gatewayError(403, '0310', `The project ${projectId} is not available to this key.`);
    }
    return undefined;
  };

  return (wire, projectId) => {
    const { authorization, 'x-auth-token': token, 'x-project-id': declared } = wire.headers;
    if (authorization !== undefined && token !== undefined) {
      return refuse('a signature and a token were sent, send one of them');
    }
    if (authorization === undefined && token === undefined) {
      return refuse('neither a signature nor a token was sent');
    }
    const refusal =
      token === undefined ? refuseSigned(wire, projectId) : refuseToken(tokens, token, projectId);
    if (refusal || declared === undefined || declared === projectId) return refusal;
    return refuse('X-Project-Id is not the project of the path');
  };
}

function refuseToken(tokens: Tokens, token: string, projectId: string): Answer | undefined {
  if (token.length > LONGEST_TOKEN) return authenticationError('decrypt token fail');
  const found = tokens.find(token);
  if (!found) return gatewayError(401, '0307', 'The token must be updated.');
  return found.projectId === projectId
    ? undefined
    : gatewayError(403, '0302', 'The IAM user is not allowed to use this project.');
}

/** What the Authorization header holds, or why it is refused whoever signed. */
function signatureParts(wire: Wire, now: Date) {
  const { headers } = wire;
  const parts = AUTHORIZATION.exec(headers['authorization'] ?? '');
  if (!parts) return 'the Authorization header is malformed';
  const [, ak = '', list = '', signature = ''] = parts;
  const names = list.split(';');
  const unsigned = mustSign(wire).find((name) => !names.includes(name));
  if (unsigned !== undefined) return `header ${unsigned} is not signed`;
  if (names.includes('authorization')) return 'header authorization is signed';
  const sentAt = headers['x-sdk-date'] ?? '';
  const skewMs = now.getTime() - parseBasicTime(sentAt);
  if (Number.isNaN(skewMs)) return 'X-Sdk-Date is malformed';
  return Math.abs(skewMs) > SKEW_MS
    ? `signature expired, signature time:${sentAt}, server time:${sdkDate(now)}`
    : { ak, list, signature };
}

/** The vendor's Go client signs neither host nor type. */
const mustSign = ({ headers }: Wire): readonly string[] => [
  'x-sdk-date',
  ...['x-project-id', 'x-security-token'].filter((name) => headers[name] !== undefined),
];

const BASIC_TIME = /^(\d{4})(\d\d)(\d\d)T(\d\d)(\d\d)(\d\d)Z$/;

/** Milliseconds of a `YYYYMMDDTHHMMSSZ`, NaN of anything else. */
export const parseBasicTime = (text: string): number =>
  BASIC_TIME.test(text) ? Date.parse(text.replace(BASIC_TIME, '$1-$2-$3T$4:$5:$6Z')) : Number.NaN;

/** The steps as the gateway computes them; undefined when the request cannot be read. */
function recompute(wire: Wire, names: readonly string[], { ak, sk }: HuaweiKey) {
  const path = decode(wire.rawPath);
  const query = parseQuery(wire.rawQuery);
  if (path === undefined || !query) return undefined;
  const headers = Object.fromEntries(names.map((name) => [name, wire.headers[name] ?? '']));
  const body = wire.body.toString('utf8');
  const request = { method: wire.method as 'GET', path, query, headers, body };
  return huaweiSteps(request, { secretId: ak, secretKey: sk }, wire.headers['x-sdk-date'] ?? '');
}
