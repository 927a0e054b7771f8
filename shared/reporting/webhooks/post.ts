/**
 * Posts one signed request to the receiver. The body is read so that the connection ends well, as far
 * as it comes: only chats say something in it. Redirects are not followed.
 */
import { setTimeout as sleep } from 'node:timers/promises';
import type { ApiRequest } from '../../lib/api-request.ts';
import { TransportError } from '../../lib/errors.ts';
import { createFetch, type Download, type Fetch } from '../../lib/http.ts';
import type { Message } from './message.ts';

export interface Answer extends Pick<Download, 'status' | 'headers'> {
  /** What came of it, cut off where it is long. */
  readonly body: string;
}

export interface Receiver {
  /** Of its outbox and its lease, and in logs: `webhooks`, or such as `notify feishu 1`. */
  readonly name: string;
  request(message: Message, at: Date): ApiRequest;
  /** The receiver's own code where a 2xx is a refusal; undefined when it took the message. */
  refusalIn(answer: Answer): string | undefined;
}

/** @throws TransportError (TRANSPORT_TIMEOUT, TRANSPORT_FAILED) when no status came */
export type Post = (request: ApiRequest) => Promise<Answer>;

interface PostOptions {
  /** From the first byte to the status, and to the end of the body. @default 15000 */
  readonly timeoutMs?: number | undefined;
  /** Sockets. */
  readonly connections: number;
  readonly fetch?: Fetch;
}

/** Of an answer's body; what is longer is cut off. */
const MAX_BODY_BYTES = 65_536;

export function createPost({
  timeoutMs = 15_000,
  connections,
  fetch = createFetch({ timeoutMs, connections }),
}: PostOptions): Post {
  return async (request) => {
    const over = new AbortController();
    const received: { answer?: Omit<Answer, 'body'> } = {};
    const parts: Uint8Array[] = [];
    const exchange = async (): Promise<void> => {
      const { status, headers, body } = await fetch(request);
      received.answer = { status, headers };
      let bytes = 0;
      for await (const part of body) {
        bytes += part.length;
        parts.push(part);
        if (bytes > MAX_BODY_BYTES || over.signal.aborted) break;
      }
    };
    // A receiver that sends a byte now and then would never run into the limits of the connection.
    const limit = async (): Promise<void> => {
      await sleep(timeoutMs, undefined, { signal: over.signal });
      const message = `No complete answer to ${request.method} ${request.origin} in time.`;
      throw new TransportError('TRANSPORT_TIMEOUT', message, 'unknown');
    };
    try {
      await Promise.race([exchange(), limit()]);
    } catch (error) {
      if (!received.answer) throw error;
    } finally {
      over.abort();
    }
    if (!received.answer) throw new TypeError('an exchange without an answer');
    return { ...received.answer, body: Buffer.concat(parts).toString('utf8') };
  };
}

/** The parts of a URL, decoded, as requests hold them. */
export function partsOf(url: string): Pick<ApiRequest, 'origin' | 'path' | 'query'> {
  const { origin, pathname, searchParams } = new URL(url);
  return { origin, path: decodeURIComponent(pathname), query: [...searchParams] };
}
