/** Carries out the operations of a job on one object. */
import type { ObjectsStore, StoredObject } from '../objects-store.ts';
import type { CopyOperation, Directive, Operation, Pairs } from './operations.ts';
import type { Field } from './request.ts';

export interface Row {
  readonly bucket: string;
  readonly key: string;
  readonly versionId: string;
}

export interface TaskResult extends Row {
  readonly succeeded: boolean;
  readonly httpStatus: number;
  /** Empty after a success. */
  readonly code: string;
  readonly message: string;
}

/** @throws TypeError when the row has another number of columns */
export function readRow(columns: readonly string[], fields: readonly Field[], at: number): Row {
  if (columns.length !== fields.length) {
    throw new TypeError(
      `row ${at + 1} has ${columns.length} columns where ${fields.length} are named`,
    );
  }
  const column = (field: Field) => columns[fields.indexOf(field)] ?? '';
  return { bucket: column('Bucket'), key: column('Key'), versionId: column('VersionId') };
}

type Outcome = readonly [httpStatus: number, code: string, message: string];
const DONE: Outcome = [200, '', 'Successful'];
const NO_SUCH_KEY: Outcome = [404, 'NoSuchKey', 'The specified key does not exist.'];
/** Of an object that is copied. */
const LARGEST_COPY_BYTES = 5 * 1_024 ** 3;

/** @param bucket the one of the job; objects of others fail */
export function act(
  operation: Operation,
  row: Row,
  bucket: string,
  objects: ObjectsStore,
  now: Date,
): TaskResult {
  const [httpStatus, code, message] = outcomeOf(operation, row, bucket, objects, now);
  return { ...row, succeeded: code === '', httpStatus, code, message };
}

function outcomeOf(
  operation: Operation,
  { bucket, key }: Row,
  ofJob: string,
  objects: ObjectsStore,
  now: Date,
): Outcome {
  if (bucket !== ofJob || !/^[a-z0-9][a-z0-9-]*-\d+$/.test(bucket)) {
    return [400, 'InvalidArgument', 'All objects of a job must be in one bucket.'];
  }
  const bytes = Buffer.byteLength(key);
  if (bytes === 0 || bytes > 850) return [400, 'InvalidArgument', 'A key has 1 to 850 bytes.'];
  const path = `${bucket}/${key}`;
  const found = objects.get(path);
  if (operation.name === 'COSDeleteObject') {
    objects.delete(path);
    return [204, '', 'Successful'];
  }
  if (!found) return NO_SUCH_KEY;
  switch (operation.name) {
    case 'COSPutObjectCopy':
      return copy(operation, key, found, objects, now);
    case 'COSInitiateRestoreObject': {
      const { days, tier } = operation;
      objects.set(path, { ...found, restore: { days, tier } });
      return [202, '', 'Successful'];
    }
    case 'COSPutObjectTagging':
      objects.set(path, {
        ...found,
        tags: directed(operation.directive, found.tags, operation.tags),
      });
      return DONE;
  }
}

function copy(
  operation: CopyOperation,
  key: string,
  found: StoredObject,
  objects: ObjectsStore,
  now: Date,
): Outcome {
  const { targetBucket, prefix, modifiedSince, unmodifiedSince, storageClass } = operation;
  const modifiedAt = found.lastModifiedAt.getTime();
  if (
    (modifiedSince && modifiedAt <= modifiedSince.getTime()) ||
    (unmodifiedSince && modifiedAt > unmodifiedSince.getTime())
  ) {
    return [412, 'PreconditionFailed', 'A precondition on the time of modification failed.'];
  }
  if (found.sizeBytes > LARGEST_COPY_BYTES) {
    return [400, 'EntityTooLarge', 'An object of more than 5 GB is not copied.'];
  }
  const isReplaced = prefix && key.startsWith(prefix.from);
  const target = isReplaced ? prefix.to + key.slice(prefix.from.length) : key;
  if (target === '') return [400, 'InvalidArgument', 'Nothing is left of the key.'];
  const { restore: _restore, ...rest } = found;
  objects.set(`${targetBucket}/${target}`, {
    ...rest,
    lastModifiedAt: now,
    storageClass,
    headers: directed(operation.metadata.directive, found.headers, operation.metadata.headers),
    tags: directed(operation.tagging.directive, found.tags, operation.tagging.tags),
  });
  return DONE;
}

function directed(directive: Directive, old: Pairs = {}, given: Pairs): Pairs {
  if (directive === 'Copy') return old;
  return directive === 'Add' ? { ...old, ...given } : given;
}
