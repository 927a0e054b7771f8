/** Following, listing and submitting against a scripted service; time is an argument. */
import { createHash } from 'node:crypto';
import { readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { Readable } from 'node:stream';
import { describe, expect, it } from 'vitest';
import { listRuns } from '../../../../cli/commands/runs.ts';
import { showRun } from '../../../../cli/commands/show.ts';
import { submit } from '../../../../cli/commands/submit.ts';
import { createClient } from '../../../../cli/io/client.ts';
import { type Reply, startPeer } from '../../../fixtures/http.ts';
import { runView, screen } from '../../../fixtures/runs.ts';
import { temporaryFolder } from '../../../fixtures/stores.ts';

const reply = (body: unknown, status = 200): Reply => ({ status, body: JSON.stringify(body) });
const at = (succeeded: number, state: 'active' | 'completed' = 'active') =>
  reply(runView({ state, counts: { lines: 100, succeeded, submitted: 100 - succeeded } }));
const unavailable = reply({ detail: 'Starting.' }, 503);

async function setup(replies: readonly Reply[], shape = {}, json = false) {
  const peer = await startPeer();
  peer.answer(...replies);
  const stdout = screen(shape);
  let now = Date.parse('2026-11-20T10:00:00Z');
  const clock = {
    now: () => now,
    wait: async (ms: number) => {
      now += ms;
    },
  };
  const client = createClient({ url: peer.origin, env: { WAYBILL_TOKEN: 't' } });
  return { peer, stdout, options: { client, env: {}, json, stdout, clock } };
}

describe('show --watch', () => {
  it('redraws one line on a terminal', async () => {
    const looks = [at(0), at(10), at(60), at(100, 'completed')];
    const { options, stdout } = await setup(looks, { isTTY: true, columns: 80 });
    expect(await showRun(options, 'r', true)).toBe(0);
    const [lines = '', details = ''] = stdout.text().split('\n\n');
    const drawn = lines.split('\r\x1b[K').slice(1);
    expect(drawn).toEqual([
      '[..............................] 0 of 100, 0/s',
      '[###...........................] 10 of 100, 20/s, 5 s left',
      '[##################............] 60 of 100, 60/s, 1 s left',
      '[##############################] 100 of 100, 1.7/s',
    ]);
    expect(details).toMatch(/^run +b3f1/);
    expect(details).toContain('\u001b[32mcompleted');
  });

  it('adds a line every five seconds elsewhere, without a control character', async () => {
    const looks = Array.from({ length: 21 }, (_, n) => at(n));
    const { options, stdout } = await setup([...looks, at(100, 'completed')]);
    await showRun(options, 'r', true);
    const [lines = ''] = stdout.text().split('run ');
    expect(lines.match(/\d+ of 100/g)).toEqual([
      '0 of 100',
      '10 of 100',
      '20 of 100',
      '100 of 100',
    ]);
    // biome-ignore lint/suspicious/noControlCharactersInRegex: they are what is looked for
    expect(stdout.text()).not.toMatch(/[\u0000-\u0009\u000b-\u001f]/);
  });

  it('prints one document per look as JSON lines', async () => {
    const { options, stdout } = await setup([at(1), at(100, 'completed')], { isTTY: true }, true);
    await showRun(options, 'r', true);
    const documents = stdout
      .text()
      .trim()
      .split('\n')
      .map((line) => JSON.parse(line));
    expect(documents.map(({ state }) => state)).toEqual(['active', 'completed']);
    expect(documents[0]).toEqual(runView({ counts: { lines: 100, succeeded: 1, submitted: 99 } }));
  });

  it('waits for a service that restarts', async () => {
    const broken: Reply = { breakOff: 'at-once' };
    const looks = [at(1), broken, unavailable, at(50), at(100, 'completed')];
    const { options, stdout } = await setup(looks);
    expect(await showRun(options, 'r', true)).toBe(0);
    expect(stdout.text().match(/no answer from the service; retrying\n/g)).toHaveLength(1);
    expect(stdout.text()).toContain('50 of 100');
  });

  it('gives up when the service stays away for half a minute', async () => {
    const { options, peer } = await setup([at(1), unavailable]);
    await expect(showRun(options, 'r', true)).rejects.toMatchObject({ exitCode: 3 });
    expect(peer.arrived.length).toBeGreaterThan(50);
  });

  it.each([
    ['nobody answers at first', [unavailable], 3],
    ['the run is gone', [at(1), reply({ detail: 'There is no such run.' }, 404)], 4],
  ])('ends at once when %s', async (_name, looks, exitCode) => {
    const { options, peer } = await setup(looks);
    await expect(showRun(options, 'r', true)).rejects.toMatchObject({ exitCode });
    expect(peer.arrived).toHaveLength(looks.length);
  });
});

it.each([
  ['all is well', runView({ state: 'completed', counts: { succeeded: 1 } }), 0],
  ['it goes on', runView({ counts: { submitted: 1 } }), 0],
  ['a line was quarantined', runView({ state: 'completed', counts: { quarantined: 1 } }), 1],
  ['a transfer failed', runView({ state: 'completed', counts: { failed: 1 } }), 1],
  ['the run failed', runView({ state: 'failed' }), 1],
  ['the run was cancelled', runView({ state: 'cancelled' }), 1],
])('show: exit code when %s', async (_name, run, code) => {
  const { options } = await setup([reply(run)], {}, true);
  expect(await showRun(options, 'r', false)).toBe(code);
});

describe('runs', () => {
  it('lists them within 80 columns, and how to see older ones', async () => {
    const runs = [runView({ counts: { succeeded: 999_999, failed: 1_234_567, submitted: 1 } })];
    const { options, stdout } = await setup([reply({ runs, nextCursor: 'c1' })]);
    await listRuns(options, { limit: 20 });
    expect(stdout.text()).toBe(
      [
        'RUN       STATE   DONE  FAILED     QUARANTINED  CREATED (UTC)',
        'b3f1d0c2  active  99%   1,234,567  0            2026-11-20 10:00',
        '  fetch m.csv -> ap-shanghai/b-1250000000',
        'older ones: --cursor c1',
        '',
      ].join('\n'),
    );
  });
});

describe('submit', () => {
  const manifest = (content: string) => {
    const path = join(temporaryFolder(), 'm.csv');
    writeFileSync(path, content);
    return path;
  };
  const given = {
    to: 'ap-shanghai/b-1250000000',
    stdin: Readable.from([]),
  };

  it('asks, uploads and starts, in this order, under the date', async () => {
    const none = reply({ runs: [], nextCursor: null });
    const replies = [none, reply({}, 404), reply({}, 201), reply({ runId: 'r1' })];
    const { options, peer, stdout } = await setup(replies, {}, true);
    const stderr = screen();
    const path = manifest('url,key\nhttp://a.example/1,k\nhttps://a.example/2,l\n');
    expect(await submit({ ...options, ...given, path, stderr })).toBe(0);
    const mark = createHash('sha256').update(readFileSync(path)).digest('hex').slice(0, 12);
    const key = `cos-fetch/ap-shanghai/b-1250000000/2026-11-20/${mark}-m.csv`;
    expect(peer.arrived.map(({ method, url }) => `${method} ${url}`)).toEqual([
      'GET /runs?limit=100&operation=cos-offline-fetch',
      'POST /uploads',
      `PUT /objects/${key}`,
      'POST /manifests',
    ]);
    expect(JSON.parse(stdout.text())).toEqual({
      runId: 'r1',
      key,
      existing: false,
    });
    expect(stderr.text()).toContain('m.csv:3: quarantined URL_HTTPS');
  });

  it('takes https sources for good when told to', async () => {
    const none = reply({ runs: [], nextCursor: null });
    const replies = [none, reply({}, 404), reply({}, 201), reply({ runId: 'r1' })];
    const { options, peer } = await setup(replies);
    const path = manifest('https://a.example/2,l\n');
    const more = { strict: true, allowHttps: true, path, stderr: screen() };
    expect(await submit({ ...options, ...given, ...more })).toBe(0);
    expect(peer.arrived).toHaveLength(4);
  });

  it('G10: another content under one name never takes the place of a manifest', async () => {
    const keys = [];
    for (const content of ['http://a.example/1,k\n', 'http://a.example/2,k\n']) {
      const none = reply({ runs: [], nextCursor: null });
      const replies = [none, reply({}, 404), reply({}, 201), reply({ runId: 'r1' })];
      const { options, peer } = await setup(replies);
      const path = manifest(content);
      await submit({ ...options, ...given, name: 'a/m.csv', path, stderr: screen() });
      keys.push(peer.arrived.find(({ method }) => method === 'PUT')?.url);
    }
    for (const key of keys) expect(key).toMatch(/\/b-1250000000\/a\/[0-9a-f]{12}-m\.csv$/);
    expect(new Set(keys).size).toBe(2);
  });

  const mark = '07dc95f6c383';
  const sent = (change: object) => ({
    ...runView({ state: 'completed', counts: { lines: 1, succeeded: 1 } }),
    source: { key: `cos-fetch/ap-shanghai/b-1250000000/2026-11-19/${mark}-old.csv` },
    ...change,
  });

  it.each([
    ['went well', {}, 0],
    ['goes on', { state: 'active', closedAt: null }, 0],
    ['was cancelled', { state: 'cancelled' }, 1],
    ['failed', { state: 'failed' }, 1],
  ])('shows the run of the same file when that %s', async (_name, change, code) => {
    const run = sent(change);
    const replies = [reply({ runs: [run], nextCursor: null }), reply(run)];
    const { options, peer, stdout } = await setup(replies);
    const path = manifest('http://a.example/1,k\n');
    expect(await submit({ ...options, ...given, path, stderr: screen() })).toBe(code);
    expect(stdout.text()).toMatch(
      /^this file was sent before, as run b3f1d0c2a4e5968778695a4b of\n/,
    );
    expect(stdout.text()).toContain('add --again\n');
    expect(stdout.text().includes('waybill retry')).toBe(code === 1);
    expect(peer.arrived.map(({ method }) => method)).toEqual(['GET', 'GET']);
  });

  it.each([
    ['to another bucket', { target: { region: 'ap-shanghai', bucket: 'other-1250000000' } }],
    ['of another content', { source: { key: 'cos-fetch/r/b/0123456789ab-m.csv' } }],
    ['that sent nothing', runView({ state: 'completed', counts: { lines: 1, quarantined: 1 } })],
  ])('sends a file although there is a run %s', async (_name, change) => {
    const { source } = sent({});
    const page = reply({ runs: [{ ...sent({}), source, ...change }], nextCursor: null });
    const replies = [page, reply({}, 404), reply({}, 201), reply({ runId: 'r1' })];
    const { options, peer } = await setup(replies);
    const path = manifest('http://a.example/1,k\n');
    expect(await submit({ ...options, ...given, path, stderr: screen() })).toBe(0);
    expect(peer.arrived).toHaveLength(4);
  });

  it.each([
    ['http//a.example/1,\nhttp://a.example/2,\n', '2 lines quarantined, none left. Correct the'],
    ['url,key\n', 'the manifest has no lines. Add a line for each object.'],
  ])('refuses a manifest of which nothing would be sent: %j', async (content, words) => {
    const { options, peer } = await setup([]);
    const answer = submit({ ...options, ...given, path: manifest(content), stderr: screen() });
    await expect(answer).rejects.toMatchObject({
      exitCode: 2,
      message: expect.stringContaining(`nothing would be sent: ${words}`),
    });
    expect(peer.arrived).toEqual([]);
  });

  it('sends nothing of a file that is no manifest', async () => {
    const { options, peer } = await setup([]);
    const stderr = screen();
    expect(await submit({ ...options, ...given, path: manifest(''), stderr })).toBe(2);
    expect(stderr.text()).toContain('the file is empty');
    expect(peer.arrived).toEqual([]);
  });
});
