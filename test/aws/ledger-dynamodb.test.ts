import { afterAll, beforeAll } from 'vitest';
import { createDynamoLedger } from '../../shared/stores/aws/dynamodb/ledger.ts';
import { createJsonApi, DYNAMODB } from '../../shared/stores/aws/json-api.ts';
import { ledgerContract } from '../contract/ledger.ts';
import { type AwsEmulator, startMinistack } from '../fixtures/emulators.ts';
import { createLedgerTable } from '../fixtures/table.ts';

let ministack: AwsEmulator;
beforeAll(async () => {
  ministack = await startMinistack();
});
afterAll(() => ministack.stop());

ledgerContract('DynamoDB on MiniStack', async () => {
  const call = createJsonApi({ service: DYNAMODB, config: ministack.config });
  return createDynamoLedger({ table: await createLedgerTable(call), call, countsMaxAgeMs: 0 });
});
