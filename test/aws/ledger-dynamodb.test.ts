import { createJsonApi, DYNAMODB } from '../../shared/aws/json-api.ts';
import { createDynamoLedger } from '../../shared/ledger/dynamodb.ts';
import { ledgerContract } from '../contract/ledger.ts';
import { createLedgerTable } from '../fixtures/table.ts';

const config = {
  region: 'ap-southeast-1',
  keys: { accessKeyId: 'test', secretAccessKey: 'test' },
  endpoint: 'http://127.0.0.1:4599',
};
const call = createJsonApi({ service: DYNAMODB, config });

ledgerContract('DynamoDB', async () =>
  createDynamoLedger({ table: await createLedgerTable(call), call, countsMaxAgeMs: 0 }),
);
