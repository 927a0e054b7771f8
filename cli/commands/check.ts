/** `waybill check`: keys, targets, callback address and sources, before anything starts. */
import type { Command } from 'commander';
import { ConfigError } from '../../shared/lib/errors.ts';
import { createFetch } from '../../shared/lib/http.ts';
import { createLog } from '../../shared/lib/log.ts';
import type { TargetAddress } from '../../shared/manifest/target-address.ts';
import type { CheckLine } from '../check/line.ts';
import { EXIT, type ExitCode } from '../io/failure.ts';
import { type CommandIo, examples, exitsWith } from '../io/options.ts';
import { wrappedTable } from '../io/table.ts';
import { columnsOf, createPaint, printable } from '../io/text.ts';
import type { Env } from '../io/token.ts';
import { targetOf } from '../manifest/addresses.ts';
import { sourcesOf } from '../manifest/open.ts';

export function addCheck(program: Command, io: CommandIo): void {
  program
    .command('check')
    .description('check keys, targets, callback address and sources before you start')
    .argument('[targets...]', 'such as cos://ap-shanghai/bucket-1250000000/')
    .option('--json', 'print JSON for programs')
    .addHelpText(
      'after',
      `${examples('check', 'check cos://ap-shanghai/bucket-1250000000/')}
It reads the environment and .env, as serve does. Run it where the service runs.`,
    )
    .action(
      exitsWith(io, (targets: readonly string[], { json = false }: { json?: boolean }) =>
        check(targets, json, io),
      ),
    );
}

async function check(
  targets: readonly string[],
  json: boolean,
  { env, stdout }: CommandIo,
): Promise<ExitCode> {
  const addresses = targets.map((text) => targetOf('target', text));
  const checks: CheckLine[] = [];
  for await (const line of linesOf(addresses, env)) checks.push(line);
  const ok = !checks.some(({ state }) => state === 'fault');
  if (json) stdout.write(`${JSON.stringify({ ok, checks })}\n`);
  else {
    const paint = createPaint(stdout, env);
    const rows = checks.map(({ part, name, state, message }) => [
      paint(TONES[state], state),
      part,
      printable(`${name}: ${message}`),
    ]);
    stdout.write(wrappedTable(rows, columnsOf(stdout)));
  }
  return ok ? EXIT.ok : EXIT.failures;
}

const TONES = { ok: 'good', warning: 'odd', fault: 'bad', skipped: 'aside' } as const;

async function* linesOf(targets: readonly TargetAddress[], given: Env): AsyncGenerator<CheckLine> {
  // Other commands start without the stores.
  const [providers, { checkCallback }, { checkSources }] = await Promise.all([
    import('../check/providers.ts'),
    import('../check/callback.ts'),
    import('../check/sources.ts'),
  ]);
  const read = await readSettingsOf(given);
  if ('faults' in read) {
    yield* read.faults;
    return;
  }
  const { env, settings } = read;
  const { tencent, huawei } = settings.providers;
  yield { part: 'configuration', name: 'settings', state: 'ok', message: 'are valid.' };
  if (settings.simulated) yield SIMULATED;
  for (const target of targets) {
    const hasKeys = target.kind === 'cos' ? tencent : huawei;
    if (hasKeys) yield* providers.checkTarget(env, target, createLog({ level: 'silent' }));
    else yield withoutKeys(target);
  }
  if (tencent && !targets.some(({ kind }) => kind === 'cos')) yield NO_TARGET;
  if (huawei) yield* providers.checkProjects(env);
  if (tencent) yield await checkCallback(env['WAYBILL_PUBLIC_URL']?.trim() || undefined);
  yield* checkSources(await sourcesOf(env), createFetch({ connections: 1 }));
}

/** As the service reads them when it starts. @throws StoreError when secrets can't be read */
async function readSettingsOf(given: Env) {
  const [{ addEnvFile, readSettings }, { openEnv }] = await Promise.all([
    import('../../local/settings.ts'),
    import('#wiring'),
  ]);
  try {
    const own = { ...given };
    addEnvFile(own, '.env');
    const env = { ...(await openEnv(own)).env, ...own };
    return { env, settings: readSettings(env) };
  } catch (error) {
    if (!(error instanceof ConfigError)) throw error;
    const faults = error.faults.map(
      ({ path: name, message }): CheckLine => ({
        part: 'configuration',
        name,
        state: 'fault',
        message,
      }),
    );
    return { faults };
  }
}

const SIMULATED: CheckLine = {
  part: 'configuration',
  name: 'keys',
  state: 'warning',
  message:
    'no key pair of a provider is set, so the service uses the built-in simulators. Set TENCENTCLOUD_SECRET_ID or HUAWEICLOUD_SDK_AK for your own account.',
};

const NO_TARGET: CheckLine = {
  part: 'tencent',
  name: 'keys',
  state: 'skipped',
  message:
    'not checked, because a bucket is needed. Name one: waybill check cos://<region>/<bucket-appid>/',
};

const withoutKeys = ({ kind, region, bucket }: TargetAddress): CheckLine => ({
  part: 'target',
  name: `${kind}://${region}/${bucket}`,
  state: 'fault',
  message: `not checked, because no keys of ${kind === 'cos' ? 'Tencent' : 'Huawei'} are set.`,
});
