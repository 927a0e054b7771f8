/**
 * `npm run demo`: the main job in one shot, without an account. Starts a source site, the provider
 * simulator with some faults, and the service; then runs the same commands a person would, and
 * checks that the outcome is right.
 */
import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { mkdirSync, rmSync, writeFileSync } from 'node:fs';
import { join, relative, resolve } from 'node:path';
import { fileURLToPath } from 'node:url';
import { type FaultRule, startSimulator } from '../simulator/main.ts';
import { startSourceSite } from '../simulator/source-site.ts';
import { demoManifest, EXPECTED } from './demo/manifest.ts';
import { startService } from './main.ts';

const FOLDER = resolve('data/demo');
const TARGET = 'ap-shanghai/examplebucket-1250000000';

const FAULTS: readonly FaultRule[] = [
  { api: 'fetch-create', kind: 'slow-down', rate: 0.03 },
  { api: 'callback', kind: 'lost', rate: 0.02 },
  { api: 'callback', kind: 'duplicate', rate: 0.05 },
];

const say = (text: string): void => void process.stdout.write(`${text}\n`);

async function main(): Promise<number> {
  rmSync(FOLDER, { recursive: true, force: true });
  mkdirSync(FOLDER, { recursive: true });
  const [site, simulator] = await Promise.all([
    startSourceSite(),
    startSimulator({ faults: FAULTS }),
  ]);
  Object.assign(process.env, simulator.env(), {
    LOG_LEVEL: 'error',
    PORT: '0',
    WAYBILL_DATA: FOLDER,
    WAYBILL_LOST_AFTER_SECONDS: '5',
    WAYBILL_SWEEP_SECONDS: '5',
  });
  // Its first line speaks of the provider; here that is the simulator, as said below.
  const service = await startService((line) => {
    if (line.startsWith('{')) process.stderr.write(line);
  });
  const stop = async (): Promise<void> => {
    await service.stop();
    await Promise.all([simulator.close(), site.close()]);
  };
  process.once('SIGINT', () => void stop().then(() => process.exit(130)));

  say(`A source site with ${site.files.length} files, and a simulator of Tencent COS that answers`);
  say('503 to 3 % of the requests, loses 2 % of the callbacks and repeats 5 % of them.');
  say('The service keeps its default pace of 100 requests per second.\n');

  try {
    const manifest = join(FOLDER, 'manifest.csv');
    writeFileSync(manifest, demoManifest(site.url));
    const shown = relative(process.cwd(), manifest);
    await waybill(service.url, ['submit', shown, '--to', TARGET, '--watch']);
    return await conclude(service.url, service.apiToken, simulator.stats().faults);
  } finally {
    await stop();
  }
}

/** Runs a command as a person would, with its output on this terminal. */
async function waybill(url: string, given: readonly string[]): Promise<void> {
  say(`$ npx waybill ${given.join(' ')}`);
  const program = fileURLToPath(new URL('../cli/waybill.ts', import.meta.url));
  const env = { ...process.env, WAYBILL_URL: url };
  const child = spawn(process.execPath, [program, ...given], { stdio: 'inherit', env });
  const [code] = await once(child, 'exit');
  // 1 tells of failures, which this manifest has on purpose.
  if (code !== 0 && code !== 1) throw new Error(`waybill ${given[0]} ended with ${code}`);
}

async function conclude(
  url: string,
  token: string,
  faults: Readonly<Record<string, number>>,
): Promise<number> {
  const headers = { authorization: `Bearer ${token}` };
  const answer = (await (await fetch(`${url}/runs`, { headers })).json()) as {
    runs: { runId: string; state: string; counts: Record<string, number> }[];
  };
  const [run] = answer.runs;
  if (!run) throw new Error('the service lists no run');
  const reports = join(FOLDER, 'objects', 'reports', run.runId);

  say(
    `\n${EXPECTED.quarantined} lines were not sent: the findings above and rejected.csv say why.`,
  );
  say('\nReports:');
  for (const name of ['summary.json', 'failed.csv', 'rejected.csv']) {
    say(`  ${relative(process.cwd(), join(reports, name))}`);
  }
  say('\nFaults that were overcome:');
  for (const [name, times] of Object.entries(faults)) say(`  ${times} x ${name}`);

  const wrong = Object.entries(EXPECTED).filter(([name, value]) => run.counts[name] !== value);
  if (run.state !== 'completed' || wrong.length > 0) {
    say(`\nThis is not what the manifest should come to: ${JSON.stringify([run, EXPECTED])}`);
    return 1;
  }
  say(`\nEvery one of ${EXPECTED.lines} lines is accounted for. Next: npm start, then`);
  say('npx waybill submit <your manifest> --to <region>/<bucket-appid> --watch');
  return 0;
}

process.exitCode = await main();
