/**
 * The service is killed with `kill -9` three times while it lists a bucket, and goes on by its clock.
 * The bucket's pages are answered in the test, so each kill comes in the middle of the list.
 */
import { writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { expect, it } from 'vitest';
import { createListedBucket } from '../fixtures/listed-bucket.ts';
import { readList } from '../fixtures/lists.ts';
import { freePort, type Program, startProgram, until } from '../fixtures/processes.ts';
import { refusal, startS3Peer } from '../fixtures/s3-peer.ts';
import { openStores, temporaryFolder } from '../fixtures/stores.ts';

const TOKEN = 'integration-test-token';
/** Enough for several parts of 4 MiB. */
const KEYS = 60_000;
const KILLS = [12, 33, 52];

it('G1, G3: a list of 60,000 keys is whole after kill -9 three times, each key once', async () => {
  const odd = ['+', ' ', '%', '&amp;', '😀', '\t', "'", '"', '//'];
  const keys = Array.from({ length: KEYS }, (_, n) => {
    const name = `${String(n).padStart(6, '0')}${odd[n % odd.length]}${'x'.repeat(60)}.jpg`;
    return `photos/${n % 7}/${name}`;
  });
  const page = createListedBucket({ keys });
  let [answered, kill] = [0, async () => {}];
  const peer = await startS3Peer(async ({ query }) => {
    answered += 1;
    if (KILLS.includes(answered)) await kill();
    // Between others, as real ones are.
    return answered % 17 === 0 ? refusal(503, 'SlowDown') : page(query);
  });
  const folder = temporaryFolder();
  const { keys: reader, region, endpoint } = peer.place.config;
  const media = { kind: 's3-compatible', bucket: peer.place.bucket, region, endpoint };
  const sources = join(folder, 'sources.json');
  writeFileSync(sources, JSON.stringify({ media: { ...media, credentials: 'reader' } }));
  const sets = join(folder, 'sets.json');
  writeFileSync(sets, JSON.stringify({ reader }));
  const port = await freePort();
  const start = async (): Promise<Program> => {
    const program = startProgram('local/main.ts', [], {
      LOG_LEVEL: 'warn',
      PORT: String(port),
      WAYBILL_API_TOKENS: TOKEN,
      WAYBILL_DATA: folder,
      WAYBILL_SOURCES_FILE: sources,
      WAYBILL_CREDENTIALS_FILE: sets,
      WAYBILL_SWEEP_SECONDS: '1',
    });
    await program.says(/listens on/);
    return program;
  };
  let service = await start();
  let restarted: Promise<unknown> = Promise.resolve();
  kill = async () => {
    await service.kill('SIGKILL');
    restarted = start().then((program) => {
      service = program;
    });
  };
  const call = async (path: string, init: RequestInit = {}) => {
    const headers = { authorization: `Bearer ${TOKEN}`, 'content-type': 'application/json' };
    return fetch(`http://127.0.0.1:${port}${path}`, { ...init, headers });
  };
  const body = JSON.stringify({ source: 's3://examplebucket/photos/' });
  const { runId } = (await (await call('/lists', { method: 'POST', body })).json()) as {
    runId: string;
  };
  await until(async () => {
    await restarted;
    const answer = await call(`/runs/${runId}`).catch(() => undefined);
    const run = (await answer?.json()) as { state: string } | undefined;
    return run?.state === 'completed' ? run : undefined;
  });
  expect(answered).toBeGreaterThan(KEYS / 1_000 + KILLS.length);
  await service.kill('SIGKILL');
  const { list, keys: found, others } = await readList(openStores(folder).objects, runId);
  // No line can hold a control character.
  const sent = keys.filter((key) => !key.includes('\t'));
  expect(list.listed).toBe(KEYS);
  expect(list.leftOut).toEqual({ LINE_CONTROL_CHARACTER: KEYS - sent.length });
  expect(found.length).toBe(sent.length);
  expect(new Set(found)).toEqual(new Set(sent));
  expect(list.parts.length).toBeGreaterThan(2);
  expect(others).toEqual([]);
}, 180_000);
