/**
 * `waybill lint <manifest>`: checks a local manifest before it is uploaded.
 * Nothing leaves the machine.
 */
import { explainFault, type ReadOptions, readFindings } from './lint/findings.ts';
import { failureJson, failureText, findingsJson, findingsText } from './lint/output.ts';
import { columnsOf, type Terminal } from './text.ts';

export interface LintManifestOptions
  extends Pick<ReadOptions, 'path' | 'key' | 'allowHttps' | 'maxFindings'> {
  /** One JSON document instead of text. @default false */
  readonly json?: boolean;
  readonly stdout: Terminal;
  readonly stderr: Terminal;
}

/** 0: all lines can be sent; 1: some can't; 2: the file can't be read as a manifest. */
export type LintExitCode = 0 | 1 | 2;

/** Lints one file, prints what it finds and answers the exit code of the command. */
export async function lintManifest(options: LintManifestOptions): Promise<LintExitCode> {
  const { json = false, stdout, stderr, path } = options;
  try {
    const findings = await readFindings(options);
    // Lines in a pipe are whole, for editors; on a terminal they fit it.
    const columns = stdout.isTTY ? columnsOf(stdout) : undefined;
    stdout.write(json ? findingsJson(findings) : findingsText(findings, columns));
    return findings.tally.quarantined > 0 ? 1 : 0;
  } catch (error) {
    const { message } = explainFault(error, path);
    if (json) stdout.write(failureJson(path, message));
    else stderr.write(failureText(path, message));
    return 2;
  }
}
