/** Paths of the API's routes with their queries, relative to the page. */

export const runPath = (runId: string): string => `runs/${encodeURIComponent(runId)}`;

export const migrationPath = (migrationId: string): string =>
  `migrations/${encodeURIComponent(migrationId)}`;

export const transferPath = (runId: string, transferId: string): string =>
  `${runPath(runId)}/transfers/${encodeURIComponent(transferId)}`;

export function transfersPath(
  runId: string,
  { state, cause }: { readonly state?: string; readonly cause?: string },
  limit: number,
  cursor: string | undefined,
): string {
  const query = new URLSearchParams({
    limit: String(limit),
    ...(state && { state }),
    ...(cause && { cause }),
    ...(cursor !== undefined && { cursor }),
  });
  return `${runPath(runId)}/transfers?${query}`;
}
