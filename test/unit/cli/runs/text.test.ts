import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { createRate } from '../../../../cli/io/rate.ts';
import { table } from '../../../../cli/io/table.ts';
import {
  createPaint,
  duration,
  indent,
  printable,
  rate,
  widthOf,
  wrap,
} from '../../../../cli/io/text.ts';
import { failureText, progressLine, reportText, runDetails } from '../../../../cli/runs/text.ts';
import { runView } from '../../../fixtures/runs.ts';

const plain = createPaint({ write: () => {} }, {});
const NOW = Date.parse('2026-11-20T10:00:30Z');

describe('numbers', () => {
  it.each([
    [-1, '0 s'],
    [0.4, '0 s'],
    [59.6, '1 min 0 s'],
    [3_599, '59 min 59 s'],
    [3_600, '1 h 0 min'],
    [360_060, '100 h 1 min'],
  ])('%d seconds are %s', (seconds, text) => {
    expect(duration(seconds)).toBe(text);
  });

  it.each([
    [0, '0/s'],
    [0.04, '0.0/s'],
    [2.55, '2.5/s'],
    [9.96, '10/s'],
    [12_345.6, '12,346/s'],
  ])('%d per second are %s', (perSecond, text) => {
    expect(rate(perSecond)).toBe(text);
  });
});

describe('progress', () => {
  it('tells done, failed, rate and time left', () => {
    const run = runView({ counts: { succeeded: 45, failed: 5, submitted: 50 } });
    expect(progressLine(run, 5)).toBe(
      '[###############...............] 50 of 100, 5 failed, 5.0/s, 10 s left',
    );
  });

  it('G12: names an estimate as one, and what was not read or was cancelled', () => {
    const read = { bytes: 1_000, bytesTotal: 100_000 };
    const counts = { lines: 30, succeeded: 10, cancelled: 20 };
    expect(progressLine(runView({ counts: { succeeded: 10 }, read }), 0, 200)).toMatch(
      / 10 of about 1,000, 0\/s$/,
    );
    expect(progressLine(runView({ state: 'cancelled', counts, read }), 1, 200)).toMatch(
      / 10 of about 3,000, 20 cancelled, unread: about 2,970, 1\.0\/s$/,
    );
    const unknown = { bytes: 0, bytesTotal: 100 };
    expect(progressLine(runView({ state: 'failed', read: unknown }), 0, 200)).toMatch(
      /^\[\.+\] 0 done, unread: not known yet, 0\/s$/,
    );
  });

  it('looks complete only when it is', () => {
    const almost = runView({ counts: { succeeded: 999_999, submitted: 1 } });
    expect(progressLine(almost, 1)).toContain('#.]');
    const done = runView({ state: 'completed', counts: { succeeded: 1_000_000 } });
    expect(progressLine(done, 1)).toMatch(/^\[#+\] 1,000,000 of 1,000,000, 1\.0\/s$/);
  });

  it('says what happens while there is nothing to count', () => {
    const run = runView({ state: 'planning', read: { bytes: 0, bytesTotal: null } });
    expect(progressLine(run, 0)).toMatch(/^\[\.+\] reading the manifest$/);
  });

  it('is done when every line of a manifest was quarantined', () => {
    const run = runView({ state: 'completed', counts: { lines: 2, quarantined: 2 } });
    expect(progressLine(run, 0)).toMatch(/^\[#+\]/);
  });

  it('fits the columns there are, whatever the numbers', () => {
    const size = fc.nat({ max: 2_000_000_000 });
    const anyRun = fc.record({ succeeded: size, failed: size, submitted: size });
    const columns = fc.integer({ min: 20, max: 200 });
    fc.assert(
      fc.property(
        anyRun,
        fc.double({ min: 0, noNaN: true }),
        columns,
        (counts, perSecond, width) => {
          expect(progressLine(runView({ counts }), perSecond, width).length).toBeLessThan(width);
        },
      ),
    );
  });
});

describe('rate', () => {
  it('is that of the last looks, so that a pause is soon forgotten', () => {
    const speed = createRate(10_000);
    expect(speed.perSecond()).toBeUndefined();
    speed.look(0, 0);
    expect(speed.perSecond()).toBeUndefined();
    speed.look(1_000, 500);
    expect(speed.perSecond()).toBe(500);
    for (let at = 2_000; at <= 30_000; at += 1_000) speed.look(at, 500);
    expect(speed.perSecond()).toBe(0);
    for (let at = 31_000; at <= 50_000; at += 1_000) speed.look(at, 500 + (at - 30_000) / 100);
    expect(speed.perSecond()).toBe(10);
  });
});

describe('details', () => {
  const hostile = '\u001b[31m\u202eevil';

  it('tell all there is, one row each', () => {
    const run = runView({
      state: 'completed',
      counts: { lines: 1_234, succeeded: 1_230, failed: 3, quarantined: 1 },
    });
    expect(runDetails(run, plain, NOW)).toBe(
      [
        'run          b3f1d0c2a4e5968778695a4b',
        'kind         fetch',
        'state        completed',
        'manifest     cos-fetch/ap-shanghai/b-1250000000/m.csv',
        'target       ap-shanghai b-1250000000',
        'created      2026-11-20T10:00:00.000Z',
        'closed       2026-11-20T10:01:00.000Z',
        'took         1 min 0 s',
        'lines        1,234',
        'succeeded    1,230',
        'failed       3',
        'quarantined  1',
        '',
      ].join('\n'),
    );
  });

  it('tell how long an open run goes on, and what is open', () => {
    const text = runDetails(runView({ counts: { planned: 1, submitted: 2 } }), plain, NOW);
    expect(text).toMatch(/closed +not yet\nfor +30 s\n/);
    expect(text).toMatch(/open +3\n/);
  });

  it('stay within 80 columns and harmless, whatever the names', () => {
    const wide = `cos-fetch/ap-shanghai/b-1250000000/${'照片'.repeat(60)}/${hostile}.csv`;
    const run = runView({
      state: 'failed',
      error: {
        code: 'MANIFEST_CHANGED',
        message: `${hostile} ${'x'.repeat(300)}`,
        class: 'request',
      },
      source: { key: wide },
    });
    const failures = [{ code: hostile, class: 'source', count: 2, message: hostile.repeat(20) }];
    const text = runDetails(run, plain, NOW) + failureText(failures, plain);
    for (const line of text.split('\n')) expect(widthOf(line)).toBeLessThanOrEqual(80);
    // biome-ignore lint/suspicious/noControlCharactersInRegex: they are what is looked for
    expect(text).not.toMatch(/[\u0000-\u0009\u001b\u202e]/);
    expect(text.replaceAll(/\s/g, '')).toContain('照片'.repeat(60));
  });

  it('name the lists of what went wrong, and none when nothing did', () => {
    expect(reportText(runView({ counts: { succeeded: 1 } }))).toBe('');
    expect(reportText(runView({ counts: { failed: 2, quarantined: 1 } }))).toBe(
      '\nLine by line: failed.csv and rejected.csv, written by\n' +
        '  npx waybill report b3f1d0c2a4e5968778695a4b --out <folder>\n',
    );
  });

  it('say what to do about each cause', () => {
    const failures = [
      { code: 'NotFound', class: 'source', count: 1_000, message: 'Answered 404.' },
    ];
    expect(failureText(failures, plain)).toMatch(
      /\n {2}1,000 x NotFound \(source\)\n {4}Answered 404\.\n {4}the source is missing/,
    );
  });
});

describe('colours', () => {
  const terminal = { write: () => {}, isTTY: true };
  it.each([
    ['on a terminal', terminal, {}, true],
    ['with an empty NO_COLOR', terminal, { NO_COLOR: '' }, true],
    ['with NO_COLOR', terminal, { NO_COLOR: '1' }, false],
    ['on a dumb terminal', terminal, { TERM: 'dumb' }, false],
    ['in a pipe', { write: () => {} }, {}, false],
  ])('%s', (_name, stdout, env, coloured) => {
    expect(createPaint(stdout, env)('bad', 'x')).toBe(coloured ? '\u001b[31mx\u001b[39m' : 'x');
  });

  it('do not move the columns of a table', () => {
    const red = createPaint(terminal, {});
    expect(
      table([
        ['a', red('bad', 'bc'), 'd'],
        ['aa', 'b', 'd'],
        ['照', 'b', 'd'],
      ]),
    ).toBe(`a   ${red('bad', 'bc')}  d\naa  b   d\n照  b   d\n`);
  });
});

describe('paragraphs', () => {
  it('are broken at blanks, and inside of long words', () => {
    expect(wrap('a bb ccc dddddddd', 5)).toEqual(['a bb', 'ccc', 'ddddd', 'ddd']);
    expect(indent('a bb', 2)).toBe('  a bb\n');
    expect(wrap('', 5)).toEqual([]);
  });

  it('keep every character and never exceed the width', () => {
    const anyText = fc.string({ unit: 'grapheme' });
    fc.assert(
      fc.property(anyText, fc.integer({ min: 2, max: 40 }), (given, width) => {
        const text = printable(given);
        const lines = wrap(text, width);
        expect(lines.join('').replaceAll(/\s/g, '')).toBe(text.replaceAll(/\s/g, ''));
        for (const line of lines) expect(widthOf(line)).toBeLessThanOrEqual(width);
      }),
    );
  });
});
