/** The page judges a manifest as `waybill lint` does, and its stand-ins for Node do what Node does. */

import { isUtf8 as nodeIsUtf8 } from 'node:buffer';
import { writeFileSync } from 'node:fs';
import { join } from 'node:path';
import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { lintManifest } from '../../../../cli/commands/lint.ts';
import * as stand from '../../../../dashboard/lint/browser/node.ts';
import { lintFile } from '../../../../dashboard/lint/lint-file.ts';
import { NASTY_MANIFEST } from '../../../fixtures/nasty-manifest.ts';
import { temporaryFolder } from '../../../fixtures/stores.ts';

describe('the stand-ins for Node', () => {
  const bytes = fc.uint8Array({ maxLength: 60 });
  it('read bytes as Node does', () => {
    fc.assert(
      fc.property(bytes, fc.nat(60), fc.nat(60), (given, start, end) => {
        const [ours, nodes] = [stand.Buffer.from(given), Buffer.from(given)];
        expect(ours.toString('hex', start, end)).toBe(nodes.toString('hex', start, end));
        expect(ours.toString('latin1').length).toBe(nodes.toString('latin1').length);
        expect(stand.isUtf8(ours)).toBe(nodeIsUtf8(nodes));
        if (nodeIsUtf8(nodes)) expect(ours.toString()).toBe(nodes.toString());
        expect(ours.indexOf(10, start)).toBe(nodes.indexOf(10, start));
        expect([...stand.Buffer.concat([ours, ours.subarray(1)])]).toEqual([
          ...Buffer.concat([nodes, nodes.subarray(1)]),
        ]);
      }),
    );
  });
  it('take texts as Node does', () => {
    fc.assert(
      fc.property(fc.string({ unit: 'binary' }), bytes, (text, given) => {
        expect(stand.Buffer.byteLength(text)).toBe(Buffer.byteLength(text));
        expect([...stand.Buffer.from(text)]).toEqual([...Buffer.from(text)]);
        const base64 = Buffer.from(given).toString('base64');
        expect([...stand.Buffer.from(base64, 'base64')]).toEqual([...given]);
      }),
    );
  });
});

async function byCommandLine(name: string, content: Uint8Array) {
  const path = join(temporaryFolder(), name);
  writeFileSync(path, content);
  let text = '';
  const stdout = { write: (part: string) => (text += part) };
  await lintManifest({ path, json: true, maxFindings: 400, stdout, stderr: stdout });
  return JSON.parse(text);
}

it('finds what the command line finds', async () => {
  const content = Buffer.from(NASTY_MANIFEST);
  const told: number[] = [];
  const found = await lintFile(
    {
      name: 'nasty.csv',
      sizeBytes: content.length,
      // In pieces that cut lines and characters.
      read: async function* (_key, { start = 0, end = content.length } = {}) {
        for (let at = start; at < end; at += 37) yield content.subarray(at, Math.min(end, at + 37));
      },
    },
    false,
    (fraction) => told.push(fraction),
  );
  const expected = await byCommandLine('nasty.csv', content);
  const { first: _first, last: _last, ...counts } = found.tally;
  expect(counts).toEqual(expected.counts);
  expect(found.quarantined).toEqual(expected.quarantined);
  expect(found.warnings).toEqual(expected.warnings);
  expect(found.hidden).toBe(0);
  expect(found.quarantined.length).toBeGreaterThan(8);
  expect(Math.max(...told)).toBe(1);
});

it('shows each of the first good lines once, also where keys clash', async () => {
  const content = Buffer.from('http://a.example/1,k\nhttp://a.example/2,k\n');
  const source = {
    name: 'a.csv',
    sizeBytes: content.length,
    read: async function* () {
      yield content;
    },
  };
  const { sample, tally } = await lintFile(source, false, () => {});
  expect(tally.warnings).toEqual({ KEY_REPEATED: 1 });
  expect(sample.map(({ line }) => line)).toEqual([1, 2]);
});

it('lists the first two hundred of a kind and counts the others', async () => {
  const content = Buffer.from('https://a.example/x,x,\n'.repeat(450));
  const found = await lintFile(
    {
      name: 'a.csv',
      sizeBytes: content.length,
      read: async function* () {
        yield content;
      },
    },
    false,
    () => {},
  );
  expect(found.quarantined).toHaveLength(200);
  expect(found.hidden).toBe(250);
  expect(found.tally.quarantined).toBe(450);
});

it.each([
  ['m.csv', 'http://a.example/1\tk1\nhttp://a.example/2\tk2\n', 'separated by tabs'],
  ['m.csv', 'sep=;\nurl;key\n', 'Excel'],
  ['m.jsonl', '[{"url":"http://a.example/1","key":"k"}]', 'a JSON array'],
])('G9: gives one error for the whole of %s: %j', async (name, text, said) => {
  const content = Buffer.from(text);
  const source = {
    name,
    sizeBytes: content.length,
    read: async function* () {
      yield content;
    },
  };
  const { error } = await byCommandLine(name, content);
  expect(error).toEqual({ code: 'MANIFEST_INVALID', message: expect.stringContaining(said) });
  await expect(lintFile(source, false, () => {})).rejects.toMatchObject({
    errors: [{ path: name, message: expect.stringContaining(said) }],
  });
});
