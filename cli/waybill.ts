/** The `waybill` command: runs the program and turns an error into one line and an exit code. */
import { WaybillError } from '../shared/lib/errors.ts';
import { CommandFailure, EXIT, type ExitCode } from './io/failure.ts';
import { createProgram } from './program.ts';

const { env, stdin, stdout, stderr } = process;

// A reader that has seen enough, such as head, is no fault.
stdout.on('error', (error: NodeJS.ErrnoException) => {
  if (error.code !== 'EPIPE') throw error;
  process.exit();
});

const exitsWith = (code: ExitCode): void => {
  process.exitCode = code;
};

try {
  await createProgram({ env, stdin, stdout, stderr, exitsWith }).parseAsync();
} catch (error) {
  exitsWith(fail(error));
}

function fail(error: unknown): ExitCode {
  const { code, exitCode } = error as { code?: string; exitCode?: number };
  // Commander has said what is wrong, or printed the help that was asked for.
  if (code?.startsWith('commander.')) return exitCode === 0 ? EXIT.ok : EXIT.usage;
  const known = error instanceof CommandFailure || error instanceof WaybillError;
  const text = known ? error.message : error instanceof Error ? error.stack : String(error);
  stderr.write(`waybill: ${text}\n`);
  if (error instanceof CommandFailure) return error.exitCode;
  return code === 'CONFIG_INVALID' ? EXIT.usage : EXIT.failures;
}
