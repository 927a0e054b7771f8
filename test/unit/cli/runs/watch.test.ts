/** Following, listing and submitting against a scripted service; time is an argument. */
import { writeFileSync } from 'node:fs';
import { join } from 'node:path';
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
    expect(stdout.text().match(/no answer from the service; asking again\n/g)).toHaveLength(1);
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
    name: undefined,
    strict: false,
    allowHttps: false,
    watch: false,
  };

  it('asks, uploads and starts, in this order, under the date', async () => {
    const none = reply({ runs: [], nextCursor: null });
    const replies = [none, reply({}, 404), reply({}, 201), reply({ runId: 'r1' })];
    const { options, peer, stdout } = await setup(replies, {}, true);
    const stderr = screen();
    const path = manifest('url,key\nhttp://a.example/1,k\nhttps://a.example/2,l\n');
    expect(await submit({ ...options, ...given, path, stderr })).toBe(0);
    expect(peer.arrived.map(({ method, url }) => `${method} ${url}`)).toEqual([
      'GET /runs?limit=100',
      'POST /uploads',
      'PUT /objects/cos-fetch/ap-shanghai/b-1250000000/2026-11-20/m.csv',
      'POST /manifests',
    ]);
    expect(JSON.parse(stdout.text())).toEqual({
      runId: 'r1',
      key: 'cos-fetch/ap-shanghai/b-1250000000/2026-11-20/m.csv',
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

  it('G10: does not overwrite a manifest that a run still reads', async () => {
    const { options, peer } = await setup([reply({ runs: [runView()], nextCursor: null })]);
    const path = manifest('http://a.example/1,k\n');
    const answer = submit({ ...options, ...given, name: 'm.csv', path, stderr: screen() });
    await expect(answer).rejects.toMatchObject({
      exitCode: 4,
      message: expect.stringContaining('run b3f1d0c2a4e5968778695a4b still reads cos-fetch/'),
    });
    expect(peer.arrived.map(({ method }) => method)).toEqual(['GET']);
  });

  it('sends nothing of a file that is no manifest', async () => {
    const { options, peer } = await setup([]);
    const stderr = screen();
    expect(await submit({ ...options, ...given, path: manifest(''), stderr })).toBe(2);
    expect(stderr.text()).toContain('the file is empty');
    expect(peer.arrived).toEqual([]);
  });
});
