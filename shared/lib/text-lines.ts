/**
 * Splits a streamed text into lines without their ends. Whatever its size, one line is held at a
 * time.
 */

/** Longer lines are cut; nothing that a provider lists comes near. */
const MAX_LENGTH = 262_144;

/** @param bytes UTF-8; what is not valid becomes U+FFFD */
export async function* textLines(bytes: AsyncIterable<Uint8Array>): AsyncGenerator<string> {
  for await (const lines of lineBlocks(bytes)) yield* lines;
}

/** The same, of each piece at once. */
export async function* lineBlocks(
  bytes: AsyncIterable<Uint8Array>,
): AsyncGenerator<readonly string[]> {
  const decoder = new TextDecoder();
  let rest = '';
  for await (const part of bytes) {
    const lines = (rest + decoder.decode(part, { stream: true })).split('\n');
    rest = (lines.pop() ?? '').slice(0, MAX_LENGTH);
    if (lines.length > 0) yield lines.map(cut);
  }
  rest += decoder.decode();
  if (rest !== '') yield [cut(rest)];
}

const cut = (line: string): string => line.slice(0, MAX_LENGTH).replace(/\r$/, '');
