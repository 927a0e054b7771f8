import { expect, it } from 'vitest';
import { parseShard } from '../../../../shared/ledger/shard.ts';
import { newShard } from '../../../contract/ledger.ts';

const message = {
  ...newShard('r1'),
  onKeyExist: 'override',
  night: 2,
  place: { key: 'list', at: 0, count: 3, width: 400, since: 1 },
} as const;

it('reads a queue message as it was written', () => {
  expect(parseShard(JSON.stringify(message))).toEqual(message);
  expect(parseShard(JSON.stringify(newShard('r1')))).toEqual(newShard('r1'));
});

it.each([
  ['no JSON', '{"id"', '(whole)'],
  ['no end', JSON.stringify({ ...message, end: undefined }), 'end'],
  ['a start before the file', JSON.stringify({ ...message, start: -1 }), 'start'],
  ['an unknown format', JSON.stringify(message).replace('"csv"', '"xml"'), 'layout.format'],
])('refuses a queue message with %s, and names the field', (_, body, path) => {
  expect(() => parseShard(body)).toThrow(
    expect.objectContaining({ code: 'EVENT_INVALID', errors: [expect.objectContaining({ path })] }),
  );
});
