/** The objects a job reads and writes: its manifest and its report. */
import { createHash } from 'node:crypto';
import type { ObjectsStore } from '../objects-store.ts';
import { type Row, readRow, type TaskResult } from './acts.ts';
import { invalidRequest } from './checks.ts';
import { csvLine, readCsv } from './csv.ts';
import type { JobManifest, JobReport } from './request.ts';

/** @throws BatchRefusal unless the object is there under this ETag */
export function checkManifest({ bucket, key, etag }: JobManifest, objects: ObjectsStore): void {
  const found = objects.get(`${bucket}/${key}`);
  if (!found) throw invalidRequest('The manifest object does not exist.');
  if (etag !== `"${found.md5}"`) throw invalidRequest('The manifest object has another ETag.');
}

/** @throws Error that tells why it cannot be read */
export function readManifest(manifest: JobManifest, objects: ObjectsStore): readonly Row[] {
  checkManifest(manifest, objects);
  if (manifest.format !== 'COSBatchOperations_CSV_V1') {
    throw new TypeError('Inventories are not read.');
  }
  const { body, sizeBytes = 0 } = objects.get(`${manifest.bucket}/${manifest.key}`) ?? {};
  if (!body && sizeBytes > 0) throw new TypeError('The body of the manifest was not kept.');
  const text = new TextDecoder('utf-8', { fatal: true, ignoreBOM: true }).decode(body);
  return readCsv(text).map((columns, at) => readRow(columns, manifest.fields, at));
}

/** @returns where it is, `<bucket>/<key>` */
export function writeReport(
  jobId: string,
  { bucket, prefix, scope }: JobReport,
  results: readonly TaskResult[],
  objects: ObjectsStore,
  now: Date,
): string {
  const listed = results.filter(({ succeeded }) => !succeeded || scope === 'AllTasks');
  const body = Buffer.from(listed.map(reportLine).join(''));
  const path = `${bucket}/${prefix === '' ? '' : `${prefix}/`}job-${jobId}/results.csv`;
  const md5 = createHash('md5').update(body).digest('hex');
  objects.put(path, { md5, sizeBytes: body.length, lastModifiedAt: now }, body);
  return path;
}

const reportLine = (result: TaskResult): string =>
  csvLine([
    result.bucket,
    result.key,
    result.versionId,
    result.succeeded ? 'succeeded' : 'failed',
    result.code,
    String(result.httpStatus),
    result.message,
  ]);
