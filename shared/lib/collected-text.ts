/**
 * Text that is collected to be written at once. It is kept as UTF-8 outside the heap: one string of it would
 * take twice as much wherever a character needs two bytes, and a copy of all of it to be written.
 */

/** Characters that are kept as a string until they are encoded. */
const PIECE_LENGTH = 65_536;

export interface CollectedText {
  readonly length: number;
  add(text: string): void;
  /** All that was added since the last one. */
  take(): readonly Uint8Array[];
}

export function createCollectedText(): CollectedText {
  let pieces: Uint8Array[] = [];
  let [rest, encoded] = ['', 0];
  const encode = (): void => {
    if (rest === '') return;
    pieces.push(Buffer.from(rest));
    encoded += rest.length;
    rest = '';
  };
  return {
    get length() {
      return encoded + rest.length;
    },
    add(text) {
      rest += text;
      if (rest.length >= PIECE_LENGTH) encode();
    },
    take() {
      encode();
      const taken = pieces;
      [pieces, encoded] = [[], 0];
      return taken;
    },
  };
}
