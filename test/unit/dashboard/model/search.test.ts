import { describe, expect, it } from 'vitest';
import type { TransferPage } from '../../../../dashboard/api/types.ts';
import { matches, type SearchProgress, search } from '../../../../dashboard/model/search.ts';
import { newTransfer } from '../runs.ts';

describe('a transfer is found', () => {
  const cause = { provider: 'tencent', code: 'NotFound', message: '', class: 'source' } as const;
  const task = {
    kind: 'oms',
    version: 'v2',
    region: 'cn-north-4',
    projectId: 'p',
    taskId: '4042',
    credentials: 'default',
    name: 'Nightly copy',
  } as const;
  const transfer = newTransfer({ providerId: 'task-99', cause, task });
  it.each(['VIDEOS/', 'source.example', 'r1.0.1', 'task-99', 'notfound', '4042', 'nightly'])(
    'by %s',
    (text) => {
      expect(matches(transfer, text)).toBe(true);
    },
  );
  it('and not by anything else', () => {
    expect(matches(transfer, 'audio')).toBe(false);
  });
});

describe('a search', () => {
  const pages = (count: number): TransferPage[] =>
    Array.from({ length: count }, (_, page) => ({
      transfers: Array.from({ length: 10 }, (_x, n) =>
        newTransfer({ transferId: `r1.0.${page * 10 + n}`, key: n === 3 ? 'wanted' : 'other' }),
      ),
      nextCursor: page === count - 1 ? null : String(page + 1),
    }));
  const run = async (count: number, max?: number) => {
    const all = pages(count);
    const told: SearchProgress[] = [];
    const asked: (string | undefined)[] = [];
    await search({
      text: 'wanted',
      signal: new AbortController().signal,
      tell: (progress) => told.push(progress),
      read: async (cursor) => {
        asked.push(cursor);
        return all[Number(cursor ?? 0)] as TransferPage;
      },
      ...(max !== undefined && { max }),
    });
    return { told, asked };
  };

  it('looks through every page and tells how far it is', async () => {
    const { told, asked } = await run(3);
    expect(asked).toEqual([undefined, '1', '2']);
    expect(told.map(({ looked, found, state }) => [looked, found.length, state])).toEqual([
      [10, 1, 'looking'],
      [20, 2, 'looking'],
      [30, 3, 'done'],
    ]);
  });

  it('ends when enough was found', async () => {
    const { told, asked } = await run(9, 2);
    expect(asked).toHaveLength(2);
    expect(told.at(-1)).toMatchObject({ looked: 20, state: 'full' });
  });

  it('ends without a word when it is given up', async () => {
    const given = new AbortController();
    const told: SearchProgress[] = [];
    await search({
      text: 'wanted',
      signal: given.signal,
      tell: (progress) => told.push(progress),
      read: async () => {
        given.abort();
        return pages(2)[0] as TransferPage;
      },
    });
    expect(told).toEqual([]);
  });
});
