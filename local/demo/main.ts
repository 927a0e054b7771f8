/**
 * `npm run demo`: the main job in one shot, without an account. Starts a source bucket, the provider
 * simulator with some faults, and the service; then runs the same commands a person would, and
 * checks that the outcome is right. Exit codes: 0 right, 1 not, 130 interrupted.
 */
import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { writeFileSync } from 'node:fs';
import { join, relative, resolve } from 'node:path';
import { fileURLToPath } from 'node:url';
import { WaybillError } from '../../shared/lib/errors.ts';
import { type FaultRule, type SimulatorStats, startSimulator } from '../../simulator/main.ts';
import { startSourceSite } from '../../simulator/source-site.ts';
import { startService } from '../main.ts';
import { secretsPath } from '../secrets.ts';
import { freshFolder, isolate } from './isolation.ts';

const HERE = process.cwd();
const FOLDER = resolve('data/demo');
const BUCKET = 'media';
const TARGET = 'cos://ap-shanghai/examplebucket-1250000000/media/';

const FAULTS: readonly FaultRule[] = [
  { api: 'fetch-create', kind: 'slow-down', rate: 0.03 },
  { api: 'callback', kind: 'lost', rate: 0.02 },
  { api: 'callback', kind: 'duplicate', rate: 0.05 },
];

/**
 * What the bucket must come to: 301 objects arrive; one is gone and one may not be read; two in an
 * archive and a folder marker stay out.
 */
const EXPECTED = { listed: 306, excluded: 3, succeeded: 301, failed: 2, quarantined: 0 } as const;

/** A newcomer does not want to wait a second for each step. */
const LOOK_MS = 200;

const say = (text: string): void => void process.stdout.write(`${text}\n`);
const shown = (path: string): string => relative(HERE, path);

async function main(interrupted: AbortSignal): Promise<number> {
  freshFolder(FOLDER);
  // Ended in reverse order, whatever happens.
  await using started = new AsyncDisposableStack();
  const site = await startSourceSite({ listed: BUCKET, slowMs: 500 });
  started.defer(() => site.close());
  const simulator = await startSimulator({ faults: FAULTS });
  started.defer(() => simulator.close());
  const sources = join(FOLDER, 'sources.json');
  const media = { kind: 's3-compatible', bucket: BUCKET, region: 'us-east-1', endpoint: site.url };
  writeFileSync(sources, `${JSON.stringify({ media }, null, 2)}\n`);
  const settings = {
    ...simulator.env(),
    LOG_LEVEL: 'error',
    PORT: '0',
    WAYBILL_DATA: FOLDER,
    WAYBILL_LOST_AFTER_SECONDS: '1',
    WAYBILL_SOURCES_FILE: sources,
    WAYBILL_SWEEP_SECONDS: '1',
  };
  isolate(process.env, settings, FOLDER);
  // Its first line speaks of the provider; here that is the simulator, as said below.
  const service = await startService((line) => {
    if (line.startsWith('{')) process.stderr.write(line);
  }, LOOK_MS);
  started.defer(() => service.stop());

  say(`A source bucket of ${EXPECTED.listed} objects, and a simulator of Tencent COS that answers`);
  say('503 to 3 % of the requests, loses 2 % of the callbacks and repeats 5 % of them.');
  say('The service keeps its default pace of 100 requests per second, and looks for');
  say('lost callbacks after a second instead of 15 minutes.');
  say(
    `To watch it in a browser: ${service.url}, with the apiToken in ${shown(secretsPath(FOLDER))}\n`,
  );

  const move = ['migrate', `s3://${BUCKET}/`, TARGET, '--watch'];
  await waybill(service.url, move, interrupted);
  const { migrationId, state, counts } = await readMigration(service.url, service.apiToken);
  const report = ['report', migrationId, '--out', shown(join(FOLDER, 'reports'))];
  say('');
  await waybill(service.url, report, interrupted);
  return conclude({ state, counts }, simulator.stats());
}

/** Runs a command as a person would, with its output on this terminal. */
async function waybill(url: string, given: readonly string[], signal: AbortSignal): Promise<void> {
  say(`$ npx waybill ${given.join(' ')}`);
  const program = fileURLToPath(new URL('../../cli/waybill.ts', import.meta.url));
  const env = { ...process.env, WAYBILL_URL: url };
  const options = { stdio: 'inherit', env, cwd: HERE, signal } as const;
  const [code] = await once(spawn(process.execPath, [program, ...given], options), 'exit');
  // 1 tells of failures, which this bucket has on purpose.
  if (code !== 0 && code !== 1) throw new Error(`waybill ${given[0]} ended with ${code}`);
}

interface Outcome {
  readonly state: string;
  readonly counts: Readonly<Record<string, number>>;
}

async function readMigration(
  url: string,
  token: string,
): Promise<Outcome & { readonly migrationId: string }> {
  const headers = { authorization: `Bearer ${token}` };
  const answer = await fetch(`${url}/migrations`, { headers });
  const { migrations } = (await answer.json()) as {
    migrations: (Outcome & { migrationId: string })[];
  };
  const [migration] = migrations;
  if (!migration) throw new Error('the service lists no migration');
  return migration;
}

function conclude({ state, counts }: Outcome, { faults, objects }: SimulatorStats): number {
  say('\nFaults that were overcome:');
  for (const [name, times] of Object.entries(faults)) say(`  ${times} x ${name}`);
  const wrong = Object.entries(EXPECTED).filter(([name, value]) => counts[name] !== value);
  // The provider's own count, so that the ledger is not its only witness.
  if (state !== 'completed' || wrong.length > 0 || objects !== EXPECTED.succeeded) {
    say(
      `\nThis is not what the bucket should come to: ${JSON.stringify({ state, counts, objects })}`,
    );
    say(`expected ${JSON.stringify(EXPECTED)}`);
    return 1;
  }
  const { listed, succeeded, failed, excluded } = EXPECTED;
  say(`\nEvery one of ${listed} objects is accounted for: ${succeeded} arrived, ${failed} failed,`);
  say(`${excluded} were left out. Next: npm start, then`);
  say('npx waybill migrate <source> <target> --watch');
  return 0;
}

// Nobody reads on: the demo still ends in order.
process.stdout.on('error', () => {});

const interruption = new AbortController();
for (const signal of ['SIGINT', 'SIGTERM'] as const) {
  process.on(signal, () => {
    if (interruption.signal.aborted) process.exit(130);
    process.stderr.write('\nstopping; what is being sent is finished first\n');
    interruption.abort();
  });
}
try {
  process.exitCode = await main(interruption.signal);
} catch (error) {
  process.exitCode = interruption.signal.aborted ? 130 : 1;
  const text = error instanceof WaybillError ? error.message : String((error as Error).stack);
  process.stderr.write(interruption.signal.aborted ? 'stopped\n' : `${text}\n`);
}
