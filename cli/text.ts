/** Numbers, times, tables and runs as text of at most 80 columns. */
import type { FailureGroup, RunView } from './client.ts';

export interface Terminal {
  write(text: string): unknown;
  readonly isTTY?: boolean | undefined;
  readonly columns?: number | undefined;
}

export const count = (value: number): string => value.toLocaleString('en-US');

/** `1 h 2 min`, `3 min 4 s`, `5 s`. */
export function duration(seconds: number): string {
  const whole = Math.max(0, Math.round(seconds));
  const [hours, minutes] = [Math.floor(whole / 3_600), Math.floor((whole % 3_600) / 60)];
  if (hours > 0) return `${hours} h ${minutes} min`;
  return minutes > 0 ? `${minutes} min ${whole % 60} s` : `${whole} s`;
}

/** Columns as wide as their widest cell, two blanks apart. */
export function table(rows: readonly (readonly string[])[]): string {
  const widths = rows.reduce<number[]>(
    (known, row) => row.map((cell, at) => Math.max(known[at] ?? 0, cell.length)),
    [],
  );
  return rows
    .map((row) =>
      row
        .map((cell, at) => cell.padEnd(widths[at] ?? 0))
        .join('  ')
        .trimEnd(),
    )
    .map((line) => `${line}\n`)
    .join('');
}

/** What the counts of a run come to. */
export function progressOf({ counts, progress, state }: RunView) {
  const { planned, submitting, submitted, succeeded, failed, cancelled } = counts;
  const done = succeeded + failed + cancelled;
  const known = done + planned + submitting + submitted;
  const { bytes, bytesTotal } = progress;
  // What was not read yet is taken to be like what was.
  const scale = bytesTotal === null || bytes === 0 ? 1 : Math.max(1, bytesTotal / bytes);
  const total = state === 'completed' ? known : Math.round(known * scale);
  return { done, total, fraction: total === 0 ? 0 : done / total };
}

/** One line: bar, done of total, failed, rate, time left. */
export function progressLine(run: RunView, elapsedSeconds: number, columns = 80): string {
  const { done, total, fraction } = progressOf(run);
  const rate = elapsedSeconds > 0 ? done / elapsedSeconds : 0;
  const left = rate > 0 && total > done ? `, ${duration((total - done) / rate)} left` : '';
  const failed = run.counts.failed > 0 ? `, ${count(run.counts.failed)} failed` : '';
  const words = ` ${count(done)} of ${count(total)}${failed}, ${count(Math.round(rate))}/s${left}`;
  const width = Math.max(10, Math.min(30, columns - words.length - 3));
  const filled = Math.round(fraction * width);
  return `[${'#'.repeat(filled)}${'.'.repeat(width - filled)}]${words}`.slice(0, columns - 1);
}

const ADVICE: Readonly<Record<string, string>> = {
  transient: 'passes by itself; it was tried again and still failed: run it again later',
  throttled: 'the provider was overloaded: run it again later, or lower the rate',
  quota: 'a quota of the account is used up: free it, then run it again',
  credentials: 'the key pair or its permissions are wrong: mend them, then run it again',
  source: 'the source is missing, refuses or is another file: look at it, then run failed.csv',
  request: 'the line or the request is wrong: correct it in failed.csv, then run that',
  state: 'the provider was not in a state for this: look at it there',
};

/** What a class of failures asks for. */
export const advice = (of: string): string => ADVICE[of] ?? '';

export function runDetails(run: RunView, failures: readonly FailureGroup[]): string {
  const { counts } = run;
  const rows = [
    ['run', run.runId],
    ['state', run.state],
    ['manifest', run.source?.key ?? ''],
    ['target', run.target ? `${run.target.region} ${run.target.bucket}` : ''],
    ['created', run.createdAt],
    ['closed', run.closedAt ?? 'not yet'],
    ['lines', count(counts.lines)],
    ['succeeded', count(counts.succeeded)],
    ['failed', count(counts.failed)],
    ['quarantined', count(counts.quarantined)],
  ].filter(([, value]) => value !== '');
  const open = counts.planned + counts.submitting + counts.submitted;
  if (open > 0) rows.push(['open', count(open)]);
  if (counts.cancelled > 0) rows.push(['cancelled', count(counts.cancelled)]);
  const error = run.error ? `\nerror ${run.error.code}: ${run.error.message}\n` : '';
  return table(rows) + error + failureText(failures);
}

export function failureText(failures: readonly FailureGroup[]): string {
  return failures
    .map(({ code, class: of, count: times, message }) => {
      const indented = (text: string) =>
        wrap(text, 76)
          .map((line) => `    ${line}\n`)
          .join('');
      return `\n  ${count(times)} x ${code} (${of})\n${indented(message)}${indented(advice(of))}`;
    })
    .join('');
}

/** Lines of at most `width` characters, broken at blanks where there are any. */
export function wrap(text: string, width: number): readonly string[] {
  const lines: string[] = [];
  let line = '';
  for (const word of text.split(/\s+/).filter(Boolean)) {
    if (line !== '' && line.length + 1 + word.length > width) {
      lines.push(line);
      line = '';
    }
    line = line === '' ? word : `${line} ${word}`;
    for (; line.length > width; line = line.slice(width)) lines.push(line.slice(0, width));
  }
  return line === '' ? lines : [...lines, line];
}
