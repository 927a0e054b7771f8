/** The simulated table answers as DynamoDB does, or what is measured on it would mean nothing. */
import { createDynamoLedger } from '../../shared/stores/aws/dynamodb/ledger.ts';
import { createSimulatedTable } from '../fixtures/simulated-table.ts';
import { ledgerContract } from './ledger.ts';

ledgerContract('DynamoDB on the simulated table', async () => {
  const { call } = createSimulatedTable();
  return createDynamoLedger({ table: 'ledger', call, countsMaxAgeMs: 0 });
});
