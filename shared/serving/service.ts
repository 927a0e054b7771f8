/** The service itself: shards that were given up, and how the providers answer. */
import { parseBody, redriveBody } from '../api/bodies.ts';
import { readHealth } from '../health/note.ts';
import type { Ledger } from '../ledger/port.ts';
import type { Log } from '../log.ts';
import { json } from '../middleware.ts';
import type { DeadLetters } from '../queue/port.ts';
import type { Routes } from './types.ts';

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
  'GET /health/providers': async () => json(200, { providers: await readHealth(ledger) }),
});
