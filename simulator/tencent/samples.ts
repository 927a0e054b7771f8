/** An object to try things with: the manifest that the sample of a Batch job names. */
import { createHash } from 'node:crypto';
import type { ObjectsStore } from './objects-store.ts';

export function addSampleObjects(objects: ObjectsStore, now: () => Date): void {
  const text = Buffer.from('sourcebucket-1250000000,a.txt\n');
  const md5 = createHash('md5').update(text).digest('hex');
  const object = { md5, sizeBytes: text.length, lastModifiedAt: now() };
  objects.put('sourcebucket-1250000000/manifests/batch-copy-manifest.csv', object, text);
}
