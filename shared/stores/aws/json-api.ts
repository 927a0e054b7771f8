/**
 * Calls of the AWS services that speak JSON over POST: DynamoDB, SQS, Secrets Manager. One name and
 * one document go in, one document comes out.
 */
import { setTimeout as sleep } from 'node:timers/promises';
import { AwsError, isPassing } from '../../lib/aws/errors.ts';
import { createSignedSend } from '../../lib/aws/sigv4.ts';
import { TransportError } from '../../lib/errors.ts';
import { type ApiResponse, createSend, type Send } from '../../lib/http.ts';
import { delayMs } from '../../lib/retry.ts';
import { isRecord, parseRecord } from '../../lib/values.ts';
import type { AwsConfig } from './config.ts';
import { domainOf } from './config.ts';

/**
 * Calls one action; after a lost answer it is sent again, so actions must bear repeating.
 * @throws AwsError when it is refused; TransportError when no answer came
 */
export type AwsCall = (
  action: string,
  input: Readonly<Record<string, unknown>>,
) => Promise<Readonly<Record<string, unknown>>>;

interface JsonService {
  /** Of the host, and of the signature. */
  readonly name: string;
  readonly targetPrefix: string;
  readonly version: '1.0' | '1.1';
}

export const DYNAMODB: JsonService = {
  name: 'dynamodb',
  targetPrefix: 'DynamoDB_20120810',
  version: '1.0',
};

export const SQS: JsonService = { name: 'sqs', targetPrefix: 'AmazonSQS', version: '1.0' };

export const SECRETS_MANAGER: JsonService = {
  name: 'secretsmanager',
  targetPrefix: 'secretsmanager',
  version: '1.1',
};

interface JsonApiOptions {
  readonly service: JsonService;
  readonly config: AwsConfig;
  readonly send?: Send;
  /** Sockets, and so calls at once. @default 50 */
  readonly connections?: number;
  readonly wait?: (ms: number) => Promise<unknown>;
}

/** A page of rows is at most 1 MB of items, which JSON makes longer. */
const MAX_ANSWER_BYTES = 16_777_216;

const TIMEOUT_MS = 5_000;

/** Sends of one call in all. Waits are at most 50 ms, then twice as long each time. */
const MAX_SENDS = 6;

const POLICY = { baseMs: 50, capMs: 5_000 };

export function createJsonApi({
  service,
  config,
  connections = 50,
  send = createSend({ timeoutMs: TIMEOUT_MS, connections, maxAnswerBytes: MAX_ANSWER_BYTES }),
  wait = sleep,
}: JsonApiOptions): AwsCall {
  const { name, targetPrefix, version } = service;
  const { keys, region, endpoint } = config;
  const origin = endpoint ?? `https://${name}.${region}.${domainOf(region)}`;
  const signedSend = createSignedSend({ keys, region, service: name, send });
  const contentType = `application/x-amz-json-${version}`;

  const once = async (action: string, body: string) => {
    const answer = await signedSend({
      method: 'POST',
      origin,
      path: '/',
      query: [],
      headers: { 'content-type': contentType, 'x-amz-target': `${targetPrefix}.${action}` },
      body,
    });
    if (answer.status !== 200) throw refusal(name, action, answer);
    const parsed: unknown = answer.body === '' ? {} : JSON.parse(answer.body);
    return isRecord(parsed) ? parsed : {};
  };

  return async (action, input) => {
    const body = JSON.stringify(input);
    for (let sends = 1; ; sends += 1) {
      try {
        return await once(action, body);
      } catch (error) {
        const passes =
          error instanceof TransportError || (error instanceof AwsError && isPassing(error));
        if (!passes || sends >= MAX_SENDS) throw error;
        await wait(delayMs(sends, undefined, Math.random(), POLICY));
      }
    }
  };
}

function refusal(service: string, action: string, { status, body }: ApiResponse): AwsError {
  const fields = parseRecord(body) ?? {};
  const type = String(fields['__type'] ?? `HTTP_${status}`);
  const detail = fields['message'] ?? fields['Message'] ?? '';
  return new AwsError(service, action, status, type.slice(type.indexOf('#') + 1), String(detail));
}
