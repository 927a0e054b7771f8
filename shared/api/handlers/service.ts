/** The routes about the service itself: dead letters and the status of the provider APIs. */
import type { Ledger } from '../../ledger/ledger.ts';
import type { Log } from '../../lib/log.ts';
import { readStatus } from '../../limits/api-status.ts';
import { json } from '../../runtime/http.ts';
import type { DeadLetters } from '../../stores/queue.ts';
import { parseBody, redriveBody } from '../requests.ts';
import type { Routes } from './common.ts';

export interface ServiceOptions {
  readonly deadLetters: Pick<DeadLetters, 'depth' | 'redrive'>;
  readonly ledger: Pick<Ledger, 'readNote'>;
  readonly log: Log;
}

export const serviceRoutes = ({ deadLetters, ledger, log }: ServiceOptions): Routes => ({
  'GET /dead-letters': async () => json(200, await deadLetters.depth()),
  'POST /dead-letters/redrive': async ({ body }) => {
    const { limit } = parseBody(redriveBody, body === '' ? '{}' : body);
    const moved = await deadLetters.redrive(limit);
    const { dead } = await deadLetters.depth();
    if (moved > 0) log.info('dead-letters.redriven', { moved, left: dead });
    return json(200, { moved, left: dead });
  },
  'GET /health/providers': async () => json(200, { providers: await readStatus(ledger) }),
});
