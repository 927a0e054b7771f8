import { afterAll, beforeAll } from 'vitest';
import { createDynamoLedger } from '../../shared/stores/aws/dynamodb/ledger.ts';
import { type Dynalite, startDynalite } from '../fixtures/dynalite.ts';
import { createLedgerTable } from '../fixtures/table.ts';
import { ledgerContract } from './ledger.ts';

let dynalite: Dynalite;
beforeAll(async () => {
  dynalite = await startDynalite();
});
afterAll(() => dynalite.close());

ledgerContract('DynamoDB on dynalite', async () => {
  const { call } = dynalite;
  return createDynamoLedger({ table: await createLedgerTable(call), call, countsMaxAgeMs: 0 });
});
