import { describe, expect, it } from 'vitest';
import { createPostgresLedger } from '../../shared/stores/postgres/ledger.ts';
import { emptyTables, hasPostgres, usePostgres } from '../fixtures/postgres.ts';
import { ledgerContract, newRun, newShard } from './ledger.ts';
import { retentionContract } from './retention.ts';

describe.runIf(hasPostgres)('PostgreSQL', () => {
  const { database } = usePostgres('ledger');

  const openLedger = async () => {
    await emptyTables(database());
    return createPostgresLedger(database());
  };
  ledgerContract('PostgreSQL', openLedger);
  retentionContract('PostgreSQL', openLedger);

  it('gives a shard to a worker again whose first answer was lost', async () => {
    const ledger = await openLedger();
    await ledger.openRun(newRun('r1'));
    const lease = { owner: 'w', at: new Date(), leaseMs: 60_000 };
    expect(await ledger.openShard(newShard('r1'), lease)).toBeTypeOf('object');
    expect(await ledger.openShard(newShard('r1'), lease)).toBeTypeOf('object');
    expect(await ledger.openShard(newShard('r1'), { ...lease, owner: 'other' })).toBe('leased');
  });
});
