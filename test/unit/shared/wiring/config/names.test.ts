import { expect, it } from 'vitest';
import { removedNames, unknownNames } from '../../../../../shared/wiring/config/names.ts';

it('warns of a name that was removed, in place of a fault', () => {
  const env = { WAYBILL_API_RATE: '1', WAYBILL_DATA: './data', PATH: '/bin' };
  expect(unknownNames(env)).toEqual([]);
  expect(removedNames(env)).toEqual([
    { path: 'WAYBILL_API_RATE', message: expect.stringContaining('remove it') },
  ]);
  expect(removedNames({ WAYBILL_API_RATE: ' ' })).toEqual([]);
});
