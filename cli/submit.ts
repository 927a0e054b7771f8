/** `waybill submit <manifest>`: lints, uploads, starts the run, and follows it when asked to. */
import { basename } from 'node:path';
import type { Client } from './client.ts';
import { CommandFailure, EXIT, type ExitCode } from './failure.ts';
import { lintManifest } from './lint.ts';
import { showRun } from './show.ts';
import type { Terminal } from './text.ts';

export interface SubmitOptions {
  readonly client: Client;
  readonly path: string;
  /** `<region>/<bucket-appid>` */
  readonly to: string;
  readonly name?: string | undefined;
  /** Sends nothing when a line is quarantined. */
  readonly strict: boolean;
  readonly watch: boolean;
  readonly json: boolean;
  readonly stdout: Terminal;
  readonly stderr: Terminal;
  readonly now: () => Date;
}

export async function submit(options: SubmitOptions): Promise<ExitCode> {
  const { client, path, to, strict, watch, json, stdout, stderr, now } = options;
  const [region, bucket, ...rest] = to.split('/');
  if (!region || !bucket || rest.length > 0) {
    throw new CommandFailure(
      `--to: expected <region>/<bucket-appid>, such as ap-shanghai/examplebucket-1250000000`,
      EXIT.usage,
    );
  }
  const name = options.name ?? `${now().toISOString().slice(0, 10)}/${basename(path)}`;
  const key = `cos-fetch/${region}/${bucket}/${name}`;
  // Findings go to the side, so that the output stays the run.
  const found = await lintManifest({ path, key, stdout: stderr, stderr });
  if (found === 2) return EXIT.usage;
  if (found === 1 && strict) {
    stderr.write('nothing was sent, because of --strict\n');
    return EXIT.failures;
  }
  await client.upload(key, path);
  const runId = await client.start(key);
  if (json) stdout.write(`${JSON.stringify({ runId, key })}\n`);
  else stdout.write(`run ${runId} of ${key}\n`);
  if (!watch) {
    if (!json) stdout.write(`follow it with: npx waybill show ${runId} --watch\n`);
    return EXIT.ok;
  }
  return showRun({ client, json, stdout }, runId, true);
}
