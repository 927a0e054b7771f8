/** What a retry says it has set going: all of it, not only what was ordered at once. */
import { expect, it } from 'vitest';
import { retry } from '../../../../cli/commands/retry.ts';
import { createClient } from '../../../../cli/io/client.ts';
import { startPeer } from '../../../fixtures/http.ts';
import { screen } from '../../../fixtures/runs.ts';

it.each([
  [{ ordered: 1, pending: 0, unread: 0 }, '1 transfer ordered again in r\n'],
  [
    { ordered: 0, pending: 9_806, unread: 55_384 },
    '0 transfers ordered again, 9,806 more to be sent, 55,384 lines to be read in r\n',
  ],
  [
    { ordered: 0, pending: 0, unread: null },
    '0 transfers ordered again, its manifest to be read in r\n',
  ],
])('tells of %j', async (answer, line) => {
  const peer = await startPeer();
  peer.answer({ status: 202, body: JSON.stringify({ runId: 'r', ...answer }) });
  const client = createClient({ url: peer.origin, env: { WAYBILL_TOKEN: 't' } });
  const stdout = screen();
  const options = { client, env: {}, json: false, stdout, classes: [], watch: false };
  expect(await retry(options, 'r')).toBe(0);
  expect(stdout.text()).toContain(line);
});
