import { setFlagsFromString } from 'node:v8';
import { runInNewContext } from 'node:vm';
import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { encodeRfc3986 } from '../../../../../../shared/lib/encoding.ts';
import { readFailedList } from '../../../../../../shared/providers/huawei/oms/failed-list.ts';
import { failedListText } from '../../../../../../simulator/huawei/failed-list.ts';

const AT = new Date('2026-11-20T02:00:00Z');
const TIME = '2026-11-20 10:00:00';
const CODE = 'UPLOAD_DST_OBJ_FAILURE-1-OBSClientUploadError';

setFlagsFromString('--expose-gc');
const collect = runInNewContext('gc') as () => void;
/** Without what nobody holds any more. */
function heapUsed(): number {
  collect();
  return process.memoryUsage().heapUsed;
}

async function* bytesOf(text: string) {
  yield Buffer.from(text);
}
const read = (text: string) => Array.fromAsync(readFailedList(bytesOf(text)));
const line = (mark: string, key: string, message: string, encoded = encodeRfc3986(key)) =>
  [CODE, TIME, encoded, key, message].join(mark);
/** As `java.net.URLEncoder` writes it. */
const formEncoded = (key: string) => encodeRfc3986(key).replaceAll('%20', '+');

const KEYS: readonly (readonly [string, string])[] = [
  ['a plain key', 'photos/1.jpg'],
  ['blanks', 'my photos/1 2.jpg'],
  ['commas', 'a,b,,c.jpg'],
  ['tabs', 'a\tb\t\tc.jpg'],
  ['plus signs', 'a+b c+d.jpg'],
  ['Chinese', '照片/北京 1.jpg'],
  ['emoji', '🚚.jpg'],
  ['percent signs', '100%25 %zz.jpg'],
  ['quotes', `it's "x".jpg`],
  ['separators of Unicode', 'a\u2028b\u2029c.jpg'],
  ['a folder', 'folder/'],
  ['one letter', 'k'],
  ['a time of its own', `${TIME}.jpg`],
];

describe('a list of failed objects', () => {
  describe.each([
    ['tabs', '\t'],
    ['commas', ','],
    ['blanks', ' '],
  ])('separated by %s', (_name, mark) => {
    it.each(KEYS)('has a key with %s and the whole message', async (_what, key) => {
      const message = 'reset by peer, after 3 tries\tat 10%';
      const expected = { key, code: CODE, message, class: 'transient' };
      expect(await read(line(mark, key, message))).toEqual([expected]);
      expect(await read(line(mark, key, message, formEncoded(key)))).toEqual([expected]);
    });

    it.each(KEYS)('has a key with %s without a message', async (_what, key) => {
      for (const text of [line(mark, key, ''), line(mark, key, '').slice(0, -1)]) {
        expect(await read(`${text}\r\n`)).toMatchObject([{ key, message: '' }]);
      }
    });

    it('has the key where the plain one is left out', async () => {
      const key = '照片 1.jpg';
      const text = [CODE, TIME, encodeRfc3986(key)].join(mark);
      expect(await read(text)).toMatchObject([{ key, message: '', code: CODE }]);
    });

    it('has many lines, with and without blanks between', async () => {
      const text = `\n${line(mark, 'a', 'm')}\n\n${line(mark, 'b', 'n')}\r\n \n`;
      expect((await read(text)).map(({ key, message }) => [key, message])).toEqual([
        ['a', 'm'],
        ['b', 'n'],
      ]);
    });
  });

  it.each(['2026-11-20T10:00:00Z', '2026-11-20T10:00:00.123+08:00', '2026-11-20 10:00:00.123'])(
    'may tell times as %s',
    async (time) => {
      for (const mark of ['\t', ',', ' ']) {
        expect(await read([CODE, time, 'k%201', 'k 1', 'm'].join(mark))).toMatchObject([
          { key: 'k 1', message: 'm' },
        ]);
      }
    },
  );

  it('may tell times as no page shows them, between tabs', async () => {
    expect(await read(`${CODE}\t1763604000\tk%201\tk 1\tm`)).toMatchObject([
      { key: 'k 1', message: 'm' },
    ]);
  });

  it('may have blanks behind commas', async () => {
    expect(await read(`${CODE}, ${TIME}, k%201, k 1, m, n`)).toMatchObject([
      { key: 'k 1', message: 'm, n' },
    ]);
  });

  it('keeps a plus sign that the encoder left alone', async () => {
    expect(await read(`${CODE}\t${TIME}\ta+b%20c\ta+b c\tm`)).toMatchObject([
      { key: 'a+b c', message: 'm' },
    ]);
  });

  it('keeps the encoded key where it can not be decoded', async () => {
    expect(await read(`${CODE}\t${TIME}\ta%zz\ta%zz\tm`)).toMatchObject([
      { key: 'a%zz', message: 'm' },
    ]);
    expect(await read(`${CODE}\t${TIME}\ta%ff\t?\tm`)).toMatchObject([
      { key: 'a%ff', message: 'm' },
    ]);
  });

  it('believes the encoded key where the plain one was spoilt', async () => {
    expect(await read(`${CODE}\t${TIME}\t${encodeRfc3986('北京')}\t??\tm`)).toMatchObject([
      { key: '北京', message: 'm' },
    ]);
  });

  it('tells lines of no known form by what they say', async () => {
    expect(await read('something else')).toEqual([
      { key: '', code: 'something else', message: '', class: 'source' },
    ]);
  });

  it('cuts codes and messages', async () => {
    const [found] = await read(`${'C'.repeat(300)}\t${TIME}\tk\tk\t${'m'.repeat(1_000)}`);
    expect([found?.code.length, found?.message.length]).toEqual([128, 256]);
  });

  it('may begin with a byte order mark', async () => {
    expect(await read(`\uFEFF${line('\t', 'k', 'm')}`)).toMatchObject([{ code: CODE }]);
  });

  it.each([
    ['UPLOAD_DST_OBJ_FAILURE', 'transient'],
    ['UPLOAD_DST_OBJ_FAILURE-1-OBSClientUploadError', 'transient'],
    ['COMPLETE_DST_OBJ_MULTIPART_FAILURE', 'transient'],
    ['MIGRATE_SRC_ARCHIVE_OBJ_FAILURE', 'source'],
    ['INIT_DST_OBJ_MULTIPART_FAILURE', 'request'],
    ['URL_LIST_DOMAIN_FORBIDDEN', 'request'],
    ['URL_LIST_IP_FORBIDDEN', 'request'],
    ['URL_LIST_OBJECT_KEY_TOO_LONG', 'request'],
    ['403', 'source'],
    ['SOMETHING_NEW', 'source'],
  ])('has class by code: %s is %s', async (code, kind) => {
    expect(await read(`${code}\t${TIME}\tk\tk\tm`)).toMatchObject([{ code, class: kind }]);
  });

  it('gives back what was listed, whatever the keys and messages are', async () => {
    const text = fc
      .string({ unit: 'grapheme', minLength: 1, maxLength: 30 })
      .filter((each) => !/[\n\r\uFEFF]/.test(each) && each.trim() === each && each.isWellFormed());
    const objects = fc.array(fc.record({ key: text, code: fc.constant(CODE), message: text }));
    await fc.assert(
      fc.asyncProperty(objects, async (listed) => {
        const found = await read(failedListText('cn-north-4', listed, AT));
        expect(found.map(({ key, message }) => ({ key, message }))).toEqual(
          listed.map(({ key, message }) => ({ key, message })),
        );
      }),
    );
  });

  it('of 100,000 lines is read line by line, without holding them', async () => {
    const count = 100_000;
    let [given, most] = [0, 0];
    async function* source() {
      for (; given < count; ) {
        let part = '';
        for (let index = 0; index < 200; index += 1, given += 1) {
          part += `${line('\t', `照片/${given}`, 'm'.repeat(200))}\n`;
        }
        yield Buffer.from(part);
      }
    }
    let read = 0;
    let before = 0;
    for await (const { key } of readFailedList(source())) {
      if (key !== `照片/${read}`) expect(key).toBe(`照片/${read}`);
      read += 1;
      most = Math.max(most, given - read);
      // Warm after a tenth: what grows from here on is held.
      if (read === count / 10) before = heapUsed();
      if (read === count) expect(heapUsed() - before).toBeLessThan(4 * 1_048_576);
    }
    expect(read).toBe(count);
    // Never asks for a part before the last one is used up.
    expect(most).toBeLessThanOrEqual(200);
  });
});
