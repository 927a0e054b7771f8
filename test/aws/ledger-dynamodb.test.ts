import { afterAll, beforeAll } from 'vitest';
import { createJsonApi, DYNAMODB } from '../../shared/aws/json-api.ts';
import { createDynamoLedger } from '../../shared/ledger/dynamodb.ts';
import { ledgerContract } from '../contract/ledger.ts';
import { type Ministack, startMinistack } from '../fixtures/ministack.ts';
import { createLedgerTable } from '../fixtures/table.ts';

let ministack: Ministack;
beforeAll(async () => {
  ministack = await startMinistack();
});
afterAll(() => ministack.stop());

ledgerContract('DynamoDB on MiniStack', async () => {
  const call = createJsonApi({ service: DYNAMODB, config: ministack.config });
  return createDynamoLedger({ table: await createLedgerTable(call), call, countsMaxAgeMs: 0 });
});
