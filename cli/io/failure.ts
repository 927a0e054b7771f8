/** The error that ends a command: one clear message, and an exit code for scripts. */

export const EXIT = {
  ok: 0,
  /** The run or the manifest has failures. */
  failures: 1,
  /** Wrong usage or bad input. */
  usage: 2,
  /** No answer from the service, or it is in trouble itself (status 5xx). */
  unreachable: 3,
  /** The service refused: token, unknown run. */
  refused: 4,
} as const;
export type ExitCode = (typeof EXIT)[keyof typeof EXIT];

export class CommandFailure extends Error {
  readonly exitCode: ExitCode;

  constructor(message: string, exitCode: ExitCode, cause?: unknown) {
    super(message, cause === undefined ? undefined : { cause });
    this.name = 'CommandFailure';
    this.exitCode = exitCode;
  }
}
