/** The list of runs: what tells one from another, and what became of it. */
import { expect, it } from 'vitest';
import { listRuns } from '../../../../cli/commands/runs.ts';
import type { RunView } from '../../../../cli/io/answers.ts';
import { createClient } from '../../../../cli/io/client.ts';
import { widthOf } from '../../../../cli/io/text.ts';
import { startPeer } from '../../../fixtures/http.ts';
import { runView, screen } from '../../../fixtures/runs.ts';

const ID = (first: string) => first.padEnd(24, '0');

async function list(runs: readonly RunView[], stdout = screen(), env = {}) {
  const peer = await startPeer();
  peer.answer({ body: JSON.stringify({ runs, nextCursor: null }) });
  const client = createClient({ url: peer.origin, env: {} });
  expect(await listRuns({ client, env, json: false, stdout }, { limit: 20 })).toBe(0);
  return stdout.text();
}

const oms = (change: object): RunView => ({
  ...runView({ state: 'completed', counts: { lines: 1, succeeded: 1 } }),
  operation: 'oms-v2-start-task',
  source: undefined,
  target: undefined,
  ...change,
});

it('names manifest, target and what was quarantined, and the cause of a failure', async () => {
  const target = { region: 'ap-shanghai', bucket: 'b-1250000000' };
  const [done, failed] = [
    runView({ state: 'completed', counts: { lines: 5, succeeded: 1, failed: 1, quarantined: 3 } }),
    runView({
      state: 'failed',
      error: { code: 'MANIFEST_CHANGED', message: 'The manifest has changed.', class: 'request' },
    }),
  ];
  const key = 'cos-fetch/ap-shanghai/b-1250000000/2026-11-20/videos.csv';
  const text = await list([
    { ...done, runId: ID('aaaaaaaa1'), source: { key }, target },
    { ...failed, runId: ID('bbbbbbbb1'), source: { key: 'fetches/x.jsonl' }, target },
  ]);
  expect(text).toBe(
    [
      'RUN       STATE      DONE  FAILED  QUARANTINED  CREATED (UTC)',
      'aaaaaaaa  completed  100%  1       3            2026-11-20 10:00',
      '  fetch 2026-11-20/videos.csv -> ap-shanghai/b-1250000000',
      'bbbbbbbb  failed     0%    0       0            2026-11-20 10:00',
      '  fetch by request -> ap-shanghai/b-1250000000',
      '  MANIFEST_CHANGED: The manifest has changed.',
      '',
    ].join('\n'),
  );
});

it('tells runs of tasks and jobs apart', async () => {
  const text = await list([
    oms({ task: { taskId: '4042', name: 'photos' } }),
    oms({ task: { taskId: '4043' }, counts: { ...oms({}).counts, lines: 3 } }),
    oms({ task: { groupId: 'g-1' } }),
    oms({ operation: 'cos-batch-job', task: { name: 'copy of 2026' } }),
    oms({ operation: 'oms-v1-start-task', source: { key: 'oms/cn-north-4/list.json' } }),
    oms({ operation: 'retry-failed-objects' }),
  ]);
  expect(text.split('\n').filter((line) => line.startsWith('  '))).toEqual([
    '  oms v2 task 4042 (photos)',
    '  oms v2 task 4043 and 2 more',
    '  oms v2 group g-1',
    '  batch copy of 2026',
    '  oms v1 oms/cn-north-4/list.json',
    '  nightly',
  ]);
});

it('gives ids as short as they are unique, eight characters at least', async () => {
  const ids = ['aaaaaaaaaa1', 'aaaaaaaaaa2', 'c'].map(ID);
  const text = await list(ids.map((runId) => ({ ...runView(), runId })));
  const shown = text.split('\n').flatMap((line) => /^[0-9a-f]+/.exec(line)?.[0] ?? []);
  expect(shown).toEqual(['aaaaaaaaaa1', 'aaaaaaaaaa2', 'c0000000000']);
});

it('shows a run that sent nothing in the colour of a warning', async () => {
  const nothing = runView({ state: 'completed', counts: { lines: 2, quarantined: 2 } });
  const text = await list([nothing], screen({ isTTY: true, columns: 80 }));
  expect(text).toContain('\u001b[33mcompleted, nothing sent\u001b[39m');
});

it('stays within 80 columns and harmless, whatever the names', async () => {
  const hostile = `\u001b[31m${'照片'.repeat(60)}`;
  const run = runView({
    state: 'failed',
    error: { code: hostile, message: hostile, class: 'source' },
    source: { key: `cos-fetch/r/b/${hostile}.csv` },
  });
  const nothing = runView({ state: 'completed', counts: { lines: 1e9, quarantined: 1e9 } });
  const text = await list([run, nothing, oms({ task: { taskId: '1', name: hostile } })]);
  for (const line of text.split('\n')) expect(widthOf(line)).toBeLessThanOrEqual(80);
  expect(text).not.toContain('\u001b');
});
