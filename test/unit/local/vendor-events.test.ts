import { readdirSync, readFileSync } from 'node:fs';
import { describe, expect, it } from 'vitest';
import { parseVendorEvent } from '../../../local/vendor-events.ts';
import { readCase } from '../../fixtures/cases.ts';

const EVENTS = new URL('../../../events/', import.meta.url);
const sample = (path: string): unknown => JSON.parse(readFileSync(new URL(path, EVENTS), 'utf8'));

describe('events of SCF and FunctionGraph', () => {
  const cases: { event: unknown; expectedKey: string | null }[] = JSON.parse(
    readCase('functions/cos-events.json'),
  );

  it('F01: takes the key of a COS event whose front, size, time and region are written in any way', () => {
    const found = cases.map(({ event }) => parseVendorEvent(event));
    expect(found.map(({ kind }) => kind)).toEqual(cases.map(() => 'uploads'));
    const keys = found.flatMap((event) => (event.kind === 'uploads' ? event.uploads : []));
    expect(keys.map(({ key }) => key)).toEqual(
      // What is under reports/ starts no function, as on AWS.
      cases.map(({ expectedKey }) => expectedKey ?? 'reports/x.csv'),
    );
    expect(new Set(keys.map(({ bucket }) => bucket))).toEqual(new Set(['testpic-1250000000']));
    expect(keys[0]?.at).toEqual(new Date(1_795_046_400_000));
    expect(keys[2]?.at).toEqual(new Date(0));
  });

  it('F02: cuts the front part of a COS key once and as text', () => {
    const keys = [1, 4].map((at) => {
      const event = parseVendorEvent(cases[at]?.event);
      return event.kind === 'uploads' && event.uploads[0]?.key;
    });
    expect(keys).toEqual([
      'cos-fetch/ap-shanghai/examplebucket-1250000000//a//b.csv',
      '1250000000/testpic/x.csv',
    ]);
  });

  it('F03: takes the outer time of an OBS event from EventGrid, and empty ids', () => {
    const { event, expected } = JSON.parse(readCase('functions/obs-eventgrid.json'));
    const { bucket, key, at } = expected;
    const uploads = [{ bucket, key, at: new Date(at) }];
    expect(parseVendorEvent(event)).toEqual({ kind: 'uploads', uploads });
  });

  it('gives both readings of an OBS key that may be encoded', () => {
    const event = parseVendorEvent(sample('functiongraph/obs.json'));
    const front = 'cos-fetch/ap-shanghai/examplebucket-1250000000/';
    expect(event.kind === 'uploads' && event.uploads.map(({ key }) => key)).toEqual([
      `${front}my videos.csv`,
      `${front}my+videos.csv`,
    ]);
  });

  it('F04: decodes a body exactly when the flag says so', () => {
    const { bodyMeant, events } = JSON.parse(readCase('functions/http-bodies.json'));
    const bodies = events.map((event: unknown) => {
      const parsed = parseVendorEvent(event);
      return parsed.kind === 'request' && parsed.body.toString();
    });
    expect(bodies).toEqual(Array(4).fill(bodyMeant));
  });

  it.each([
    ['scf/cos.json', 'uploads'],
    ['scf/timer.json', 'timer'],
    ['scf/function-url.json', 'request'],
    ['functiongraph/obs.json', 'uploads'],
    ['functiongraph/timer.json', 'timer'],
    ['functiongraph/apig.json', 'request'],
    ['functiongraph/smn.json', 'messages'],
  ])('%s is one of %s', (path, kind) => {
    expect(parseVendorEvent(sample(path)).kind).toBe(kind);
  });

  it('knows every sample', () => {
    const paths = ['scf', 'functiongraph'].flatMap((vendor) =>
      readdirSync(new URL(vendor, EVENTS)).map((name) => `${vendor}/${name}`),
    );
    expect(paths).toHaveLength(7);
    for (const path of paths) parseVendorEvent(sample(path));
  });

  it('takes the same instant from both timers', () => {
    const at = new Date('2026-11-20T02:00:00Z');
    for (const vendor of ['scf', 'functiongraph']) {
      const event = parseVendorEvent(sample(`${vendor}/timer.json`));
      expect(event).toEqual({ kind: 'timer', payload: 'nightly', at });
    }
  });

  it('names the query of a request whichever way the gateway does', () => {
    for (const path of ['scf/function-url.json', 'functiongraph/apig.json']) {
      expect(parseVendorEvent(sample(path))).toMatchObject({ path: '/runs?limit=10' });
    }
  });

  it.each([
    ['nothing', null],
    ['an empty object', {}],
    ['a path that would name another host', { httpMethod: 'GET', path: '@other.example/' }],
    ['a message without topic', { record: [{ smn: {} }] }],
  ])('refuses %s without quoting it', (_what, event) => {
    expect(() => parseVendorEvent(event)).toThrow(
      expect.objectContaining({ code: 'EVENT_INVALID', message: 'The event is of no known kind.' }),
    );
  });
});
