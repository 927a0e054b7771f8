import { afterAll, beforeAll } from 'vitest';
import { createDynamoLedger } from '../../shared/stores/aws/dynamodb/ledger.ts';
import type { AwsCall } from '../../shared/stores/aws/json-api.ts';
import { type Dynalite, startDynalite } from '../fixtures/dynalite.ts';
import { createLedgerTable } from '../fixtures/table.ts';
import { ledgerContract } from './ledger.ts';

let dynalite: Dynalite;
beforeAll(async () => {
  dynalite = await startDynalite();
});
afterAll(() => dynalite.close());

ledgerContract('DynamoDB on dynalite', async () => {
  const call: AwsCall = (action, input) => {
    const broken = Object.entries(input).find(
      ([name, text]) => name.endsWith('Expression') && String(text).includes('\n'),
    );
    // Other servers that speak the protocol, moto among them, read none.
    if (broken) throw new Error(`${action}: a line feed in ${broken.join(': ')}`);
    return dynalite.call(action, input);
  };
  return createDynamoLedger({ table: await createLedgerTable(call), call, countsMaxAgeMs: 0 });
});
