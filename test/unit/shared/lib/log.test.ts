import { describe, expect, it } from 'vitest';
import { ProviderError } from '../../../../shared/lib/errors.ts';
import { createLog } from '../../../../shared/lib/log.ts';

const AT = new Date('2026-11-20T02:00:00Z');

function written() {
  const lines: string[] = [];
  const log = createLog({ level: 'debug', write: (line) => lines.push(line), now: () => AT });
  return { lines, log };
}

describe('G6: a line of the log holds no secret', () => {
  it.each(['debug', 'info', 'warn', 'error'] as const)('in its fields, at %s', (level) => {
    const { lines, log } = written();
    log[level]('thing.done', {
      message: 'Authorization: canary-1\nand more',
      url: 'http://o.example/?q-signature=canary-2&x-cos-security-token=canary-3',
      keys: ['Bearer canary-4', 'plain'],
      count: 7,
      ok: true,
      nothing: null,
    });
    expect(lines.join('')).not.toContain('canary');
    expect(JSON.parse(lines[0] ?? '')).toMatchObject({
      at: AT.toISOString(),
      level,
      event: 'thing.done',
      keys: ['Bearer ***', 'plain'],
      count: 7,
      ok: true,
      nothing: null,
    });
  });

  it.each([
    ['ours', new Error('refused: Authorization: canary-1')],
    [
      'a provider’s',
      new ProviderError('StringToSign q-ak=canary-1&q-signature=canary-2', {
        provider: 'tencent',
        providerCode: 'SignatureDoesNotMatch Signature=canary-3',
        status: 403,
        class: 'credentials',
        requestId: 'Bearer canary-4',
      }),
    ],
    ['thrown as a text', 'Bearer canary-1'],
  ])('in the cause of an error, %s', (_name, error) => {
    const { lines, log } = written();
    log.error('thing.failed', {}, error);
    expect(lines.join('')).not.toContain('canary');
    expect(JSON.parse(lines[0] ?? '').cause).toMatchObject({ provider: expect.any(String) });
    expect(lines.join('')).toContain('***');
  });
});
