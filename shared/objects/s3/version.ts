/**
 * The version of an object as one text: its ETag, and its version id where the bucket keeps versions.
 * Without one, the same content written again is the same version.
 */
export const toVersion = (headers: Readonly<Record<string, string>>): string => {
  const etag = (headers['etag'] ?? '').replaceAll('"', '');
  const versionId = headers['x-amz-version-id'];
  return versionId === undefined || versionId === 'null' ? etag : `${etag}:${versionId}`;
};

export function parseVersion(version: string): {
  readonly etag: string;
  readonly versionId?: string;
} {
  const at = version.indexOf(':');
  if (at === -1) return { etag: version };
  return { etag: version.slice(0, at), versionId: version.slice(at + 1) };
}
