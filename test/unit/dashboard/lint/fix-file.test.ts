/** What the page offers as a fixed manifest is what the linter suggested, and nothing else. */
import { gzipSync } from 'node:zlib';
import fc from 'fast-check';
import { expect, it } from 'vitest';
import { fixFile } from '../../../../dashboard/lint/fix-file.ts';
import { lintFile } from '../../../../dashboard/lint/lint-file.ts';
import { NASTY_MANIFEST } from '../../../fixtures/nasty-manifest.ts';

const sourceOf = (name: string, content: Uint8Array, piece = content.length) => ({
  name,
  sizeBytes: content.length,
  read: async function* (_key: string, { start = 0, end = content.length } = {}) {
    for (let at = start; at < end; at += piece) {
      yield content.subarray(at, Math.min(end, at + piece));
    }
  },
});

const fixOf = (name: string, content: Uint8Array<ArrayBuffer>, piece?: number) =>
  fixFile(new Blob([content]), sourceOf(name, content, piece), { allowHttps: false });

async function fixed(name: string, text: string, piece?: number) {
  const { content, ...counts } = await fixOf(name, Buffer.from(text), piece);
  return { text: await content.text(), ...counts };
}

it('applies every fix that is known, whatever column and however many a line needs', async () => {
  const text = [
    'md5,note,key,url',
    ',"as, it is",videos/good.mp4,http://a.example/good.mp4',
    ',n,videos/s.mp4,https://a.example/two words.mp4',
    'ASNFZ4mrze8BI0VniavN7w==,n,/videos/m.mp4,a.example/m.mp4',
    ',n,"videos/a,b ",http://a.example/b.mp4',
    '',
  ].join('\r\n');
  expect(await fixed('videos.csv', text)).toEqual({
    fixed: 3,
    text: [
      'md5,note,key,url',
      ',"as, it is",videos/good.mp4,http://a.example/good.mp4',
      ',n,videos/s.mp4,http://a.example/two%20words.mp4',
      '0123456789abcdef0123456789abcdef,n,videos/m.mp4,http://a.example/m.mp4',
      ',n,"videos/a,b",http://a.example/b.mp4',
      '',
    ].join('\r\n'),
  });
});

it('fixes a stray quote, and then the rest of the line', async () => {
  const text = 'http://a.example/1,/videos/5" tape.mp4\nhttp://a.example/2,b';
  const { text: after } = await fixed('a.csv', text);
  expect(after).toBe('http://a.example/1,"videos/5"" tape.mp4"\nhttp://a.example/2,b');
});

it('keeps the names and further fields of JSON Lines', async () => {
  const line = { Url: 'https://a.example/1', Key: 'k', MD5: null, note: [1] };
  expect(await fixed('a.jsonl', `${JSON.stringify(line)}\n{"url":1}\n`)).toEqual({
    fixed: 1,
    text: `${JSON.stringify({ ...line, Url: 'http://a.example/1' })}\n{"url":1}\n`,
  });
});

it('reads packed manifests', async () => {
  const content = gzipSync('https://a.example/1,k\n');
  const packed = await fixOf('a.csv.gz', Buffer.from(content));
  expect(await packed.content.text()).toBe('http://a.example/1,k\n');
});

it('leaves no line that a fix was known for, and every other byte as it was', async () => {
  const content = Buffer.from(NASTY_MANIFEST);
  const before = await lintFile(sourceOf('nasty.csv', content), false, () => {});
  for (const piece of [37, 4_096, content.length]) {
    const found = await fixOf('nasty.csv', content, piece);
    const bytes = Buffer.from(await found.content.arrayBuffer());
    const after = await lintFile(sourceOf('nasty.csv', bytes), false, () => {});
    const fixable = [...after.quarantined, ...after.warnings].filter(({ fix }) => fix);
    expect(fixable).toEqual([]);
    expect(after.tally.transfers).toBeGreaterThan(before.tally.transfers);
    const changed = new Set(
      [...before.quarantined, ...before.warnings].flatMap((found) =>
        found.fix === undefined ? [] : [found.line],
      ),
    );
    const [old, now] = [NASTY_MANIFEST, bytes.toString()].map((text) => text.split('\n'));
    expect(now).toHaveLength(old?.length ?? 0);
    for (const [at, line] of (old ?? []).entries()) {
      if (!changed.has(at + 1)) expect(now?.[at]).toBe(line);
    }
  }
});

it('changes nothing where nothing is to be fixed', async () => {
  const value = fc.constantFrom('http://a.example/1', 'k', '', '"q"', 'a b', 'ftp://x', '\ufeff');
  const lines = fc.array(
    fc.tuple(value, value).map((pair) => pair.join(',')),
    { maxLength: 12 },
  );
  await fc.assert(
    fc.asyncProperty(lines, async (taken) => {
      const text = `url,key\n${taken.join('\n')}`;
      const once = await fixed('a.csv', text, 7);
      const twice = await fixed('a.csv', once.text);
      expect(twice).toEqual({ fixed: 0, text: once.text });
    }),
    { numRuns: 200 },
  );
});
