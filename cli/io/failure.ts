/** The error that ends a command: one clear message, and an exit code for scripts. */
import { printable } from './text.ts';

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

  /**
   * @param what happened
   * @param todo what the reader can do about it
   */
  constructor(what: string, todo: string, exitCode: ExitCode, cause?: unknown) {
    super(`${sentence(what)} ${sentence(todo)}`, cause === undefined ? undefined : { cause });
    this.name = 'CommandFailure';
    this.exitCode = exitCode;
  }
}

/** Harmless on a terminal, and ending as a sentence does. */
const sentence = (text: string): string => {
  const shown = printable(text.trim());
  return /[.?!]$/.test(shown) ? shown : `${shown}.`;
};

/** How every error looks on standard error. */
export const failureLine = ({ message }: Error): string => `waybill: ${message}\n`;
