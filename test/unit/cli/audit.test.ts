/** `waybill audit` against a scripted service: what is sent for each kind of thing, and what is shown. */
import { expect, it } from 'vitest';
import type { RunView } from '../../../cli/io/answers.ts';
import { auditSentence, hasFindings } from '../../../cli/runs/audit-text.ts';
import { runDetails } from '../../../cli/runs/text.ts';
import { type Reply, startPeer } from '../../fixtures/http.ts';
import { MIGRATION_ID, migrationOf } from '../../fixtures/migration-view.ts';
import { runProgram as run } from '../../fixtures/program.ts';
import { runView } from '../../fixtures/runs.ts';

const TARGET = 'cos://ap-shanghai/examplebucket-1250000000/photos/';
const ID = 'b3f1d0c2a4e5968778695a4b';

const reply = (body: unknown, status = 200): Reply => ({ status, body: JSON.stringify(body) });
/** Runs `waybill` with these words against a service that answers so. */
async function runProgram(words: readonly string[], ...replies: readonly Reply[]) {
  const peer = await startPeer();
  peer.answer(...replies);
  const env = { WAYBILL_URL: peer.origin, WAYBILL_TOKEN: 't' };
  const { out: output, ...ended } = await run(env, ...words);
  const sent = peer.arrived.map(({ method, url, body }) => ({
    call: `${method} ${url}`,
    ...(body !== '' && { body: JSON.parse(body) }),
  }));
  return { ...ended, output, sent };
}

const viewOf = (change: Partial<RunView>): RunView => ({
  ...runView({ state: change.state ?? 'active' }),
  ...change,
});

const STARTED = reply({ runId: ID }, 202);

const AUDIT = {
  level: 'head',
  isWhole: true,
  objects: 1_000_000,
  proved: 999_213,
  plausible: 780,
  undecided: 0,
  different: 0,
  missing: 7,
  extra: 2,
  proofs: { crc64: 999_000, md5: 213, empty: 0 },
  requests: { targetLists: 1_000, targetHeads: 780, sourceHeads: 0 },
};

it.each([
  [['audit', ID, '--level', 'head'], [`POST /runs/${ID}/audit`], { audit: 'head' }],
  [['audit', ID, TARGET], [`POST /runs/${ID}/audit`], { target: TARGET }],
  [
    ['audit', 'cos-fetch/ap-shanghai/b-1250000000/v.csv', '--credentials', 'shop'],
    ['POST /audits'],
    { key: 'cos-fetch/ap-shanghai/b-1250000000/v.csv', credentials: 'shop' },
  ],
])('%j starts an audit', async (words, calls, body) => {
  const { code, output, sent } = await runProgram(words, STARTED);
  expect(sent.map(({ call }) => call)).toEqual(calls);
  expect(sent.at(-1)?.body).toEqual(body);
  expect(output).toContain(`audit ${ID}\n`);
  expect(code).toBe(0);
});

it('has a migration audited by itself', async () => {
  const words = ['audit', MIGRATION_ID, '--level', 'list'];
  const { sent, output } = await runProgram(words, reply({ migrationId: MIGRATION_ID }, 202));
  expect(sent).toEqual([
    { call: `POST /migrations/${MIGRATION_ID}/audit`, body: { audit: 'list' } },
  ]);
  expect(output).toContain(`audit of migration ${MIGRATION_ID}`);
});

it('lists a source first, and audits its list', async () => {
  const { code, sent } = await runProgram(
    ['audit', 's3://media/photos/', TARGET, '--json'],
    reply({ runId: 'a1' }, 202),
    reply(viewOf({ runId: 'a1', operation: 'list-source', state: 'active' })),
    STARTED,
  );
  expect(sent).toEqual([
    { call: 'POST /lists', body: { source: 's3://media/photos/' } },
    { call: 'GET /runs/a1' },
    { call: 'POST /runs/a1/audit', body: { target: TARGET } },
  ]);
  expect(code).toBe(0);
});

it('stops where the list can not be read, and asks for a target where there is none', async () => {
  const error = { provider: 'waybill', code: 'SOURCE_REFUSED', message: 'no', class: 'request' };
  const failed = await runProgram(
    ['audit', 's3://media/photos/', TARGET],
    reply({ runId: 'a1' }, 202),
    reply(viewOf({ runId: 'a1', operation: 'list-source', state: 'failed', error })),
  );
  expect(failed.failure).toMatch(/^the list is failed: no\. /);
  const aimless = await runProgram(['audit', 's3://media/photos/']);
  expect(aimless.failure).toMatch(/^the target is missing/);
  expect(aimless.sent).toEqual([]);
});

it('says the sentence of an auditor, and finds what is not as it should be', () => {
  expect(auditSentence(AUDIT)).toBe(
    '999,213 of 1,000,000 objects proved by checksum, 780 by size, 7 missing, 2 extra',
  );
  expect(hasFindings(AUDIT)).toBe(true);
  expect(hasFindings({ ...AUDIT, missing: 0 })).toBe(false);
});

it('shows verdicts in place of transfers, and exits with 1 where objects are missing', async () => {
  const audited = viewOf({ operation: 'audit-arrival', state: 'completed', audit: AUDIT });
  const text = runDetails(audited, (_tone, words) => words, 0);
  expect(text).toMatch(/missing +7\n/);
  expect(text).not.toMatch(/succeeded/);
  const { code, output } = await runProgram(['show', audited.runId], reply(audited));
  expect(output).toMatch(/proved +999,213/);
  expect(code).toBe(1);
});

it('shows the sentence with a migration', async () => {
  const migration = { ...migrationOf({ state: 'completed' }), audit: { runId: ID, ...AUDIT } };
  const { output } = await runProgram(
    ['show', MIGRATION_ID],
    reply(migration),
    reply({ runs: [], nextCursor: null }),
  );
  expect(output.replaceAll(/\s+/g, ' ')).toContain(auditSentence(AUDIT));
});
