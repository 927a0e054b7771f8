import { describe, expect, it } from 'vitest';
import { runsQuery } from '../../../../shared/api/page-queries.ts';
import {
  fetchesBody,
  manifestBody,
  parseBody,
  parseQuery,
  retryBody,
  taskListBody,
  uploadBody,
} from '../../../../shared/api/requests.ts';
import { InputError } from '../../../../shared/lib/errors.ts';

const TARGET = '"region":"ap-shanghai","bucket":"examplebucket-1250000000"';

function faultsOf(parse: () => unknown) {
  try {
    parse();
  } catch (error) {
    if (error instanceof InputError) return error.errors;
    throw error;
  }
  throw new Error('it was taken');
}

describe('a body out of all proportion', () => {
  it('has its first list named, and is not judged item by item', () => {
    const items = Array(1_000_000).fill('1').join();
    const startedAt = performance.now();
    expect(
      faultsOf(() => parseBody(fetchesBody(false), `{${TARGET},"objects":[${items}]}`)),
    ).toEqual([{ path: 'objects', message: 'expected at most 1000 items' }]);
    expect(performance.now() - startedAt).toBeLessThan(5_000);
    expect(faultsOf(() => parseBody(taskListBody, `{"tasks":[{},{"x":[${items}]}]}`))).toEqual([
      { path: 'tasks[1].x', message: 'expected at most 1000 items' },
    ]);
  });

  it('may be deep: nothing of it overflows', () => {
    const deep = `${'{"a":'.repeat(100_000)}1${'}'.repeat(100_000)}`;
    const [fault] = faultsOf(() => parseBody(manifestBody, deep));
    expect(fault?.message).toBe('expected at most 32 levels');
  });

  it('has no answer as long as itself', () => {
    const long = 'k'.repeat(1_000_000);
    const told = [
      faultsOf(() => parseBody(manifestBody, `{"${long}":1}`)),
      faultsOf(() => parseBody(manifestBody, `{"key":"cos-fetch/${long}"}`)),
      faultsOf(() =>
        parseBody(fetchesBody(false), `{${TARGET},"objects":[${Array(900).fill('{}')}]}`),
      ),
    ];
    for (const faults of told) expect(JSON.stringify(faults).length).toBeLessThan(10_000);
    expect(told[1]).toEqual([
      { path: 'key', message: 'expected an object key of at most 1024 bytes' },
    ]);
    expect(told[2]).toHaveLength(100);
  });
});

it('a body that was no UTF-8 is refused: its keys would be others', () => {
  const body = Buffer.from('{"key":"cos-fetch/caf\xe9.csv"}', 'latin1').toString('utf8');
  expect(faultsOf(() => parseBody(manifestBody, body))).toEqual([
    { path: '(whole)', message: 'expected UTF-8 without U+FFFD' },
  ]);
});

it('a list of classes names each at most once', () => {
  const body = JSON.stringify({ class: Array(8).fill('source') });
  expect(faultsOf(() => parseBody(retryBody, body))).toEqual([
    { path: 'class', message: 'expected each class at most once' },
  ]);
});

it('words that a query repeats count once', () => {
  const { state } = parseQuery(runsQuery, { state: Array(500).fill('failed').join() });
  expect(state).toEqual(['failed']);
});

it('lists are uploaded under names of their own, never as parts of those that Waybill wrote', () => {
  const parse = (key: string) => parseBody(uploadBody, JSON.stringify({ key }));
  expect(parse('lists/0a0a0a0a0a0a-photos.csv')).toEqual({ key: 'lists/0a0a0a0a0a0a-photos.csv' });
  const own = `lists/${'0a'.repeat(12)}/000001.csv`;
  expect(faultsOf(() => parse(own))).toMatchObject([{ path: 'key' }]);
  expect(faultsOf(() => parse('migrations/m1/plan.json'))).toMatchObject([{ path: 'key' }]);
});
