/** Questions on a terminal: a token without echo, and yes or no. */
import { createInterface } from 'node:readline/promises';

interface AskStreams {
  readonly stdin: NodeJS.ReadStream;
  readonly stderr: NodeJS.WriteStream;
}

/** Both must be terminals: else nobody reads the question, or a script would be stopped by it. */
export const canAsk = ({ stdin, stderr }: AskStreams): boolean =>
  stdin.isTTY === true && stderr.isTTY === true;

/** Anything but `y` or `yes` is a no. */
export async function confirm(question: string, { stdin, stderr }: AskStreams): Promise<boolean> {
  const lines = createInterface({ input: stdin, output: stderr });
  try {
    const ended = new Promise<string>((done) => lines.once('close', () => done('')));
    const answer = await Promise.race([lines.question(`${question} [y/N] `), ended]);
    return /^\s*y(es)?\s*$/i.test(answer);
  } finally {
    lines.close();
  }
}

const KEYS = { interrupt: '\u0003', end: '\u0004', clear: '\u0015', escape: '\u001b' } as const;

/** Reads one line that is not shown; undefined when it is left empty. Ctrl-C ends the program. */
export async function askHidden(
  question: string,
  { stdin, stderr }: AskStreams,
): Promise<string | undefined> {
  // First, so that nothing is shown of what is typed at once.
  stdin.setRawMode(true);
  stdin.setEncoding('utf8');
  stderr.write(question);
  let typed = '';
  let interrupted = false;
  let take: (chunk: string) => void = () => {};
  let end = () => {};
  try {
    await new Promise<void>((done) => {
      end = done;
      take = (chunk) => {
        // Arrows and the like come as one chunk; of a token they are no part.
        if (chunk.startsWith(KEYS.escape)) return;
        for (const character of chunk) {
          if (character === KEYS.interrupt) interrupted = true;
          if (['\r', '\n', KEYS.interrupt, KEYS.end].includes(character)) return done();
          if (character === KEYS.clear) typed = '';
          else if (character === '\u007f' || character === '\b') typed = typed.slice(0, -1);
          else if (character >= ' ') typed += character;
        }
      };
      stdin.on('data', take).once('end', end);
      stdin.resume();
    });
  } finally {
    stdin.off('data', take).off('end', end);
    stdin.setRawMode(false);
    stdin.pause();
    stderr.write('\n');
  }
  if (interrupted) process.kill(process.pid, 'SIGINT');
  return typed.trim() || undefined;
}
