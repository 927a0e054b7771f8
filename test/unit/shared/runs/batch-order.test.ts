import { expect, it } from 'vitest';
import { type CopyOrder, openCopy, readCopy } from '../../../../shared/runs/batch/order.ts';
import { openStores } from '../../../fixtures/stores.ts';

const order: CopyOrder = {
  list: 'migrations/m1/batch-r1.csv',
  source: { region: 'ap-shanghai', bucket: 'originals-1250000000', prefix: 'photos/' },
  target: { region: 'ap-shanghai', bucket: 'copies-1250000000', prefix: '' },
  onKeyExist: 'ignore',
};

it('the order of a copy is written once, however often its run is opened: somebody may read it', async () => {
  const { ledger, objects } = openStores();
  let writes = 0;
  const counted = {
    ...objects,
    put: (...given: Parameters<typeof objects.put>) => {
      writes += 1;
      return objects.put(...given);
    },
  };
  const options = { ledger, objects: counted, now: () => new Date() };
  const run = { runId: 'r1', trigger: 'migration', migrationId: 'm1' } as const;
  await openCopy(run, order, options);
  await openCopy(run, order, options);
  expect(writes).toBe(1);
  expect(await readCopy('r1', objects)).toEqual(order);
  expect(await ledger.run('r1')).toMatchObject({ state: 'planning', operation: 'cos-batch-job' });
});
