/** Requests that COS sends of its own accord, to sources and callbacks, over kept connections. */
import { Agent, type ClientRequest, request as httpRequest, type RequestOptions } from 'node:http';
import { request as httpsRequest, Agent as SecureAgent } from 'node:https';

export interface Outgoing {
  /**
   * Begins a request; whoever called ends it.
   * @throws TypeError when the address is no URL, or neither http nor https
   */
  request(url: string, options?: RequestOptions): ClientRequest;
  /** Ends those under way too. */
  close(): void;
}

/** Who says nothing for this long has failed. */
const SILENCE_MS = 30_000;

/** @param concurrency connections per receiver */
export function createOutgoing(concurrency: number): Outgoing {
  const agent = new Agent({ keepAlive: true, maxSockets: concurrency });
  const secureAgent = new SecureAgent({ keepAlive: true, maxSockets: concurrency });
  /** Under way or waiting for a socket; an agent would open one even after its end. */
  const requests = new Set<ClientRequest>();
  return {
    request(url, options = {}) {
      const common = { ...options, timeout: SILENCE_MS };
      const request = /^https:/i.test(url)
        ? httpsRequest(url, { ...common, agent: secureAgent })
        : httpRequest(url, { ...common, agent });
      requests.add(request);
      request.on('close', () => requests.delete(request));
      request.on('timeout', () => request.destroy(new Error('it timed out')));
      return request;
    },
    close() {
      for (const request of requests) request.destroy();
      agent.destroy();
      secureAgent.destroy();
    },
  };
}
