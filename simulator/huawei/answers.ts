/** Answers and errors in the forms of Huawei Cloud: OMS and gateway as JSON, IAM nested, OBS as XML. */
import type { Refusals } from '../faults/disturb.ts';
import type { Answer } from '../server.ts';

let requests = 0;

/** 32 hex digits, as in the samples. */
export function requestId(): string {
  requests += 1;
  return `9f1c2d3e4b5a69788796a5b4${requests.toString(16).padStart(8, '0')}`;
}

export function json(status: number, value: unknown): Answer {
  return {
    status,
    headers: { 'content-type': 'application/json;charset=utf-8', 'x-request-id': requestId() },
    body: JSON.stringify(value),
  };
}

/** A success without a documented body. */
export const done = (): Answer => ({ status: 200, headers: { 'x-request-id': requestId() } });

/**
 * A refusal of OMS itself: https://support.huaweicloud.com/intl/en-us/api-oms/ErrorCode.html
 * @param code with its prefix, such as `OMS.0064`
 */
export const omsError = (code: string, message: string, status = 400): Answer =>
  json(status, { error_code: code, error_msg: message });

/** What the service can do and the simulator can't: a made-up answer would mislead. */
export const notSimulated = (what: string): Answer =>
  omsError('NotImplemented', `${what} is not simulated.`, 501);

/**
 * A refusal of the gateway, before OMS sees the call:
 * https://support.huaweicloud.com/intl/en-us/devg-apisign/api-sign-errorcode.html
 */
export function gatewayError(status: number, code: string, message: string): Answer {
  const id = requestId();
  return {
    status,
    headers: { 'content-type': 'application/json', 'x-request-id': id },
    body: JSON.stringify({ error_msg: message, error_code: `APIGW.${code}`, request_id: id }),
  };
}

/** 401 `APIGW.0301` with one of its sub-cases. */
export const authenticationError = (reason: string): Answer =>
  gatewayError(401, '0301', `Incorrect IAM authentication information: ${reason}`);

/** https://support.huaweicloud.com/api-iam/iam_30_0001.html */
export const iamError = (code: number, title: string, message: string): Answer =>
  json(code, { error: { code, message, title } });

export function obsError(status: number, code: string, message: string, path = '/'): Answer {
  const id = requestId();
  return {
    status,
    headers: { 'content-type': 'application/xml', 'x-obs-request-id': id },
    body:
      '<?xml version="1.0" encoding="UTF-8" standalone="yes"?>\n' +
      `<Error><Code>${code}</Code><Message>${escapeXml(message)}</Message>` +
      `<Resource>${escapeXml(path)}</Resource><RequestId>${id}</RequestId><HostId>simulator</HostId></Error>`,
  };
}

const throttled = () =>
  gatewayError(
    429,
    '0308',
    'The throttling threshold has been reached: policy user over ratelimit,limit:20,time:1 second',
  );

/** Refusals in front of OMS. */
export const gatewayRefusals: Refusals = {
  slowDown: throttled,
  tooManyRequests: throttled,
  internalError: () => gatewayError(500, '0601', 'Internal server error.'),
};

export const iamRefusals: Refusals = {
  slowDown: () => iamError(429, 'Too Many Requests', 'The request rate is limited.'),
  tooManyRequests: () => iamError(429, 'Too Many Requests', 'The request rate is limited.'),
  internalError: () => iamError(500, 'Internal Server Error', 'An unexpected error occurred.'),
};

export const obsRefusals: Refusals = {
  slowDown: () => obsError(503, 'SlowDown', 'Please reduce your request rate.'),
  tooManyRequests: () => obsError(429, 'TooManyRequests', 'Please reduce your request rate.'),
  internalError: () => obsError(500, 'InternalError', 'We encountered an internal error.'),
};

const escapeXml = (text: string): string =>
  text.replaceAll('&', '&amp;').replaceAll('<', '&lt;').replaceAll('>', '&gt;');
