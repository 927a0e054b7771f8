import { expect, it } from 'vitest';
import { removedNames, unknownNames } from '../../../../../shared/wiring/config/names.ts';

it('warns of a name that was removed, in place of a fault', () => {
  const removed = new Map([['WAYBILL_OLD', 'has no effect any more; remove it']]);
  const env = { WAYBILL_OLD: '1', WAYBILL_DATA: './data', PATH: '/bin' };
  expect(unknownNames(env, removed)).toEqual([]);
  expect(removedNames(env, removed)).toEqual([
    { path: 'WAYBILL_OLD', message: 'has no effect any more; remove it' },
  ]);
  expect(removedNames({ WAYBILL_OLD: ' ' }, removed)).toEqual([]);
});
