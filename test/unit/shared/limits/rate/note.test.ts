import { expect, it } from 'vitest';
import { grant, HELD_MS, newGovernor } from '../../../../../shared/limits/rate/allocator.ts';
import { readGovernor } from '../../../../../shared/limits/rate/note.ts';

const AT = Date.parse('2026-11-20T02:00:00Z');
const LIMITS = { requestsPerSecond: 100, inFlight: 20 };
const ASK = {
  worker: 'a',
  wanted: 100,
  wantedSlots: 20,
  running: 0,
  owed: 0,
  answers: 0,
  throttled: 0,
  notBefore: 0,
};

it('begins where there is no document', () => {
  expect(readGovernor(undefined, LIMITS, AT)).toEqual(newGovernor(LIMITS, AT));
});

it('reads what was written', () => {
  const { governor } = grant(newGovernor(LIMITS, AT), ASK, LIMITS, AT);
  expect(readGovernor(JSON.stringify(governor), LIMITS, AT)).toEqual(governor);
});

const { governor } = grant(newGovernor(LIMITS, AT), ASK, LIMITS, AT);
it.each([
  ['no JSON', '{'],
  ['another thing', '[]'],
  ['a worker of another version', JSON.stringify({ ...governor, workers: { a: { rate: 1 } } })],
  ['a number that is none', JSON.stringify({ ...governor, notBefore: Number.NaN })],
])('begins anew, after all that %s may hold', (_name, text) => {
  expect(readGovernor(text, LIMITS, AT)).toEqual({
    ...newGovernor(LIMITS, AT),
    notBefore: AT + HELD_MS,
  });
});
