import { describe, expect, it } from 'vitest';
import { createPostgresQueue } from '../../shared/stores/postgres/queue.ts';
import { emptyTables, hasPostgres, usePostgres } from '../fixtures/postgres.ts';
import { queueContract } from './queue.ts';

describe.runIf(hasPostgres)('PostgreSQL', () => {
  const { database, setClock } = usePostgres('queue');

  const traits = { isOrdered: true, isOwned: false, countsDead: true, isFair: true, isExact: true };
  queueContract(
    'PostgreSQL',
    async () => {
      await emptyTables(database());
      let at = Date.parse('2026-11-20T02:00:00Z');
      await setClock(at);
      const advance = async (ms: number) => {
        at += ms;
        await setClock(at);
      };
      const queue = createPostgresQueue(database(), { name: 'q', maxReceives: 3 });
      return { queue, advance, maxReceives: 3 };
    },
    traits,
  );

  it('keeps queues apart', async () => {
    await emptyTables(database());
    await createPostgresQueue(database(), { name: 'a' }).send(['for a']);
    await createPostgresQueue(database(), { name: 'b' }).send(['for b']);
    const messages = await createPostgresQueue(database(), { name: 'b' }).receive(10, 1_000);
    expect(messages.map(({ body }) => body)).toEqual(['for b']);
  });
});
