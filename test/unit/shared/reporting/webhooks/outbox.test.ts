import { describe, expect, it } from 'vitest';
import { createLog } from '../../../../../shared/lib/log.ts';
import type { Message, NewMessage } from '../../../../../shared/reporting/webhooks/message.ts';
import { createOutbox } from '../../../../../shared/reporting/webhooks/outbox.ts';
import { silentLog } from '../../../../fixtures/log.ts';
import { openStores } from '../../../../fixtures/stores.ts';

const AT = new Date('2026-11-20T02:00:00Z');
const message = (id: string, detail = ''): NewMessage => ({
  id: `msg_${id}`,
  type: 'credentials.refused',
  at: AT,
  data: {
    provider: 'tencent',
    api: 'cos-fetch',
    code: 'InvalidAccessKeyId',
    message: detail,
    since: AT.toISOString(),
  },
});
const idsOf = (messages: readonly Message[]) => messages.map(({ id }) => id);

function setup() {
  const { ledger } = openStores();
  const lines: Record<string, unknown>[] = [];
  const log = createLog({ write: (line) => lines.push(JSON.parse(line)) });
  const open = (changed: Partial<typeof ledger> = {}) =>
    createOutbox({ ledger: { ...ledger, ...changed }, log, wait: async () => {} });
  return { ledger, lines, open, outbox: open() };
}

describe('the outbox', () => {
  it('keeps what was added, in its order, for any worker', async () => {
    const { open, outbox } = setup();
    expect(await outbox.pending()).toEqual([]);
    await outbox.add(message('1'));
    await outbox.add(message('2'));
    const { data, ...rest } = message('1');
    const [first, second] = await open().pending();
    expect(first).toEqual({ ...rest, data, attempts: 0, nextAt: AT });
    expect(second?.id).toBe('msg_2');
  });

  it('keeps one message of an id, as it was first', async () => {
    const { outbox } = setup();
    await outbox.add(message('1', 'first'));
    await outbox.add(message('1', 'second'));
    expect(await outbox.pending()).toMatchObject([{ id: 'msg_1', data: { message: 'first' } }]);
  });

  it('loses nothing when many workers add and settle at once', async () => {
    const { open, outbox } = setup();
    const old = Array.from({ length: 10 }, (_, index) => `old${index}`);
    for (const id of old) await outbox.add(message(id));
    await Promise.all([
      ...Array.from({ length: 30 }, (_, index) => open().add(message(`${index % 20}`))),
      ...old.map((id) => open().settle(new Map([[`msg_${id}`, undefined]]))),
    ]);
    const ids = idsOf(await outbox.pending());
    expect([...ids].sort()).toEqual(Array.from({ length: 20 }, (_, at) => `msg_${at}`).sort());
  });

  it('takes a message away, changes another one, and leaves the rest', async () => {
    const { outbox } = setup();
    for (const id of ['1', '2', '3']) await outbox.add(message(id));
    const [, second] = await outbox.pending();
    const later = { ...(second as Message), attempts: 1, nextAt: new Date(AT.getTime() + 5_000) };
    await outbox.settle(
      new Map([
        ['msg_1', undefined],
        ['msg_2', later],
        ['msg_gone', later],
      ]),
    );
    const left = await outbox.pending();
    expect(idsOf(left)).toEqual(['msg_2', 'msg_3']);
    expect(left[0]).toEqual(later);
  });

  it('writes nothing when there is nothing to change', async () => {
    const { ledger, open, outbox } = setup();
    await outbox.add(message('1'));
    const { version } = (await ledger.readNote('webhooks')) ?? {};
    await open().add(message('1'));
    await open().settle(new Map([['msg_2', undefined]]));
    expect((await ledger.readNote('webhooks'))?.version).toBe(version);
  });

  it('takes a write whose answer was lost for its own', async () => {
    const { ledger, open, outbox } = setup();
    await open({
      swapNote: async (...given) => {
        await ledger.swapNote(...given);
        return false;
      },
    }).add(message('1'));
    expect(idsOf(await outbox.pending())).toEqual(['msg_1']);
  });
});

describe('an outbox without room', () => {
  it('drops the oldest beyond 200, each with an error in the log', async () => {
    const { lines, outbox } = setup();
    for (let index = 0; index < 202; index += 1) await outbox.add(message(`${index}`));
    const ids = idsOf(await outbox.pending());
    expect([ids.length, ids[0], ids.at(-1)]).toEqual([200, 'msg_2', 'msg_201']);
    expect(lines).toMatchObject(
      ['msg_0', 'msg_1'].map((id) => ({ level: 'error', event: 'webhook.dropped', id })),
    );
  });

  it('stays below what an item of DynamoDB holds, whatever messages tell', async () => {
    const { ledger, lines, outbox } = setup();
    for (let index = 0; index < 40; index += 1) {
      await outbox.add(message(`${index}`, '腾'.repeat(3_000)));
    }
    const text = (await ledger.readNote('webhooks'))?.text ?? '';
    expect(Buffer.byteLength(text)).toBeLessThanOrEqual(256 * 1_024);
    const left = idsOf(await outbox.pending());
    expect(left.at(-1)).toBe('msg_39');
    expect(left.length + lines.length).toBe(40);
  });
});

describe('a note of an unknown shape', () => {
  const good = { id: 'msg_1', type: 't', at: AT, data: {}, attempts: 0, nextAt: AT };
  it.each([
    ['no JSON', '{"a', '(whole)'],
    ['no list', '{}', '(whole)'],
    ['a message without id', JSON.stringify([good, { ...good, id: undefined }]), '[1].id'],
    ['an instant that is none', JSON.stringify([{ ...good, nextAt: 'soon' }]), '[0].nextAt'],
    ['attempts below none', JSON.stringify([{ ...good, attempts: -1 }]), '[0].attempts'],
    ['data that is a list', JSON.stringify([{ ...good, data: 7 }]), '[0].data'],
    ['a field of another version', JSON.stringify([{ ...good, more: 1 }]), '[0].more'],
  ])('is an error that names it, and stays as it is: %s', async (_name, text, path) => {
    const { ledger, outbox } = setup();
    await ledger.swapNote('webhooks', text, undefined);
    const named = {
      code: 'STORE_FAILED',
      message: expect.stringMatching(/^The note "webhooks" of the ledger /),
    };
    await expect(outbox.pending()).rejects.toMatchObject(named);
    await expect(outbox.pending()).rejects.toThrow(`${path}: `);
    await expect(outbox.add(message('2'))).rejects.toMatchObject(named);
    await expect(outbox.settle(new Map([['msg_1', undefined]]))).rejects.toMatchObject(named);
    expect((await ledger.readNote('webhooks'))?.text).toBe(text);
  });

  it('is never written: a message that could not be read again is refused', async () => {
    const { outbox } = setup();
    await expect(outbox.add({ ...message('1'), id: 'no.id' })).rejects.toThrow('[0].id: ');
    await expect(outbox.add({ ...message('1'), at: new Date(Number.NaN) })).rejects.toThrow(
      '[0].at: ',
    );
    expect(await outbox.pending()).toEqual([]);
  });
});

it('a store that fails is told as it is', async () => {
  const { ledger } = openStores();
  const failure = new Error('disk full');
  const outbox = createOutbox({
    ledger: { ...ledger, swapNote: () => Promise.reject(failure) },
    log: silentLog,
  });
  await expect(outbox.add(message('1'))).rejects.toBe(failure);
});
