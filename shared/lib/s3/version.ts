/**
 * The version of an object as one text: its ETag, and its version id where the bucket keeps versions.
 * Without one, the same content written again is the same version.
 */
import type { Download } from '../http.ts';

type Headers = Download['headers'];

/** Opaque, without quotes. Gateways that compress make it a weak one; the store knows the strong one. */
export const plainEtag = (etag: string): string => etag.replace(/^W\//, '').replaceAll('"', '');

/** Empty when the answer tells none. */
export function toVersion(headers: Headers, etag = headers['etag'] ?? ''): string {
  const versionId = versionIdOf(headers);
  return versionId === undefined ? plainEtag(etag) : `${plainEtag(etag)}:${versionId}`;
}

const versionIdOf = (headers: Headers): string | undefined => {
  const versionId = headers['x-amz-version-id'];
  return versionId === 'null' ? undefined : versionId;
};

export interface Version {
  readonly etag: string;
  readonly versionId?: string;
}

export function parseVersion(version: string): Version {
  const at = version.indexOf(':');
  if (at === -1) return { etag: version };
  return { etag: version.slice(0, at), versionId: version.slice(at + 1) };
}

/** Whether an answer is of another version than the one wanted, though its ETag is the same. */
export function isOther({ versionId }: Version, headers: Headers): boolean {
  const found = versionIdOf(headers);
  return versionId !== undefined && found !== undefined && found !== versionId;
}
