/** The port of a bucket that objects arrive in, as audits ask it: lists and HEADs. */
import type { ListPage, Range } from '../lib/s3/list.ts';
import type { ObjectHeaders } from '../lib/s3/object-headers.ts';

export interface TargetBucket {
  /** In the order of the store. @throws as `listPages`, and what the provider refuses */
  pages(prefix: string, from?: Range): AsyncGenerator<ListPage>;
  /** Undefined when there is no such object. */
  head(key: string): Promise<ObjectHeaders | undefined>;
}
