/**
 * A typed client of Waybill's HTTP API for Node 20 and newer, and for browsers; no dependencies.
 * Made from the OpenAPI document by `npm run docs`; copy it into your project.
 */
export interface Problem {
  type: string;
  title: string;
  status: number;
  code: string;
  detail?: string;
  errors?: {
    path: string;
    message: string;
  }[];
}
export interface CreateFetchesBody {
  region: string;
  bucket: string;
  /**
   * @minItems 1
   * @maxItems 1000
   */
  objects: {
    url: string;
    key: string;
    md5?: string;
  }[];
  onKeyExist?: 'ignore' | 'override';
  ignoreSameKey?: boolean;
}
export interface CreateFetchesAnswer {
  runId: string;
}
export interface StartManifestBody {
  key: string;
}
export interface StartManifestAnswer {
  runId: string;
}
export interface CreateBatchJobBody {
  region?: string;
  clientRequestToken?: string;
  confirmationRequired?: boolean;
  description?: string;
  manifest: {
    location: {
      etag?: string;
      objectArn: string;
      objectVersionId?: string;
    };
    spec: {
      /**
       * @minItems 1
       */
      fields?: ('Ignore' | 'Bucket' | 'Key' | 'VersionId')[];
      format: 'COSBatchOperations_CSV_V1' | 'COSInventoryReport_CSV_V1';
    };
  };
  operation: {
    cosInitiateRestoreObject?: {
      expirationInDays: number;
      jobTier: 'Bulk' | 'Standard';
    };
    cosPutObjectCopy?: {
      accessControlDirective?: 'Copy' | 'Replaced' | 'Add';
      /**
       * @minItems 1
       */
      accessControlGrants?: {
        grantee: {
          displayName?: string;
          identifier: string;
          typeIdentifier?: 'ID';
        };
        permission: 'READ' | 'WRITE' | 'FULL_CONTROL';
      }[];
      prefixReplace?: boolean;
      resourcesPrefix?: string;
      targetKeyPrefix?: string;
      cannedAccessControlList?: 'private' | 'public-read';
      metadataDirective?: 'Copy' | 'Replaced' | 'Add';
      modifiedSinceConstraint?: number | string;
      unModifiedSinceConstraint?: number | string;
      newObjectMetadata?: {
        cacheControl?: string;
        contentDisposition?: string;
        contentEncoding?: string;
        contentType?: string;
        httpExpiresDate?: number | string;
        sseAlgorithm?: 'AES256';
        /**
         * @minItems 1
         */
        userMetadata?: {
          key: string;
          value: string;
        }[];
      };
      taggingDirective?: 'Copy' | 'Replaced' | 'Add';
      /**
       * @minItems 1
       */
      newObjectTagging?: {
        key: string;
        value: string;
      }[];
      storageClass?: string;
      targetResource: string;
    };
    cosDeleteObject?: Record<string, never>;
    cosPutObjectTagging?: {
      taggingDirective: 'Copy' | 'Replaced' | 'Add';
      /**
       * @minItems 1
       */
      tagSet: {
        key: string;
        value: string;
      }[];
    };
  };
  priority: number;
  report: {
    bucket: string;
    enabled: boolean;
    format?: 'Report_CSV_V1';
    prefix?: string;
    reportScope: 'AllTasks' | 'FailedTasksOnly';
  };
  roleArn?: string;
}
export interface CreateBatchJobAnswer {
  runId: string;
  jobId: string | null;
}
export interface StartOmsTaskV2Body {
  region?: string;
  projectId?: string;
  credentials?: string;
  failedObjectsOnly?: boolean;
}
export interface StartOmsTaskV2Answer {
  runId: string;
}
export interface StartOmsGroupBody {
  region?: string;
  projectId?: string;
  credentials?: string;
  failedObjectsOnly?: boolean;
}
export interface StartOmsGroupAnswer {
  runId: string;
}
export interface StartOmsTaskV1Body {
  region?: string;
  projectId?: string;
  credentials?: string;
  failedObjectsOnly?: boolean;
}
export interface StartOmsTaskV1Answer {
  runId: string;
}
export interface CreateUploadBody {
  key: string;
}
export interface CreateUploadAnswer {
  method: 'PUT';
  url: string;
  headers: {
    [k: string]: string;
  };
}
export interface ListRunsQuery {
  cursor?: string;
  limit?: number;
  operation?: string;
  state?: string;
}
export interface ListRunsAnswer {
  runs: {
    runId: string;
    trigger: 'upload' | 'http' | 'schedule';
    operation:
      | 'cos-offline-fetch'
      | 'cos-batch-job'
      | 'oms-v2-start-task'
      | 'oms-v1-start-task'
      | 'retry-failed-objects';
    state: 'planning' | 'active' | 'completed' | 'cancelled' | 'failed';
    error?: {
      provider: 'tencent' | 'huawei' | 'waybill';
      code: string;
      message: string;
      requestId?: string;
      class: 'transient' | 'throttled' | 'quota' | 'credentials' | 'source' | 'request' | 'state';
    };
    counts: {
      lines: number;
      quarantined: number;
      planned: number;
      submitting: number;
      submitted: number;
      succeeded: number;
      failed: number;
      cancelled: number;
      unread: number | null;
    };
    progress: {
      bytes: number;
      bytesTotal: number | null;
      done: number;
      total: number | null;
      percent: number;
      isEstimate: boolean;
    };
    source?: {
      bucket: string;
      key: string;
      etag: string;
    };
    target?: {
      region: string;
      bucket: string;
    };
    task?: {
      taskId?: string;
      groupId?: string;
      name?: string;
    };
    handedTo?: string;
    createdAt: string;
    closedAt: string | null;
  }[];
  nextCursor: string | null;
}
export interface GetRunAnswer {
  runId: string;
  trigger: 'upload' | 'http' | 'schedule';
  operation:
    | 'cos-offline-fetch'
    | 'cos-batch-job'
    | 'oms-v2-start-task'
    | 'oms-v1-start-task'
    | 'retry-failed-objects';
  state: 'planning' | 'active' | 'completed' | 'cancelled' | 'failed';
  error?: {
    provider: 'tencent' | 'huawei' | 'waybill';
    code: string;
    message: string;
    requestId?: string;
    class: 'transient' | 'throttled' | 'quota' | 'credentials' | 'source' | 'request' | 'state';
  };
  counts: {
    lines: number;
    quarantined: number;
    planned: number;
    submitting: number;
    submitted: number;
    succeeded: number;
    failed: number;
    cancelled: number;
    unread: number | null;
  };
  progress: {
    bytes: number;
    bytesTotal: number | null;
    done: number;
    total: number | null;
    percent: number;
    isEstimate: boolean;
  };
  source?: {
    bucket: string;
    key: string;
    etag: string;
  };
  target?: {
    region: string;
    bucket: string;
  };
  task?: {
    taskId?: string;
    groupId?: string;
    name?: string;
  };
  handedTo?: string;
  createdAt: string;
  closedAt: string | null;
}
export interface ListTransfersQuery {
  cursor?: string;
  limit?: number;
  state?: string;
  cause?: string;
}
export interface ListTransfersAnswer {
  transfers: {
    transferId: string;
    runId: string;
    operation:
      | 'cos-offline-fetch'
      | 'cos-batch-job'
      | 'oms-v2-start-task'
      | 'oms-v1-start-task'
      | 'retry-failed-objects';
    state: 'planned' | 'submitting' | 'submitted' | 'failed' | 'cancelled' | 'succeeded';
    attempt: number;
    key?: string;
    url?: string;
    task?:
      | {
          kind: 'oms';
          version: 'v1' | 'v2';
          region: string;
          projectId: string;
          taskId?: string;
          groupId?: string;
          credentials: string;
          failedObjectsOnly?: boolean;
          name?: string;
        }
      | {
          kind: 'batch';
          region: string;
          clientRequestToken: string;
          marker: string;
          report?: {
            bucket: string;
            prefix: string;
          };
        };
    providerId?: string;
    cause?: {
      provider: 'tencent' | 'huawei' | 'waybill';
      code: string;
      message: string;
      requestId?: string;
      class: 'transient' | 'throttled' | 'quota' | 'credentials' | 'source' | 'request' | 'state';
    };
    progress?: {
      providerState: string;
      objects?: number;
      objectsFailed?: number;
      objectsTotal?: number;
      bytes?: number;
      bytesTotal?: number;
      bytesPerSecond?: number;
    };
    updatedAt: string;
    history: {
      at: string;
      attempt: number;
      event:
        | 'ordered'
        | 'submitting'
        | 'accepted'
        | 'refused'
        | 'unanswered'
        | 'resolved'
        | 'callback'
        | 'poll'
        | 'cancelled';
      state: 'planned' | 'submitting' | 'submitted' | 'failed' | 'cancelled' | 'succeeded';
      providerId?: string;
      code?: string;
      requestId?: string;
    }[];
  }[];
  nextCursor: string | null;
}
export interface GetTransferAnswer {
  transferId: string;
  runId: string;
  operation:
    | 'cos-offline-fetch'
    | 'cos-batch-job'
    | 'oms-v2-start-task'
    | 'oms-v1-start-task'
    | 'retry-failed-objects';
  state: 'planned' | 'submitting' | 'submitted' | 'failed' | 'cancelled' | 'succeeded';
  attempt: number;
  key?: string;
  url?: string;
  task?:
    | {
        kind: 'oms';
        version: 'v1' | 'v2';
        region: string;
        projectId: string;
        taskId?: string;
        groupId?: string;
        credentials: string;
        failedObjectsOnly?: boolean;
        name?: string;
      }
    | {
        kind: 'batch';
        region: string;
        clientRequestToken: string;
        marker: string;
        report?: {
          bucket: string;
          prefix: string;
        };
      };
  providerId?: string;
  cause?: {
    provider: 'tencent' | 'huawei' | 'waybill';
    code: string;
    message: string;
    requestId?: string;
    class: 'transient' | 'throttled' | 'quota' | 'credentials' | 'source' | 'request' | 'state';
  };
  progress?: {
    providerState: string;
    objects?: number;
    objectsFailed?: number;
    objectsTotal?: number;
    bytes?: number;
    bytesTotal?: number;
    bytesPerSecond?: number;
  };
  updatedAt: string;
  history: {
    at: string;
    attempt: number;
    event:
      | 'ordered'
      | 'submitting'
      | 'accepted'
      | 'refused'
      | 'unanswered'
      | 'resolved'
      | 'callback'
      | 'poll'
      | 'cancelled';
    state: 'planned' | 'submitting' | 'submitted' | 'failed' | 'cancelled' | 'succeeded';
    providerId?: string;
    code?: string;
    requestId?: string;
  }[];
}
export interface RetryRunBody {
  /**
   * @minItems 1
   * @maxItems 7
   */
  class?: ('transient' | 'throttled' | 'quota' | 'credentials' | 'source' | 'request' | 'state')[];
}
export interface RetryRunAnswer {
  runId: string;
  ordered: number;
  pending: number;
  unread: number | null;
}
export interface CancelRunAnswer {
  runId: string;
}
export interface GetSummaryJsonAnswer {
  runId: string;
  operation:
    | 'cos-offline-fetch'
    | 'cos-batch-job'
    | 'oms-v2-start-task'
    | 'oms-v1-start-task'
    | 'retry-failed-objects';
  source?: {
    bucket: string;
    key: string;
    etag: string;
  };
  target?: {
    region: string;
    bucket: string;
  };
  task?: {
    taskId?: string;
    groupId?: string;
    name?: string;
  };
  state: 'planning' | 'active' | 'completed' | 'cancelled' | 'failed';
  error?: {
    provider: 'tencent' | 'huawei' | 'waybill';
    code: string;
    message: string;
    requestId?: string;
    class: 'transient' | 'throttled' | 'quota' | 'credentials' | 'source' | 'request' | 'state';
  };
  createdAt: string;
  closedAt: string | null;
  counts: {
    lines: number;
    quarantined: number;
    planned: number;
    submitting: number;
    submitted: number;
    succeeded: number;
    failed: number;
    cancelled: number;
    unread: number | null;
  };
  coverage: {
    bytes: number;
    bytesTotal: number | null;
    percent: number | null;
    shards: number;
    header: number;
    blank: number;
    transfers: number;
  };
  failures: {
    provider: 'tencent' | 'huawei' | 'waybill';
    code: string;
    class: 'transient' | 'throttled' | 'quota' | 'credentials' | 'source' | 'request' | 'state';
    message: string;
    count: number;
  }[];
  rest?:
    | {
        lines: number;
      }
    | {
        error: {
          provider: 'tencent' | 'huawei' | 'waybill';
          code: string;
          message: string;
          requestId?: string;
          class:
            | 'transient'
            | 'throttled'
            | 'quota'
            | 'credentials'
            | 'source'
            | 'request'
            | 'state';
        };
      };
  warnings: {
    [k: string]: number;
  };
  nightly?: {
    places: unknown[];
    left: unknown[];
  };
  receipt?: {
    root: string;
    parts: number;
    transfers: number;
    files: string[];
  };
}
export interface GetDeadLettersAnswer {
  waiting: number;
  inFlight: number;
  dead: number;
}
export interface RedriveDeadLettersBody {
  limit?: number;
}
export interface RedriveDeadLettersAnswer {
  moved: number;
  left: number;
}
export interface GetNightlyAnswer {
  nextAt: string | null;
  timeZone: string | null;
  requestedAt: string | null;
}
export interface RequestNightlyAnswer {
  nextAt: string | null;
  timeZone: string | null;
  requestedAt: string | null;
}
export interface GetProviderHealthAnswer {
  providers: {
    api: string;
    provider: 'tencent' | 'huawei';
    state: 'ok' | 'throttled' | 'refused';
    since: string;
    okAt?: string;
    throttled?: {
      at: string;
      code: string;
      message: string;
      requestId?: string;
    };
    refused?: {
      at: string;
      code: string;
      message: string;
      requestId?: string;
    };
  }[];
}

/** The service refused, and says why. */
export class WaybillProblem extends Error {
  readonly problem: Problem;
  /** Seconds, where it says when to come again. */
  readonly retryAfter: number | undefined;

  constructor(problem: Problem, retryAfter: number | undefined) {
    super(problem.detail ?? problem.title);
    this.problem = problem;
    this.retryAfter = retryAfter;
  }
}

export interface WaybillOptions {
  /** Such as `https://waybill.example`. */
  readonly url: string;
  readonly token: string;
  readonly fetch?: typeof globalThis.fetch;
}

interface Options {
  readonly query?: object;
  readonly body?: unknown;
  readonly idempotencyKey?: string | undefined;
}

/** Every method throws WaybillProblem for what the service refuses. */
export function createWaybill({ url, token, fetch = globalThis.fetch }: WaybillOptions) {
  const send = async (method: string, path: string, options: Options = {}): Promise<Response> => {
    const { body, idempotencyKey, query = {} } = options;
    const target = new URL(url.replace(/\/+$/, '') + path);
    for (const [name, value] of Object.entries(query)) {
      if (value !== undefined) target.searchParams.set(name, String(value));
    }
    const answer = await fetch(target, {
      method,
      headers: {
        authorization: `Bearer ${token}`,
        ...(body !== undefined && { 'content-type': 'application/json' }),
        ...(idempotencyKey !== undefined && { 'idempotency-key': idempotencyKey }),
      },
      ...(body !== undefined && { body: JSON.stringify(body) }),
    });
    if (answer.ok) return answer;
    const { status, statusText: title } = answer;
    const told = (await answer.json().catch(() => ({}))) as Partial<Problem>;
    const problem = { type: 'about:blank', title, status, code: 'UNKNOWN', ...told };
    const seconds = Number(answer.headers.get('retry-after') ?? Number.NaN);
    throw new WaybillProblem(problem, Number.isNaN(seconds) ? undefined : seconds);
  };
  const json = async <Answer>(method: string, path: string, options?: Options): Promise<Answer> =>
    (await send(method, path, options)).json() as Promise<Answer>;
  const text = async (method: string, path: string, options?: Options): Promise<string> =>
    (await send(method, path, options)).text();

  return {
    /** Fetches up to 1,000 objects into a COS bucket. */
    createFetches: (
      body: CreateFetchesBody,
      idempotencyKey?: string,
    ): Promise<CreateFetchesAnswer> => json('POST', `/fetches`, { body, idempotencyKey }),
    /** Starts, or finds, the run of a manifest that is in the store. */
    startManifest: (
      body: StartManifestBody,
      idempotencyKey?: string,
    ): Promise<StartManifestAnswer> => json('POST', `/manifests`, { body, idempotencyKey }),
    /** Creates a job of COS Batch. */
    createBatchJob: (
      body: CreateBatchJobBody,
      idempotencyKey?: string,
    ): Promise<CreateBatchJobAnswer> => json('POST', `/batch-jobs`, { body, idempotencyKey }),
    /** Starts a paused or failed task of OMS v2; 200 when it runs already. */
    startOmsTaskV2: (
      taskId: string,
      body: StartOmsTaskV2Body = {},
      idempotencyKey?: string,
    ): Promise<StartOmsTaskV2Answer> =>
      json('POST', `/oms/v2/tasks/${encodeURIComponent(taskId)}/start`, { body, idempotencyKey }),
    /** Starts a paused task group of OMS v2, or retries a failed one; 200 when it runs already. */
    startOmsGroup: (
      groupId: string,
      body: StartOmsGroupBody = {},
      idempotencyKey?: string,
    ): Promise<StartOmsGroupAnswer> =>
      json('POST', `/oms/v2/taskgroups/${encodeURIComponent(groupId)}/start`, {
        body,
        idempotencyKey,
      }),
    /** Starts a paused or failed task of OMS v1; 200 when it runs already. */
    startOmsTaskV1: (
      taskId: string,
      body: StartOmsTaskV1Body = {},
      idempotencyKey?: string,
    ): Promise<StartOmsTaskV1Answer> =>
      json('POST', `/oms/v1/tasks/${encodeURIComponent(taskId)}/start`, { body, idempotencyKey }),
    /** Tells where a manifest may be put, for a quarter of an hour. */
    createUpload: (body: CreateUploadBody): Promise<CreateUploadAnswer> =>
      json('POST', `/uploads`, { body }),
    /** Runs, newest first. */
    listRuns: (query: ListRunsQuery = {}): Promise<ListRunsAnswer> =>
      json('GET', `/runs`, { query }),
    /** One run. */
    getRun: (runId: string): Promise<GetRunAnswer> =>
      json('GET', `/runs/${encodeURIComponent(runId)}`),
    /** Transfers of a run, in the order of its manifest. */
    listTransfers: (runId: string, query: ListTransfersQuery = {}): Promise<ListTransfersAnswer> =>
      json('GET', `/runs/${encodeURIComponent(runId)}/transfers`, { query }),
    /** One transfer with its history. */
    getTransfer: (runId: string, transferId: string): Promise<GetTransferAnswer> =>
      json('GET', `/runs/${encodeURIComponent(runId)}/transfers/${encodeURIComponent(transferId)}`),
    /** Tries failed transfers again, of some classes or all; goes on with a cancelled run. */
    retryRun: (runId: string, body: RetryRunBody = {}): Promise<RetryRunAnswer> =>
      json('POST', `/runs/${encodeURIComponent(runId)}/retry`, { body }),
    /** Stops sending; transfers that the provider has accepted continue. */
    cancelRun: (runId: string): Promise<CancelRunAnswer> =>
      json('POST', `/runs/${encodeURIComponent(runId)}/cancel`),
    /** The report failed.csv of a run, as far as it is known. */
    getFailedCsv: (runId: string): Promise<string> =>
      text('GET', `/runs/${encodeURIComponent(runId)}/failed.csv`),
    /** The report rejected.csv of a run, as far as it is known. */
    getRejectedCsv: (runId: string): Promise<string> =>
      text('GET', `/runs/${encodeURIComponent(runId)}/rejected.csv`),
    /** The report rest.csv of a run, as far as it is known. */
    getRestCsv: (runId: string): Promise<string> =>
      text('GET', `/runs/${encodeURIComponent(runId)}/rest.csv`),
    /** The report summary.json of a run, as far as it is known. */
    getSummaryJson: (runId: string): Promise<GetSummaryJsonAnswer> =>
      json('GET', `/runs/${encodeURIComponent(runId)}/summary.json`),
    /** A part of the receipt: receipt.jsonl, receipt-2.jsonl and so on. */
    getReceipt: (runId: string, file: string): Promise<string> =>
      text('GET', `/runs/${encodeURIComponent(runId)}/${encodeURIComponent(file)}`),
    /** How many shards wait, are worked on, and were given up. */
    getDeadLetters: (): Promise<GetDeadLettersAnswer> => json('GET', `/dead-letters`),
    /** Puts shards that were given up back on the queue; doubles are harmless. */
    redriveDeadLetters: (body: RedriveDeadLettersBody = {}): Promise<RedriveDeadLettersAnswer> =>
      json('POST', `/dead-letters/redrive`, { body }),
    /** When the next nightly pass begins, where the service keeps the schedule itself. */
    getNightly: (): Promise<GetNightlyAnswer> => json('GET', `/nightly`),
    /** Requests a nightly pass now; a request that waits already is the same. */
    requestNightly: (): Promise<RequestNightlyAnswer> => json('POST', `/nightly`),
    /** How each provider API answered last: throttling, refused credentials. */
    getProviderHealth: (): Promise<GetProviderHealthAnswer> => json('GET', `/health/providers`),
  };
}
