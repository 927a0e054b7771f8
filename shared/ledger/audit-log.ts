/** The entries of the audit log, as ledgers keep them: who changed what through the API. */
export interface AuditEntry {
  /** Unique. */
  readonly entryId: string;
  readonly at: Date;
  /** The name of the caller's token; absent where it has none. */
  readonly token?: string;
  /** Method and path, such as `POST /runs/<runId>/cancel`. */
  readonly request: string;
  /** The id of the run or migration that was started or changed. */
  readonly subject?: string;
  /** What of the request's body tells what was changed. */
  readonly detail?: string;
}

type Told = Pick<AuditEntry, 'token' | 'request' | 'detail'>;

/** What a store need not find it by, as JSON. */
export const toEntryText = ({ token, request, detail }: AuditEntry): string =>
  JSON.stringify({ token, request, detail } satisfies { [Name in keyof Told]: unknown });

export const parseAuditEntry = (
  entryId: string,
  atMs: number,
  subject: string | null,
  text: string,
): AuditEntry => ({
  entryId,
  at: new Date(atMs),
  ...(subject !== null && { subject }),
  ...(JSON.parse(text) as Told),
});
