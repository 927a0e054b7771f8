/** Transfers whose key and URL nobody knows any more say why. */
import { expect, it } from 'vitest';
import { createProgram } from '../../../../cli/program.ts';
import { startPeer } from '../../../fixtures/http.ts';
import { runView, screen } from '../../../fixtures/runs.ts';

const { runId } = runView();
const transfer = {
  transferId: `${runId}.0.1`,
  runId,
  state: 'succeeded',
  attempt: 1,
  updatedAt: '2026-11-20T10:00:00.000Z',
  history: [],
};

async function call(answer: object, ...args: readonly string[]): Promise<string> {
  const peer = await startPeer();
  peer.answer({ body: JSON.stringify(answer) });
  const stdout = screen({ columns: 120 });
  const env = { WAYBILL_URL: peer.origin, WAYBILL_TOKEN: 't' };
  const program = createProgram({
    env,
    stdin: {},
    stdout,
    stderr: screen(),
    exitsWith: () => {},
  } as never);
  await program.parseAsync(['node', 'waybill', ...args]);
  return stdout.text();
}

it.each([
  ['gone', 'unknown: the manifest was removed'],
  ['changed', 'unknown: the manifest was changed'],
])('says in a list and for one transfer that the manifest is %s', async (manifest, text) => {
  const given = { ...transfer, manifest };
  expect(await call({ transfers: [given], nextCursor: null }, 'transfers', runId)).toContain(text);
  const one = await call(given, 'transfer', transfer.transferId);
  expect(one).toMatch(new RegExp(`\\nobject +${text}\\n`));
});
