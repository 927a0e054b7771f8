import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { textLines } from '../../../../shared/lib/text-lines.ts';

async function* pieces(...parts: readonly (string | Uint8Array)[]) {
  for (const part of parts) yield typeof part === 'string' ? Buffer.from(part) : part;
}
const linesOf = (...parts: readonly (string | Uint8Array)[]): Promise<string[]> =>
  Array.fromAsync(textLines(pieces(...parts)));

describe('lines of a text', () => {
  it.each<[string, string, string[]]>([
    ['nothing', '', []],
    ['one line without an end', 'a', ['a']],
    ['one line', 'a\n', ['a']],
    ['an empty line', '\n', ['']],
    ['empty lines between', 'a\n\nb', ['a', '', 'b']],
    ['CRLF', 'a\r\nb\r\n', ['a', 'b']],
    ['a carriage return within', 'a\rb\n', ['a\rb']],
    ['a byte order mark', '\uFEFFa\nb', ['a', 'b']],
    ['other separators of Unicode', 'a\u2028b\u0085c\n', ['a\u2028b\u0085c']],
  ])('are read from %s', async (_name, text, lines) => {
    expect(await linesOf(text)).toEqual(lines);
  });

  it('are the same wherever the bytes are cut', async () => {
    const texts = fc.array(fc.constantFrom('a', '腾', '🚚', '\n', '\r\n', '+', '\t'));
    await fc.assert(
      fc.asyncProperty(texts, fc.integer({ min: 1, max: 5 }), async (parts, size) => {
        const bytes = Buffer.from(parts.join(''));
        const cut = Array.from({ length: Math.ceil(bytes.length / size) }, (_, index) =>
          bytes.subarray(index * size, (index + 1) * size),
        );
        expect(await linesOf(...cut)).toEqual(await linesOf(bytes));
      }),
    );
  });

  it('have U+FFFD for what is not UTF-8', async () => {
    expect(await linesOf(Buffer.from([0x61, 0xff, 0x0a, 0xe8, 0x85]))).toEqual([
      'a\uFFFD',
      '\uFFFD',
    ]);
  });

  it('are cut at 262,144 characters, and the next one is whole', async () => {
    const part = Buffer.alloc(65_536, 'x');
    const long = Array.from({ length: 50 }, () => part);
    const [first = '', second, third] = await linesOf(...long, 'tail\r\nb\n', 'c');
    expect(first).toBe('x'.repeat(262_144));
    expect([second, third]).toEqual(['b', 'c']);
    const [whole = ''] = await linesOf(Buffer.concat(long));
    expect(whole).toHaveLength(262_144);
  });

  it('end the source when the reader stops', async () => {
    let ended = false;
    async function* source() {
      try {
        for (;;) yield Buffer.from('a\n');
      } finally {
        ended = true;
      }
    }
    for await (const line of textLines(source())) {
      expect(line).toBe('a');
      break;
    }
    expect(ended).toBe(true);
  });
});
