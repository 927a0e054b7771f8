import { describe, expect, it } from 'vitest';
import { toCause } from '../../../../../shared/lib/cause.ts';
import { createClock } from '../../../../../shared/lib/clock.ts';
import type { CauseClass, ProviderError } from '../../../../../shared/lib/errors.ts';
import type { ApiResponse } from '../../../../../shared/lib/http.ts';
import {
  hideSecrets,
  huaweiError,
  isTokenExpired,
  omsNumber,
} from '../../../../../shared/providers/huawei/errors.ts';

const NOW = new Date('2026-11-20T02:00:00Z');
const answer = (status: number, body: unknown, headers = {}): ApiResponse => ({
  status,
  headers,
  body: typeof body === 'string' ? body : JSON.stringify(body),
});
const errorOf = (status: number, body: unknown, headers = {}) =>
  huaweiError(answer(status, body, headers), 'starting task 1', {
    clock: createClock({ now: () => NOW }),
    at: NOW,
  }) as ProviderError;
const spoken = (error_code: string, error_msg = 'told') => ({ error_code, error_msg });
const words = (text: string) => text.trim().split(/\s+/);

/** The reference's lists, section 3.6, by its own letters. Those with `?` may be any of the first two. */
const OMS: Readonly<Record<string, string>> = {
  F: `0001 0002 0004 0005 0051 0052 0054 0057 0058 0059 0060 0079 0080 0061 0064 0067 0074 0078 0081
    0083 0084 0085 0087 0151 1002 1003 1004 1007 1010 1006 1008 1011 1013 1018 1023 1027 1028 1030
    1031 1032`,
  C: '0053 0068 0072 0201 0202 0203 0204 1005 1014 1016 1020 1041',
  S: '0063 0065 0066 0070 0167 1009 1019 1022 1033 1036 1038 1039 1040',
  Q: '0077 1012 1015 1017 1021 1037',
  T: '0062 0086 0156 0159 0160 0161 1001 1026',
  source: '0089 0306',
  '?': '0073 0152 0153 0155 0302 0303 0304 0305 0307 0308 1035 0157 0158 0168 0169',
};
const CLASSES: Readonly<Record<string, readonly CauseClass[]>> = {
  F: ['request'],
  C: ['credentials'],
  S: ['state'],
  Q: ['quota'],
  T: ['transient'],
  source: ['source'],
  '?': ['request', 'credentials'],
};

describe('codes of OMS', () => {
  const rows = Object.entries(OMS).flatMap(([letter, numbers]) =>
    words(numbers).map((number) => [number, CLASSES[letter] ?? []] as const),
  );

  it.each(rows)('%s is of class %j, as OMS and as S3M', (number, classes) => {
    for (const prefix of ['OMS', 'S3M']) {
      const error = errorOf(400, spoken(`${prefix}.${number}`));
      expect(classes).toContain(error.class);
      expect(error).toMatchObject({
        providerCode: `${prefix}.${number}`,
        status: 400,
        sent: error.class === 'transient' ? 'unknown' : 'no',
      });
    }
  });

  it.each<[string, CauseClass]>([
    ...words('0014 0055 0056 0082 0088 0162 0163 0256').map((number): [string, CauseClass] => [
      number,
      'request',
    ]),
    ['0075', 'quota'],
    ['0076', 'quota'],
    ['0069', 'transient'],
    ['0154', 'transient'],
  ])('S3M.%s, of v1 only, is of class %s', (number, kind) => {
    expect(errorOf(400, spoken(`S3M.${number}`)).class).toBe(kind);
  });

  it.each([
    ['OMS.0205', 403, 'credentials', 'no'],
    ['OMS.0206', 403, 'credentials', 'no'],
    ['OMS.2004', 503, 'transient', 'unknown'],
    ['OMS.9999', 400, 'request', 'no'],
    ['OMS.9999', 403, 'credentials', 'no'],
    ['OMS.9999', 500, 'transient', 'unknown'],
    ['OMS.9999', 429, 'throttled', 'no'],
    // Of another product.
    ['OMS.01001', 400, 'request', 'no'],
    ['OMS.00065', 400, 'request', 'no'],
    ['MgC.00000001', 400, 'request', 'no'],
  ] as const)('%s with status %i is of class %s', (code, status, kind, sent) => {
    expect(errorOf(status, spoken(code))).toMatchObject({ class: kind, sent });
  });

  it.each([
    ['OMS.0065', '0065'],
    ['S3M.0065', '0065'],
    ['APIGW.0301', undefined],
    ['OMS.00065', undefined],
    ['XOMS.0065', undefined],
    ['HTTP_400', undefined],
  ])('of %s is read as %s', (code, number) => {
    expect(omsNumber(code)).toBe(number);
  });
});

describe('codes of the gateway', () => {
  /** The reference's table, section 4: number, statuses, class, and whether a start may have been taken. */
  const rows: readonly (readonly [string, readonly number[], CauseClass, 'no' | 'unknown'])[] = [
    ['0101', [404], 'request', 'no'],
    ['0103', [404, 500], 'request', 'no'],
    ['0104', [400, 500], 'request', 'no'],
    ['0105', [400, 500], 'request', 'no'],
    ['0106', [400], 'request', 'no'],
    ['0201', [400, 413, 414, 494], 'request', 'no'],
    ['0201', [500, 502, 504], 'transient', 'unknown'],
    ['0202', [502], 'transient', 'unknown'],
    ['0204', [400], 'request', 'no'],
    ['0301', [401], 'credentials', 'no'],
    ['0302', [403], 'credentials', 'no'],
    ['0303', [401], 'credentials', 'no'],
    ['0304', [403], 'credentials', 'no'],
    ['0305', [401], 'credentials', 'no'],
    ['0306', [403], 'credentials', 'no'],
    ['0307', [401], 'credentials', 'no'],
    ['0308', [429], 'throttled', 'no'],
    ['0310', [403], 'credentials', 'no'],
    ['0311', [401], 'credentials', 'no'],
    ['0401', [403], 'credentials', 'no'],
    ['0402', [403], 'credentials', 'no'],
    ['0404', [403], 'credentials', 'no'],
    ['0501', [405], 'quota', 'no'],
    ['0502', [405], 'credentials', 'no'],
    ['0601', [500], 'transient', 'unknown'],
    ['0602', [400], 'request', 'no'],
    ['0605', [500], 'transient', 'unknown'],
    ['0606', [500], 'transient', 'unknown'],
    ['0607', [400], 'request', 'no'],
    ['0608', [500], 'transient', 'unknown'],
    ['0609', [500], 'transient', 'unknown'],
    ['0610', [502], 'transient', 'unknown'],
    ['0611', [500], 'transient', 'unknown'],
    ['0612', [500], 'request', 'no'],
    ['0613', [503], 'throttled', 'no'],
    ['0705', [500], 'request', 'no'],
    ['0802', [403], 'credentials', 'no'],
    ['1009', [400], 'credentials', 'no'],
  ];

  it.each(rows)('%s with status %j is of class %s', (number, statuses, kind, sent) => {
    for (const status of statuses) {
      for (const prefix of ['APIGW', 'APIG']) {
        const error = errorOf(status, spoken(`${prefix}.${number}`));
        expect(error).toMatchObject({ class: kind, sent, providerCode: `${prefix}.${number}` });
      }
    }
  });

  it.each([
    ['verify aksk signature fail', 'the secret key does not belong to the access key'],
    ['ak AK1 not exist', 'the access key is unknown in this region or was deleted'],
    ['decrypt token fail', 'the token is cut, or comes from another site or region'],
    [
      'ak AK1 is locked after repeated failures',
      'the access key is locked for five minutes after repeated failures',
    ],
  ])('0301 with "%s" has a hint', (message, hint) => {
    const told = `Incorrect IAM authentication information: ${message}`;
    expect(errorOf(401, spoken('APIGW.0301', told)).message).toBe(
      `starting task 1: 401 APIGW.0301: ${told} (${hint})`,
    );
  });

  it('0301 of an expired signature is a fault of the clock, and not of the key', () => {
    const said = 'signature expired, signature time:20261120T010000Z, server time:20261120T020000Z';
    const date = { date: 'Fri, 20 Nov 2026 02:20:00 GMT' };
    expect(toCause(errorOf(401, spoken('APIGW.0301', said), date))).toEqual({
      provider: 'waybill',
      code: 'CLOCK_APART',
      class: 'transient',
      message: `The clock here is 20 min behind that of the provider: starting task 1: 401 APIGW.0301: ${said}`,
    });
  });

  it('0301 takes its hint from what is said, not from what is quoted of the request', () => {
    const quoted = 'POST|/v2/p/tasks/expired-not exist-lock/start/||host:oms.example';
    const message = `verify aksk signature fail, canonicalRequest:${quoted}`;
    expect(errorOf(401, spoken('APIGW.0301', message)).message).toContain(
      '(the secret key does not belong to the access key)',
    );
  });

  it('other codes have no hint', () => {
    expect(errorOf(401, spoken('APIGW.0303', 'signature expired')).message).toMatch(/expired$/);
    expect(errorOf(401, spoken('APIGW.0301', 'something else')).message).toMatch(/else$/);
  });

  it('G6: a quoted canonical request shows no token', () => {
    const quoted = [
      'POST',
      '/v2/p/tasks/1/start/',
      '',
      'content-type:application/json',
      'host:oms.cn-north-4.myhuaweicloud.com',
      'x-sdk-date:20261120T020000Z',
      'x-security-token:canary-token+/=',
      '',
      'content-type;host;x-sdk-date;x-security-token',
      'hash',
    ].join('|');
    const authorization =
      'SDK-HMAC-SHA256 Access=canary-ak, SignedHeaders=host, Signature=canary-signature';
    const message = `verify aksk signature fail, canonicalRequest:${quoted} authorization: ${authorization}`;
    const error = errorOf(401, spoken('APIGW.0301', message));
    const shown = JSON.stringify([error.message, error.stack, toCause(error)]);
    expect(shown).not.toContain('canary-');
    expect(shown).toContain('x-sdk-date:20261120T020000Z');
    expect(shown).toContain('content-type;host;x-sdk-date;x-security-token');
  });
});

describe('other answers', () => {
  it.each([
    [400, 'request', 'no'],
    [401, 'credentials', 'no'],
    [403, 'credentials', 'no'],
    [404, 'request', 'no'],
    [429, 'throttled', 'no'],
    [500, 'transient', 'unknown'],
    [503, 'throttled', 'no'],
  ] as const)('of IAM with code %i are of class %s', (status, kind, sent) => {
    const body = { error: { code: status, message: 'told', title: 'Title' } };
    expect(errorOf(status, body)).toMatchObject({
      class: kind,
      sent,
      providerCode: `IAM.${status}`,
      message: `starting task 1: ${status} IAM.${status}: told`,
    });
  });

  it('of IAM have their title where there is no message', () => {
    const body = { error: { code: 'IAM.0011', title: 'Title' } };
    expect(errorOf(401, body).message).toContain('Title');
  });

  it.each<[string, unknown]>([
    ['HTML', '<html><title>canary</title></html>'],
    ['nothing', ''],
    ['JSON of another shape', { message: 'canary' }],
    ['a list', ['canary']],
    ['null', 'null'],
    ['a code that is no text', { error_code: 7, error_msg: 'canary' }],
    ['an empty code', { error_code: '', error_msg: 'canary' }],
    ['an error that is a text', { error: 'canary' }],
    ['an error without a code', { error: { message: 'canary' } }],
  ])('that are %s are judged by their status, and never quoted', (_name, body) => {
    for (const [status, kind, sent] of [
      [400, 'request', 'no'],
      [401, 'credentials', 'no'],
      [404, 'request', 'no'],
      [429, 'throttled', 'no'],
      [500, 'transient', 'unknown'],
      [502, 'transient', 'unknown'],
      [504, 'transient', 'unknown'],
    ] as const) {
      expect(errorOf(status, body)).toMatchObject({
        class: kind,
        sent,
        providerCode: `HTTP_${status}`,
        message: `starting task 1: ${status} HTTP_${status}: the answer contains no Huawei Cloud error message`,
      });
    }
  });

  it('with a message that is no text have none', () => {
    const error = errorOf(400, { error_code: 'OMS.0064', error_msg: { a: 1 } });
    expect(error.message).toBe('starting task 1: 400 OMS.0064: ');
  });

  it('keep the request id of the header, else of the body', () => {
    const body = { ...spoken('APIGW.0301'), request_id: 'of-body' };
    expect(errorOf(401, body, { 'x-request-id': 'of-header' }).requestId).toBe('of-header');
    expect(errorOf(401, body).requestId).toBe('of-body');
    expect(errorOf(401, spoken('OMS.0001')).requestId).toBeUndefined();
  });

  it('keep how long to wait', () => {
    const wait = (text: string) =>
      errorOf(429, spoken('APIGW.0308'), { 'retry-after': text }).retryAfterMs;
    expect(wait('3')).toBe(3_000);
    expect(wait('Fri, 20 Nov 2026 02:00:05 GMT')).toBe(5_000);
    expect(wait('soon')).toBeUndefined();
  });

  it('have a cause with 256 characters at most', () => {
    const cause = toCause(errorOf(400, spoken('OMS.0064', 'x'.repeat(1_000))));
    expect(cause).toMatchObject({ provider: 'huawei', code: 'OMS.0064', class: 'request' });
    expect(cause.message).toHaveLength(256);
  });
});

describe('a token that must be renewed', () => {
  it.each([
    [401, spoken('APIGW.0307'), true],
    [401, spoken('APIG.0307'), true],
    [400, spoken('APIGW.0307'), false],
    // The list of failed objects could not be appended to.
    [400, spoken('OMS.0307'), false],
    [401, spoken('APIGW.0301'), false],
    [401, '<html>0307</html>', false],
    [401, '', false],
  ])('status %i with %j: %s', (status, body, expected) => {
    expect(isTokenExpired(answer(status, body))).toBe(expected);
  });
});

describe('hidden secrets', () => {
  const secret = 'a"b\\c$&';
  it.each([
    ['as they are', (text: string) => text],
    ['in JSON', (text: string) => JSON.stringify(text)],
    ['in JSON within JSON', (text: string) => JSON.stringify(JSON.stringify(text))],
  ])('are found %s', (_name, write) => {
    expect(hideSecrets(`before ${write(secret)} after`, [undefined, secret])).toMatch(
      /^before [\\"]*\*\*\*[\\"]* after$/,
    );
  });

  it('are no text of three characters', () => {
    expect(hideSecrets('{"id":1}', ['id', ''])).toBe('{"id":1}');
  });
});
