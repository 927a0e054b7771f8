/** The `waybill` command: runs the program and turns an error into one line and an exit code. */
import { WaybillError } from '../shared/lib/errors.ts';
import { CommandFailure, EXIT, type ExitCode, failureLine } from './io/failure.ts';
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
  if (error instanceof CommandFailure) {
    stderr.write(failureLine(error));
    return error.exitCode;
  }
  if (error instanceof WaybillError) {
    const isConfig = code === 'CONFIG_INVALID';
    const todo = isConfig ? 'Correct these settings.' : 'Try again once that is fixed.';
    stderr.write(`waybill: ${error.message}${isConfig ? '\n' : ' '}${todo}\n`);
    return isConfig ? EXIT.usage : EXIT.failures;
  }
  const text = error instanceof Error ? error.stack : String(error);
  stderr.write(`waybill: this is a bug in Waybill. Report it with the following text.\n${text}\n`);
  return EXIT.failures;
}
