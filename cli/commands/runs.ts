/** `waybill runs`: lists the newest runs. */
import { OPERATIONS, RUN_STATES } from '../../shared/ledger/model.ts';
import type { RunView } from '../io/answers.ts';
import type { RunFilter } from '../io/client.ts';
import { EXIT, type ExitCode } from '../io/failure.ts';
import { type CommandOptions, serviceCommand, someOf, wholeNumber } from '../io/options.ts';
import { shortLength } from '../io/run-id.ts';
import { clipEnd, table } from '../io/table.ts';
import { columnsOf, count, createPaint, type Paint, printable, widthOf } from '../io/text.ts';
import { stateText, titleText } from '../runs/text.ts';

export const addRuns = serviceCommand<RunFilter>({
  name: 'runs',
  description: 'list the newest runs',
  options: (command) =>
    command
      .addOption(someOf('--state <state...>', 'only runs in these states', RUN_STATES))
      .addOption(someOf('--operation <name...>', 'only runs of these operations', OPERATIONS))
      .option('--limit <n>', 'how many, at most 100', wholeNumber(100), 20)
      .option('--cursor <cursor>', 'continue an earlier list'),
  examples: ['runs', 'runs --state planning active', 'runs --limit 100 --json'],
  action: ({ limit, cursor, state, operation, ...options }) =>
    listRuns(options, { limit, cursor, state, operation }),
});

export async function listRuns(
  { client, env, json, stdout }: CommandOptions,
  filter: RunFilter,
): Promise<ExitCode> {
  const answer = await client.runs(filter);
  const { runs, nextCursor } = answer;
  if (json) {
    stdout.write(`${JSON.stringify(answer)}\n`);
    return EXIT.ok;
  }
  if (runs.length === 0) {
    stdout.write(noRuns(filter));
    return EXIT.ok;
  }
  const paint = createPaint(stdout, env);
  stdout.write(runsText(runs, paint, columnsOf(stdout)));
  if (nextCursor !== null) stdout.write(`older ones: --cursor ${printable(nextCursor)}\n`);
  return EXIT.ok;
}

/** Two lines a run: the numbers, and what it is about; a third where it failed. */
function runsText(runs: readonly RunView[], paint: Paint, columns: number): string {
  const length = shortLength(runs.map(({ runId }) => runId));
  const rows = runs.map((run) => [
    printable(run.runId.slice(0, length)),
    stateText(run, paint),
    `${run.progress.percent}%`,
    count(run.counts.failed),
    count(run.counts.quarantined),
    printable(run.createdAt.slice(0, 16).replace('T', ' ')),
  ]);
  const head = ['RUN', 'STATE', 'DONE', 'FAILED', 'QUARANTINED', 'CREATED (UTC)'];
  const [first = '', ...lines] = table([head, ...rows], { columns })
    .trimEnd()
    .split('\n');
  const details = runs.map((run) => detailsOf(run, columns));
  return `${[first, ...lines.flatMap((line, at) => [line, ...(details[at] ?? [])])].join('\n')}\n`;
}

function detailsOf(run: RunView, columns: number): readonly string[] {
  const { error, target } = run;
  const place = target ? printable(` -> ${target.region}/${target.bucket}`) : '';
  const about = `  ${titleText(run, columns - 2 - widthOf(place))}${place}`;
  const cause = error ? [printable(`  ${error.code}: ${error.message}`)] : [];
  return [about, ...cause].map((line) => clipEnd(line, columns));
}

function noRuns({ cursor, state = [], operation = [] }: RunFilter): string {
  if (cursor !== undefined) return 'no more\n';
  if (state.length + operation.length > 0) return 'no such runs\n';
  return 'no runs yet; start one with:\n  npx waybill submit <manifest> --to <region>/<bucket>\n';
}
