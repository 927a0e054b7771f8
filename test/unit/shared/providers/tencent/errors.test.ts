import { describe, expect, it } from 'vitest';
import { createClock } from '../../../../../shared/lib/clock.ts';
import type { ProviderError } from '../../../../../shared/lib/errors.ts';
import { cosError, taskClass } from '../../../../../shared/providers/tencent/errors.ts';

const NOW = new Date('2026-11-20T02:00:00Z');
const errorOf = (body: string, status = 503) =>
  cosError({ status, headers: {}, body }, 'x', { clock: createClock(), at: NOW }) as ProviderError;

describe('an error answer of COS', () => {
  const error = '<Error><Code>SlowDown</Code><Message>it&#39;s &amp;#39;</Message></Error>';
  it.each([
    ['plain', error],
    ['behind blanks and a declaration', `\n \n<?xml version="1.0" encoding="UTF-8"?>\n${error}`],
    ['behind a byte order mark', `\ufeff${error}`],
    ['on lines', error.replace('SlowDown', '\n  SlowDown\n')],
  ])('%s keeps its code and its words', (_name, body) => {
    const { message, providerCode } = errorOf(body);
    expect(providerCode).toBe('SlowDown');
    expect(message).toBe("x: 503 SlowDown: it's &#39;");
  });

  it.each([429, 503])('G8: with status %i means to slow down, whatever its code', (status) => {
    for (const body of ['', '<html>', '{"code":"Odd"}', '<Error><Code>Odd</Code></Error>']) {
      expect(errorOf(body, status)).toMatchObject({ class: 'throttled', sent: 'no' });
    }
    expect(errorOf(error, 400)).toMatchObject({ providerCode: 'SlowDown', class: 'throttled' });
  });

  it.each(['constructor', '__proto__', 'toString', 'hasOwnProperty'])(
    'G9: with the code %s has the class of its status',
    (code) => {
      const [json, xml] = [JSON.stringify({ code }), `<Error><Code>${code}</Code></Error>`];
      for (const body of [json, xml]) {
        expect(errorOf(body, 400)).toMatchObject({ providerCode: code, class: 'request' });
      }
      expect(taskClass(code)).toBe('source');
    },
  );
});
