import { expect, it } from 'vitest';
import { redrive } from '../../../../cli/commands/redrive.ts';

async function run(
  dead: number,
  options: { limit?: number; dryRun?: boolean; json?: boolean } = {},
) {
  const written: string[] = [];
  const asked: number[] = [];
  let left = dead;
  const code = await redrive({
    client: {
      deadLetters: async () => left,
      redrive: async (limit) => {
        asked.push(limit);
        const moved = Math.min(limit, left);
        left -= moved;
        return { moved, left };
      },
    },
    limit: Number.POSITIVE_INFINITY,
    dryRun: false,
    json: false,
    stdout: { write: (text) => written.push(text) > 0 },
    ...options,
  });
  expect(code).toBe(0);
  return { asked, output: written.join('') };
}

it('puts all back, a thousand at a time', async () => {
  const { asked, output } = await run(2_500);
  expect(asked).toEqual([1_000, 1_000, 500]);
  expect(output).toBe('2,500 shards back on the queue, 0 left\n');
});

it('ends although one is given up again at once', async () => {
  const written: string[] = [];
  await redrive({
    client: { deadLetters: async () => 3, redrive: async (limit) => ({ moved: limit, left: 3 }) },
    limit: Number.POSITIVE_INFINITY,
    dryRun: false,
    json: false,
    stdout: { write: (text) => written.push(text) > 0 },
  });
  expect(written.join('')).toBe('3 shards back on the queue, 3 left\n');
});

it('puts no more back than asked for', async () => {
  expect(await run(5, { limit: 1 })).toEqual({
    asked: [1],
    output: '1 shard back on the queue, 4 left\n',
  });
});

it('only tells how many there are', async () => {
  expect(await run(5, { dryRun: true })).toEqual({ asked: [], output: '5 shards given up\n' });
});

it('answers programs in JSON', async () => {
  expect((await run(1, { json: true })).output).toBe('{"moved":1,"left":0}\n');
  expect((await run(1, { json: true, dryRun: true })).output).toBe('{"moved":0,"left":1}\n');
});
