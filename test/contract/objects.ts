/** What every object store adapter must do, the same assertions for each. */
import { beforeEach, describe, expect, it } from 'vitest';
import type { Objects, ReadOptions } from '../../shared/stores/objects.ts';

export function objectsContract(name: string, open: () => Promise<Objects>): void {
  describe(`objects contract: ${name}`, () => {
    let objects: Objects;
    beforeEach(async () => {
      objects = await open();
    });
    const text = async (key: string, options?: ReadOptions) =>
      Buffer.concat(await Array.fromAsync(objects.read(key, options))).toString();
    const keys = async (prefix: string) =>
      (await Array.fromAsync(objects.list(prefix))).map(({ key }) => key);

    it('gives back what was put: text, bytes, streams', async () => {
      async function* stream() {
        yield 'a';
        yield new Uint8Array([0xc3, 0xa4]);
      }
      const info = await objects.put('text', 'ä');
      await objects.put('bytes', new Uint8Array([0xc3, 0xa4]));
      await objects.put('stream', stream());
      await objects.put('empty', '');
      expect(await text('text')).toBe('ä');
      expect(await text('bytes')).toBe('ä');
      expect(await text('stream')).toBe('aä');
      expect(await text('empty')).toBe('');
      expect(info).toMatchObject({ key: 'text', sizeBytes: 2 });
      expect(await objects.head('text')).toEqual(info);
      expect(Math.abs(info.lastModifiedAt.getTime() - Date.now())).toBeLessThan(60_000);
    });

    it('knows what is not there', async () => {
      expect(await objects.head('nothing')).toBeUndefined();
      expect(await objects.head('nothing/below')).toBeUndefined();
      await expect(text('nothing')).rejects.toMatchObject({
        code: 'NOT_FOUND',
        errors: [{ path: 'key' }],
      });
      await objects.remove('nothing');
    });

    it.each([
      [{}, '0123456789'],
      [{ start: 3 }, '3456789'],
      [{ start: 3, end: 5 }, '34'],
      [{ end: 4 }, '0123'],
      [{ start: 8, end: 99 }, '89'],
      [{ start: 5, end: 5 }, ''],
      [{ start: 10 }, ''],
      [{ start: 11, end: 99 }, ''],
    ])('reads bytes %j', async (range, expected) => {
      await objects.put('k', '0123456789');
      expect(await text('k', range)).toBe(expected);
    });

    it('reads nothing of an empty object', async () => {
      const { etag } = await objects.put('k', '');
      expect(await text('k', { end: 5, ifMatch: etag })).toBe('');
    });

    it('G10: refuses another version, also where nothing is to be read', async () => {
      const first = await objects.put('k', 'first');
      await objects.put('k', 'second one');
      for (const range of [{}, { start: 2, end: 2 }, { start: 99 }, { end: 1 }]) {
        await expect(text('k', { ...range, ifMatch: first.etag })).rejects.toMatchObject({
          code: 'MANIFEST_CHANGED',
        });
      }
    });

    it('gives each writing of an object another version', async () => {
      const first = await objects.put('k', 'same');
      const second = await objects.put('k', 'same');
      expect(second.etag).not.toBe(first.etag);
      expect(await text('k', { ifMatch: second.etag })).toBe('same');
      await expect(text('k', { ifMatch: first.etag })).rejects.toMatchObject({
        code: 'MANIFEST_CHANGED',
      });
    });

    it('shows an object only once it is complete', async () => {
      await objects.put('k', 'before');
      async function* slow() {
        yield 'half';
        expect(await text('k')).toBe('before');
        expect(await keys('')).toEqual(['k']);
        yield ' whole';
      }
      await objects.put('k', slow());
      expect(await text('k')).toBe('half whole');
    });

    it('keeps the old object when writing a new one fails', async () => {
      await objects.put('k', 'before');
      async function* broken() {
        yield 'half';
        throw new Error('the source broke');
      }
      await expect(objects.put('k', broken())).rejects.toThrow('the source broke');
      expect(await text('k')).toBe('before');
      expect(await keys('')).toEqual(['k']);
    });

    it('lists keys by prefix, in byte order', async () => {
      for (const key of ['b/2', 'a/b/c', 'a/bb', 'a/B', 'ä', 'a/b/a b', 'ab']) {
        await objects.put(key, key);
      }
      expect(await keys('')).toEqual(['a/B', 'a/b/a b', 'a/b/c', 'a/bb', 'ab', 'b/2', 'ä']);
      expect(await keys('a/b')).toEqual(['a/b/a b', 'a/b/c', 'a/bb']);
      expect(await keys('a/b/')).toEqual(['a/b/a b', 'a/b/c']);
      expect(await keys('nothing/')).toEqual([]);
    });

    it('removes an object', async () => {
      await objects.put('a/b', 'x');
      await objects.remove('a/b');
      expect(await objects.head('a/b')).toBeUndefined();
      expect(await keys('')).toEqual([]);
    });

    it.each(['目录/文件 (1).csv', "it's & +%2F?#", 'a'.repeat(255), '.hidden/x', '~', 'a\\b'])(
      'takes the key %s',
      async (key) => {
        await objects.put(key, key);
        expect(await text(key)).toBe(key);
        expect(await keys('')).toEqual([key]);
      },
    );

    it.each(['', '/a', 'a//b', 'a/', '.', 'a/../b', '../a', 'a/./b', 'a\u0000b', 'a\nb', '\ud800'])(
      'refuses the key %j',
      async (key) => {
        const refusal = { code: 'BODY_INVALID', errors: [{ path: 'key' }] };
        await expect(objects.put(key, 'x')).rejects.toMatchObject(refusal);
        await expect(objects.head(key)).rejects.toMatchObject(refusal);
        await expect(text(key)).rejects.toMatchObject(refusal);
        await expect(objects.remove(key)).rejects.toMatchObject(refusal);
      },
    );

    it('streams large objects in parts', async () => {
      const size = 3_000_000;
      await objects.put('large', Buffer.alloc(size, 'x'));
      let parts = 0;
      let bytes = 0;
      for await (const part of objects.read('large')) {
        parts += 1;
        bytes += part.length;
      }
      expect(bytes).toBe(size);
      expect(parts).toBeGreaterThan(3);
    });

    it('does not take the path of other objects for one', async () => {
      await objects.put('a/b/c', 'x');
      expect(await objects.head('a/b')).toBeUndefined();
      await expect(text('a/b')).rejects.toMatchObject({ code: 'NOT_FOUND' });
      await objects.remove('a/b');
      expect(await keys('')).toEqual(['a/b/c']);
    });

    // Folders on other systems take such keys for one: docs/configuration.md.
    it.runIf(process.platform === 'linux')(
      'keeps keys apart that look alike, in byte order',
      async () => {
        // UTF-16 would put U+1F600 before U+FF5E; a walk through folders `b/c` before `b-c`.
        const stored = [
          'UP',
          'b-c',
          'b.c',
          'b/c',
          'e\u0301',
          'up',
          '\u00e9',
          '\uff5e',
          '\u{1f600}',
        ];
        for (const key of stored.toReversed()) await objects.put(key, `of ${key}`);
        expect(await keys('')).toEqual(stored);
        for (const key of stored) expect(await text(key)).toBe(`of ${key}`);
      },
    );
  });
}
