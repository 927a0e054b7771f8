/**
 * Reads the events that SCF and FunctionGraph post: uploads of COS and OBS, timers, SMN messages and HTTP
 * requests. Only what is named here is taken from them; COS events carry the uploader's signature.
 */
import * as v from 'valibot';
import { InputError } from '../shared/lib/errors.ts';

export interface VendorUpload {
  readonly bucket: string;
  /** Decoded. */
  readonly key: string;
  readonly at: Date | undefined;
}

export interface VendorRequest {
  readonly kind: 'request';
  readonly method: string;
  /** With its query. */
  readonly path: string;
  readonly headers: Readonly<Record<string, string>>;
  readonly body: Buffer;
}

export type VendorEvent =
  | { readonly kind: 'uploads'; readonly uploads: readonly VendorUpload[] }
  | { readonly kind: 'timer'; readonly payload: string; readonly at: Date | undefined }
  | { readonly kind: 'messages'; readonly topics: readonly string[] }
  | VendorRequest;

/** Undefined for an event of another kind. */
type Reader = (event: unknown) => VendorEvent | undefined;

const reader =
  <Schema extends v.GenericSchema>(
    schema: Schema,
    read: (event: v.InferOutput<Schema>) => VendorEvent,
  ): Reader =>
  (event) => {
    const parsed = v.safeParse(schema, event);
    return parsed.success ? read(parsed.output) : undefined;
  };

const texts = v.pipe(
  v.record(v.string(), v.union([v.string(), v.number(), v.boolean()])),
  v.transform((given) =>
    Object.fromEntries(Object.entries(given).map(([name, value]) => [name, String(value)])),
  ),
);

/**
 * Of a gateway or a function URL, which names its query `queryString`. The body is decoded where the flag
 * says so, which some write as text.
 * https://www.tencentcloud.com/document/product/583/96099
 * https://support.huaweicloud.com/intl/en-us/devg-functiongraph/functiongraph_02_0102.html
 */
const readRequest = reader(
  v.object({
    httpMethod: v.string(),
    path: v.pipe(v.string(), v.startsWith('/')),
    headers: v.nullish(texts, {}),
    queryStringParameters: v.nullish(texts),
    queryString: v.nullish(texts, {}),
    body: v.nullish(v.string(), ''),
    isBase64Encoded: v.nullish(v.union([v.boolean(), v.string()])),
  }),
  ({ body, headers, httpMethod, isBase64Encoded, path, ...given }) => {
    const query = new URLSearchParams(given.queryStringParameters ?? given.queryString);
    return {
      kind: 'request',
      method: httpMethod.toUpperCase(),
      path: query.size > 0 ? `${path}?${query}` : path,
      headers,
      body: Buffer.from(body, String(isBase64Encoded) === 'true' ? 'base64' : 'utf8'),
    };
  },
);

/** https://www.tencentcloud.com/document/product/583/9708 */
const readScfTimer = reader(
  v.object({ Type: v.literal('Timer'), Time: v.string(), Message: v.string() }),
  ({ Message, Time }) => ({ kind: 'timer', payload: Message, at: instantOf(Time) }),
);

const readFunctionGraphTimer = reader(
  v.object({ trigger_type: v.literal('TIMER'), time: v.string(), user_event: v.string() }),
  ({ time, user_event }) => ({ kind: 'timer', payload: user_event, at: instantOf(time) }),
);

const readSmn = reader(
  v.object({ record: v.array(v.object({ smn: v.object({ topic_urn: v.string() }) })) }),
  ({ record }) => ({ kind: 'messages', topics: record.map(({ smn }) => smn.topic_urn) }),
);

/** https://www.tencentcloud.com/document/product/583/9707 */
const readCos = reader(
  v.object({
    Records: v.array(
      v.object({
        cos: v.object({
          cosObject: v.object({ key: v.string() }),
          cosBucket: v.object({ name: v.string(), appid: v.union([v.string(), v.number()]) }),
        }),
        event: v.object({
          eventName: v.pipe(v.string(), v.regex(/^cos:/)),
          eventTime: v.nullish(v.union([v.string(), v.number()])),
        }),
      }),
    ),
  }),
  ({ Records }) => ({
    kind: 'uploads',
    uploads: Records.filter(({ event: { eventName } }) =>
      /^cos:(?:ObjectCreated|InventoryReportCreated):/.test(eventName),
    ).map(({ cos: { cosObject, cosBucket }, event: { eventTime } }) => {
      const { key } = cosObject;
      const { appid, name } = cosBucket;
      const front = `/${appid}/${name}/`;
      // Cut as text and once: keys may hold double slashes, or the front part once more.
      const length = key.startsWith(front) ? front.length : Number(key.startsWith('/'));
      return { bucket: `${name}-${appid}`, key: key.slice(length), at: instantOf(eventTime) };
    }),
  }),
);

const uploaded = v.object({
  bucket: v.object({ name: v.string() }),
  object: v.object({ key: v.string() }),
});

/** Of the trigger, which names the object as S3 does, or as notifications of OBS do. */
const readObs = reader(
  v.object({
    Records: v.array(
      v.pipe(
        v.union([
          v.object({ eventName: v.string(), eventTime: v.nullish(v.string()), s3: uploaded }),
          v.object({ eventName: v.string(), eventTime: v.nullish(v.string()), obs: uploaded }),
        ]),
        v.transform((record) => uploadsOf(record, 's3' in record ? record.s3 : record.obs)),
      ),
    ),
  }),
  ({ Records }) => ({ kind: 'uploads', uploads: Records.flat() }),
);

/** Through EventGrid. The inner time is local time that is marked as UTC. */
const readObsCloudEvent = reader(
  v.object({
    type: v.pipe(v.string(), v.startsWith('OBS:')),
    time: v.string(),
    data: v.object({ eventName: v.string(), obs: uploaded }),
  }),
  ({ data: { eventName, obs }, time }) => ({
    kind: 'uploads',
    uploads: uploadsOf({ eventName, eventTime: time }, obs),
  }),
);

/**
 * OBS documents form-encoded keys for notifications alone. Where a key can be read in two ways, both are
 * given: what is not in the bucket starts nothing.
 */
function uploadsOf(
  { eventName, eventTime }: { eventName: string; eventTime?: string | null | undefined },
  { bucket, object: { key } }: v.InferOutput<typeof uploaded>,
): readonly VendorUpload[] {
  if (!/^(?:s3:)?ObjectCreated:/.test(eventName)) return [];
  const at = instantOf(eventTime);
  return [...new Set([decoded(key), key])].map((each) => ({ bucket: bucket.name, key: each, at }));
}

function decoded(key: string): string {
  try {
    return decodeURIComponent(key.replaceAll('+', ' '));
  } catch {
    return key;
  }
}

/** Of Unix seconds, as a number or text, or of ISO 8601; undefined for what is neither. */
function instantOf(time: string | number | null | undefined): Date | undefined {
  const at = new Date(/^\d+$/.test(String(time)) ? Number(time) * 1_000 : String(time));
  return Number.isNaN(at.getTime()) ? undefined : at;
}

const READERS: readonly Reader[] = [
  readRequest,
  readScfTimer,
  readFunctionGraphTimer,
  readSmn,
  readCos,
  readObs,
  readObsCloudEvent,
];

/** @throws InputError (EVENT_INVALID) */
export function parseVendorEvent(event: unknown): VendorEvent {
  for (const read of READERS) {
    const found = read(event);
    if (found) return found;
  }
  const message = 'expected an event of COS, OBS, a timer, SMN or an HTTP gateway';
  throw new InputError('EVENT_INVALID', 'The event is of no known kind.', [
    { path: '(whole)', message },
  ]);
}
