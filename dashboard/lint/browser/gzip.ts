/** Replaces `shared/manifest/gzip.ts` in the browser: unpacks with the browser's own streams. */
import { InputError } from '../../../shared/lib/errors.ts';
import type { Objects } from '../../../shared/stores/objects.ts';

/** @throws InputError (MANIFEST_INVALID) when it is damaged, or packed in more than one part */
export async function* gunzip(
  objects: Pick<Objects, 'read'>,
  { key }: { readonly key: string },
): AsyncGenerator<Uint8Array> {
  const packed = objects.read(key)[Symbol.asyncIterator]();
  const source = new ReadableStream<Uint8Array<ArrayBuffer>>({
    async pull(controller) {
      const { done, value } = await packed.next();
      if (done) controller.close();
      else controller.enqueue(value as Uint8Array<ArrayBuffer>);
    },
    async cancel() {
      await packed.return?.();
    },
  });
  const reader = source.pipeThrough(new DecompressionStream('gzip')).getReader();
  try {
    for (;;) {
      const { done, value } = await reader.read();
      if (done) return;
      yield value;
    }
  } catch (error) {
    const message =
      'a browser can’t unpack it: it is damaged, or packed with gzip in more than one part';
    throw new InputError('MANIFEST_INVALID', `${message}.`, [{ path: key, message }], error);
  } finally {
    await reader.cancel().catch(() => {});
  }
}
