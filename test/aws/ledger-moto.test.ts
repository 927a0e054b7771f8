import { afterAll, beforeAll } from 'vitest';
import { createDynamoLedger } from '../../shared/stores/aws/dynamodb/ledger.ts';
import { createJsonApi, DYNAMODB } from '../../shared/stores/aws/json-api.ts';
import { ledgerContract } from '../contract/ledger.ts';
import { type AwsEmulator, startMoto } from '../fixtures/emulators.ts';
import { createLedgerTable } from '../fixtures/table.ts';

let moto: AwsEmulator;
beforeAll(async () => {
  moto = await startMoto();
});
afterAll(() => moto.stop());

ledgerContract('DynamoDB on moto', async () => {
  const call = createJsonApi({ service: DYNAMODB, config: moto.config });
  return createDynamoLedger({ table: await createLedgerTable(call), call, countsMaxAgeMs: 0 });
});
