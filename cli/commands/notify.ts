/** `waybill notify`: sends a test notification to every receiver that is configured. */
import type { Command } from 'commander';
import * as v from 'valibot';
import { ConfigError } from '../../shared/lib/errors.ts';
import { CommandFailure, EXIT, type ExitCode } from '../io/failure.ts';
import { type CommandIo, examples, exitsWith } from '../io/options.ts';
import { wrappedTable } from '../io/table.ts';
import { columnsOf, createPaint, printable } from '../io/text.ts';
import type { Env } from '../io/token.ts';

export const notifyShape = v.object({
  ok: v.boolean(),
  receivers: v.array(
    v.object({
      /** `webhooks`, or such as `feishu 1`: the first chat of that kind. */
      name: v.string(),
      ok: v.boolean(),
      /** Of its answer, where one came. */
      status: v.optional(v.number()),
      /** Why it took nothing: a code of the chat, or of the connection. */
      code: v.optional(v.string()),
    }),
  ),
});
type Notified = v.InferOutput<typeof notifyShape>;

export function addNotify(program: Command, io: CommandIo): void {
  program
    .command('notify')
    .description('send a test notification to every chat and webhook that is configured')
    .option('--json', 'print JSON for programs')
    .addHelpText(
      'after',
      `${examples('notify')}
It reads WAYBILL_NOTIFY and WAYBILL_WEBHOOK_URL from the environment and .env. Run it where the service runs.`,
    )
    .action(exitsWith(io, ({ json = false }: { json?: boolean }) => notify(json, io)));
}

async function notify(json: boolean, { env, stdout }: CommandIo): Promise<ExitCode> {
  const receivers = await sendTests(env);
  if (receivers.length === 0) {
    const todo = 'Set WAYBILL_NOTIFY, or WAYBILL_WEBHOOK_URL and WAYBILL_WEBHOOK_SECRETS';
    throw new CommandFailure('No receiver is configured', todo, EXIT.usage);
  }
  const ok = receivers.every((receiver) => receiver.ok);
  if (json) stdout.write(`${JSON.stringify({ ok, receivers })}\n`);
  else {
    const paint = createPaint(stdout, env);
    const rows = receivers.map((receiver) => [
      receiver.ok ? paint('good', 'ok') : paint('bad', 'fault'),
      receiver.name,
      printable(told(receiver)),
    ]);
    stdout.write(wrappedTable(rows, columnsOf(stdout)));
  }
  return ok ? EXIT.ok : EXIT.failures;
}

function told({ ok, status, code }: Notified['receivers'][number]): string {
  if (ok) return 'took the test notification.';
  const why = [
    ...(status === undefined ? [] : [`status ${status}`]),
    ...(code === undefined ? [] : [`code ${code}`]),
  ];
  return `refused it: ${why.join(', ')}. docs/webhooks.md says what to do.`;
}

async function sendTests(given: Env): Promise<Notified['receivers']> {
  // Other commands start without them.
  const [{ handOver }, { messageIdFrom }, { createPost }, { createReceivers }] = await Promise.all([
    import('../../shared/reporting/webhooks/attempt.ts'),
    import('../../shared/reporting/webhooks/message.ts'),
    import('../../shared/reporting/webhooks/post.ts'),
    import('../../shared/reporting/webhooks/receiver.ts'),
  ]);
  const at = new Date();
  const id = messageIdFrom('test', at.toISOString());
  const message = { id, type: 'test', at, data: {}, attempts: 0, nextAt: at };
  const post = createPost({ connections: 1 });
  return Promise.all(
    createReceivers(await configOf(given)).map(async (receiver) => {
      const refusal = await handOver(message, { receiver, post, now: () => new Date() });
      return {
        name: receiver.name.replace(/^notify /, ''),
        ok: refusal === undefined,
        ...(refusal?.status !== undefined && { status: refusal.status }),
        ...(refusal?.code !== undefined && { code: refusal.code }),
      };
    }),
  );
}

/** As the service reads it. @throws CommandFailure that names each variable */
async function configOf(given: Env) {
  const [{ addEnvFile }, { notifyConfig }, { openEnv }] = await Promise.all([
    import('../../local/settings.ts'),
    import('../../shared/wiring/config/functions.ts'),
    import('#wiring'),
  ]);
  try {
    const own = { ...given };
    addEnvFile(own, '.env');
    return notifyConfig({ ...(await openEnv(own)).env, ...own });
  } catch (error) {
    if (!(error instanceof ConfigError)) throw error;
    const faults = error.faults.map(({ path, message }) => `${path}: ${message}`).join('; ');
    throw new CommandFailure(faults, 'docs/webhooks.md shows how', EXIT.usage, error);
  }
}
