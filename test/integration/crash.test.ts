/**
 * The service is killed with `kill -9` three times in the middle of a run, while the provider answers
 * 503, breaks connections, loses callbacks and repeats them. `WAYBILL_TEST_LINES` sets the size;
 * continuous integration runs 20,000 lines.
 */
import { hash } from 'node:crypto';
import { expect, it } from 'vitest';
import type { Transfer } from '../../shared/ledger/model.ts';
import { createDescribe } from '../../shared/manifest/describe.ts';
import type { FetchTask, SimulatorStats } from '../../simulator/main.ts';
import { startSourceSite } from '../../simulator/source-site.ts';
import { freePort, type Program, startProgram, until } from '../fixtures/processes.ts';
import { openStores, temporaryFolder } from '../fixtures/stores.ts';

const LINES = Number(process.env['WAYBILL_TEST_LINES'] ?? 5_000);
/** One line in so many names an object that its source does not have. */
const MISSING_EVERY = 100;
const MISSING = Math.ceil(LINES / MISSING_EVERY);
const TOKEN = 'integration-test-token';
const KEY = 'cos-fetch/ap-shanghai/examplebucket-1250000000/m.csv';
const FAULTS = JSON.stringify([
  { api: 'fetch-create', kind: 'slow-down', rate: 0.05 },
  { api: 'fetch-create', kind: 'reset-before', rate: 0.005 },
  { api: 'fetch-create', kind: 'reset-after', rate: 0.01 },
  { api: 'callback', kind: 'lost', rate: 0.02 },
  { api: 'callback', kind: 'duplicate', rate: 0.05 },
]);

interface Run {
  readonly state: string;
  readonly counts: Readonly<Record<string, number>>;
}

async function setup() {
  const folder = temporaryFolder();
  const simulator = startProgram('simulator/main.ts', ['--port', '0', '--faults', FAULTS]);
  const [, controlUrl = ''] = await simulator.says(/# control: (\S+)\/_simulator/);
  const env = Object.fromEntries(
    [...simulator.output().matchAll(/^([A-Z_]+)=(.*)$/gm)].map(([, name, value]) => [name, value]),
  );
  const port = await freePort();
  const start = async (): Promise<Program> => {
    const service = startProgram('local/main.ts', [], {
      ...env,
      LOG_LEVEL: 'warn',
      PORT: String(port),
      WAYBILL_API_TOKENS: TOKEN,
      WAYBILL_COS_FETCH_RPS: '100000',
      WAYBILL_COS_FETCH_IN_FLIGHT: '50',
      WAYBILL_DATA: folder,
      WAYBILL_LOST_AFTER_SECONDS: '2',
      WAYBILL_SETTLE_SECONDS: '1',
      WAYBILL_SHARD_BYTES: '16384',
      WAYBILL_SWEEP_SECONDS: '1',
    });
    await service.says(/listens on/);
    return service;
  };
  const url = `http://127.0.0.1:${port}`;
  const call = (path: string, init: RequestInit = {}) =>
    fetch(url + path, { ...init, headers: { authorization: `Bearer ${TOKEN}` } });
  const control = (path: string) => fetch(`${controlUrl}/_simulator/${path}`);
  return { folder, start, call, control };
}

it(`G1, G2, G3, G4: ${LINES} lines end exact after kill -9 three times, 503s, lost and repeated callbacks`, async () => {
  const site = await startSourceSite({ files: 1 });
  const { folder, start, call, control } = await setup();
  let service = await start();
  const rows = Array.from({ length: LINES }, (_, n) => {
    if (n % MISSING_EVERY === 0) return `${site.missingUrl},o/${n},`;
    const md5 = n % 2 === 0 ? hash('md5', `object ${n}`) : '';
    return `${site.url}/object/${n},o/${n},${md5}`;
  });
  const manifest = `url,key,md5\n${rows.join('\n')}\n`;
  await call(`/objects/${KEY}`, { method: 'PUT', body: manifest });
  const started = await call('/manifests', {
    method: 'POST',
    body: JSON.stringify({ key: KEY }),
  });
  const { runId } = (await started.json()) as { runId: string };
  const read = async () => (await (await call(`/runs/${runId}`)).json()) as Run;
  const reached = (share: number) =>
    until(async () => {
      const { counts } = await read();
      return (counts['succeeded'] ?? 0) >= share * LINES ? true : undefined;
    }, 20);

  for (const share of [0.15, 0.4, 0.65]) {
    await reached(share);
    expect(await service.kill('SIGKILL')).toBe('SIGKILL');
    service = await start();
  }
  const run = await until(async () => {
    const now = await read();
    return now.state === 'active' || now.state === 'planning' ? undefined : now;
  });
  const summary = await (await call(`/runs/${runId}/summary.json`)).json();
  expect(await service.kill('SIGTERM')).toBe(0);

  expect(run).toMatchObject({
    state: 'completed',
    counts: {
      lines: LINES,
      quarantined: 0,
      planned: 0,
      submitting: 0,
      submitted: 0,
      failed: MISSING,
      cancelled: 0,
      succeeded: LINES - MISSING,
    },
  });
  expect(summary).toMatchObject({
    counts: run.counts,
    coverage: { bytes: manifest.length, transfers: LINES },
  });
  const text = await (await control('submissions')).text();
  const tasks = text
    .trim()
    .split('\n')
    .map((line) => JSON.parse(line) as FetchTask);
  const sent = Map.groupBy(tasks, ({ key }) => key);
  expect(sent.size).toBe(LINES);

  // Every submission beyond the first follows a look at what became of the one before.
  const { ledger, objects } = openStores(folder);
  const describe = createDescribe({ ledger, objects });
  const rowsOfLedger: Transfer[] = [];
  let cursor: string | undefined;
  do {
    const filter = { limit: 1_000, ...(cursor !== undefined && { cursor }) };
    const page = await ledger.transfers(runId, filter);
    rowsOfLedger.push(...(await describe(page.items)));
    cursor = page.nextCursor;
  } while (cursor !== undefined);
  expect(rowsOfLedger).toHaveLength(LINES);
  const sentOf = ({ object }: Transfer) => sent.get(object?.key ?? '') ?? [];
  let extra = 0;
  let attempts = 0;
  const unexplained = rowsOfLedger.filter((row) => {
    attempts += row.attempt;
    const again = row.history.filter(
      ({ event, state }) => event === 'resolved' && state === 'submitting',
    ).length;
    const submissions = sentOf(row).length;
    extra += submissions - 1;
    return submissions > 1 + again;
  });
  expect(unexplained).toEqual([]);
  // The ledger says of each object what the provider knows of it, under the provider's own ids.
  const contradicted = rowsOfLedger.filter((row) => {
    const known = sentOf(row);
    const ids = row.accepted.map((each) => each.split(':')[1]);
    const arrived = known.some((task) => task.state === 'succeeded');
    const isKnown = ids.every((id) => known.some(({ taskId }) => taskId === id));
    return !isKnown || row.state !== (arrived ? 'succeeded' : 'failed');
  });
  expect(contradicted).toEqual([]);

  const stats = (await (await control('stats')).json()) as SimulatorStats;
  expect(stats).toMatchObject({ signatureRefusals: 0, bodyRefusals: 0, undefinedRequests: 0 });
  expect(stats.faults['fetch-create slow-down']).toBeGreaterThan(LINES * 0.03);
  expect(stats.faults['callback lost']).toBeGreaterThan(0);
  expect(stats.faults['callback duplicate']).toBeGreaterThan(0);
  process.stdout.write(
    `${LINES} lines: ${attempts} attempts, ${tasks.length} of them taken, ${extra} more than once\n`,
  );
  await site.close();
}, 600_000);
