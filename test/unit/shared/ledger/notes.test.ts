import * as v from 'valibot';
import { expect, it } from 'vitest';
import { type Notes, noteParser, updateNote } from '../../../../shared/ledger/notes.ts';
import { openStores } from '../../../fixtures/stores.ts';

const parse = noteParser('n', v.array(v.number()), []);
const add = (value: number) => (known: number[]) =>
  known.includes(value) ? known : [...known, value];

function setup(changed: Partial<Notes> = {}) {
  const { ledger } = openStores();
  const waits: number[] = [];
  const options = { wait: async (ms: number) => waits.push(ms), random: () => 0.5 };
  const update = (
    change: (known: number[]) => number[] | Promise<number[]>,
    by: Partial<Notes> = changed,
  ) => updateNote({ ...ledger, ...by }, 'n', parse, change, options);
  return { ledger, update, waits };
}

it('keeps the changes of all workers that write at once', async () => {
  const { ledger, update } = setup();
  const values = Array.from({ length: 20 }, (_, value) => value);
  await Promise.all(values.map((value) => update(add(value))));
  const known = parse((await ledger.readNote('n'))?.text);
  expect([...known].sort((a, b) => a - b)).toEqual(values);
});

it('changes anew what another worker wrote meanwhile, after a wait, and returns what stands', async () => {
  const { update, waits } = setup();
  let looks = 0;
  const change = async (known: number[]) => {
    looks += 1;
    if (looks === 1) await update(add(1), {});
    return [...known, 2];
  };
  expect(await update(change)).toEqual([1, 2]);
  expect(waits).toEqual([10]);
});

it('writes nothing when the value is the same', async () => {
  const { ledger, update } = setup();
  await update(add(1));
  const { version } = (await ledger.readNote('n')) ?? {};
  expect(await update(add(1))).toEqual([1]);
  expect((await ledger.readNote('n'))?.version).toBe(version);
});

it('takes a write whose answer was lost for its own', async () => {
  const { ledger, update } = setup();
  const swapNote: Notes['swapNote'] = async (...given) => {
    await ledger.swapNote(...given);
    return false;
  };
  expect(await update(add(1), { swapNote })).toEqual([1]);
});

it('is a StoreError that names the note when others are always faster; waits stay below 200 ms', async () => {
  const { update, waits } = setup({ swapNote: async () => false });
  await expect(update(add(1))).rejects.toMatchObject({
    code: 'STORE_FAILED',
    message: expect.stringContaining('"n"'),
  });
  expect(waits.length).toBe(49);
  expect(Math.max(...waits)).toBe(100);
});

it.each([
  ['no JSON', '[1', '(whole)'],
  ['another shape', '[1, "2"]', '[1]'],
])('refuses a note that is damaged, names its place, and leaves it: %s', async (_, text, path) => {
  const { ledger, update } = setup();
  await ledger.swapNote('n', text, undefined);
  await expect(update(add(1))).rejects.toMatchObject({
    code: 'STORE_FAILED',
    message: expect.stringMatching(/^The note "n" of the ledger /),
  });
  await expect(update(add(1))).rejects.toThrow(`${path}: `);
  expect((await ledger.readNote('n'))?.text).toBe(text);
});

it('an empty note is one that is not there', () => {
  expect(parse('')).toEqual([]);
});
