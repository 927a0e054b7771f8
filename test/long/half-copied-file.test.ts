/** A manifest that is copied into the folder of a running service, with a stall within a line. */
import { execFileSync } from 'node:child_process';
import { fileURLToPath } from 'node:url';
import { expect, it } from 'vitest';
import { startProgram, until } from '../fixtures/processes.ts';
import { temporaryFolder } from '../fixtures/stores.ts';

const INPUT = fileURLToPath(
  new URL('../fixtures/cases/half-copied-inbox-file/input.sh', import.meta.url),
);

const TOKEN = 'a-token-for-this-test';

interface Answer {
  readonly runs: readonly {
    readonly runId: string;
    readonly counts: { readonly lines: number; readonly planned: number };
  }[];
  readonly transfers: readonly { readonly key: string }[];
}

it('G2: a half-copied file becomes one run of its whole lines (half-copied-inbox-file)', async () => {
  const folder = temporaryFolder();
  const env = { PORT: '0', WAYBILL_DATA: folder, WAYBILL_API_TOKENS: TOKEN };
  const service = startProgram('local/main.ts', [], env);
  const [, url = ''] = await service.says(/listens on (\S+)/);
  const get = async (path: string): Promise<Answer> => {
    const answer = await fetch(url + path, { headers: { authorization: `Bearer ${TOKEN}` } });
    return (await answer.json()) as Answer;
  };
  execFileSync('sh', [INPUT, folder]);
  const runs = await until(async () => {
    const found = (await get('/runs')).runs;
    // Lines are counted as they are read; a row is written when its line is sent.
    return found[0] && found[0].counts.planned === 0 && found[0].counts.lines > 2
      ? found
      : undefined;
  });
  expect(runs).toHaveLength(1);
  const { transfers } = await get(`/runs/${runs[0]?.runId}/transfers`);
  expect(transfers.map(({ key }) => key).sort()).toEqual([
    'dir/long-name.txt',
    'dir/one.txt',
    'dir/three.txt',
  ]);
});
