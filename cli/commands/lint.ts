/** `waybill lint <manifest>`: checks a local manifest before you upload it. Nothing leaves the machine. */
import type { Command } from 'commander';
import { failureLine } from '../io/failure.ts';
import { withInput } from '../io/input.ts';
import { type CommandIo, examples, exitsWith, wholeNumber } from '../io/options.ts';
import { columnsOf, type Terminal } from '../io/text.ts';
import { explainFault, type Findings, type ReadOptions, readFindings } from '../lint/findings.ts';
import { failureJson, findingsJson, findingsText } from '../lint/output.ts';

interface LintArguments {
  readonly key?: string;
  readonly allowHttps?: boolean;
  readonly maxFindings: number;
  readonly json?: boolean;
}

export function addLint(program: Command, io: CommandIo): void {
  program
    .command('lint')
    .description('check a manifest without sending anything')
    .argument('<manifest>', 'CSV or JSON Lines, also .gz; - for standard input')
    .option('--key <key>', 'also check the key it would be uploaded under')
    .option('--allow-https', 'accept https sources, as with WAYBILL_ALLOW_HTTPS')
    .option(
      '--max-findings <n>',
      'how many findings to show; all are counted',
      wholeNumber(1_000_000),
      100,
    )
    .option('--json', 'print JSON for programs')
    .addHelpText('after', examples('lint videos.csv', 'lint videos.csv.gz --json'))
    .action(
      exitsWith(io, (given: string, options: LintArguments) =>
        withInput(given, io.stdin, (input) => lintManifest({ ...io, ...options, ...input })),
      ),
    );
}

export interface LintManifestOptions
  extends Pick<ReadOptions, 'path' | 'shown' | 'key' | 'allowHttps' | 'maxFindings'> {
  /** One JSON document instead of text. @default false */
  readonly json?: boolean;
  readonly stdout: Terminal;
  readonly stderr: Terminal;
}

/** 0: all lines can be sent; 1: some can't; 2: the file can't be read as a manifest. */
type LintExitCode = 0 | 1 | 2;

/** Lints one file, prints what it finds and answers the exit code of the command. */
export async function lintManifest(options: LintManifestOptions): Promise<LintExitCode> {
  const findings = await tellFindings(options);
  if (!findings) return 2;
  return findings.tally.quarantined > 0 ? 1 : 0;
}

/** Prints the findings; undefined when the file can't be read as a manifest, which is told then. */
export async function tellFindings(options: LintManifestOptions): Promise<Findings | undefined> {
  const { json = false, stdout, stderr, path, shown = path } = options;
  try {
    const findings = await readFindings(options);
    // Lines in a pipe are whole, for editors; on a terminal they fit it.
    const columns = stdout.isTTY ? columnsOf(stdout) : undefined;
    stdout.write(json ? findingsJson(findings) : findingsText(findings, columns));
    return findings;
  } catch (error) {
    const failure = explainFault(error, shown);
    if (json) stdout.write(failureJson(shown, failure.message));
    else stderr.write(failureLine(failure));
    return undefined;
  }
}
