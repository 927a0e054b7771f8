import { afterAll, beforeAll, expect, it } from 'vitest';
import { createDynamoLedger } from '../../shared/stores/aws/dynamodb/ledger.ts';
import type { AwsCall } from '../../shared/stores/aws/json-api.ts';
import { openLedger } from '../../shared/wiring/aws.ts';
import { storesConfig } from '../../shared/wiring/config/functions.ts';
import { type Dynalite, startDynalite } from '../fixtures/dynalite.ts';
import { createLedgerTable } from '../fixtures/table.ts';
import { ledgerContract, newRun } from './ledger.ts';

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

it('is found at WAYBILL_DYNAMODB_ENDPOINT, whatever stands for the other services of AWS', async () => {
  const table = await createLedgerTable(dynalite.call);
  const config = storesConfig({
    WAYBILL_LEDGER: `dynamodb:${table}`,
    WAYBILL_DYNAMODB_ENDPOINT: dynalite.config.endpoint,
    AWS_ENDPOINT_URL: 'http://127.0.0.1:1',
    AWS_REGION: dynalite.config.region,
    AWS_ACCESS_KEY_ID: 'of the emulator',
    AWS_SECRET_ACCESS_KEY: 'of the emulator',
  });
  const ledger = await openLedger(config);
  expect(await ledger.openRun(newRun('r1'))).toMatchObject({ state: 'planning' });
  const wrong = { WAYBILL_LEDGER: 'dynamodb:t', WAYBILL_DYNAMODB_ENDPOINT: 'localhost:8000' };
  expect(() => storesConfig(wrong)).toThrow(/WAYBILL_DYNAMODB_ENDPOINT: expected an http/);
});
