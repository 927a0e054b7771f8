/** Parses AWS-shaped events into our types. Object keys are decoded here and nowhere else. */
import * as v from 'valibot';
import { InputError } from '../lib/errors.ts';
import { parseWith } from '../lib/validate.ts';

interface UploadEvent {
  /** Decoded. */
  readonly keys: readonly string[];
  /** One for each record that can't be read. */
  readonly faults: readonly InputError[];
}

const notification = v.object({ Records: v.array(v.unknown()) });

const uploaded = v.object({
  bucket: v.object({ name: v.string() }),
  object: v.object({ key: v.string() }),
});

const record = v.object({ s3: uploaded });

const bridged = v.object({ detail: uploaded });

const testEvent = v.object({ Event: v.literal('s3:TestEvent') });

/**
 * Uploads of an S3 notification, whose keys are form-encoded, or of the same event through
 * EventBridge, whose keys are plain. S3's own test event holds none.
 * https://docs.aws.amazon.com/AmazonS3/latest/userguide/notification-content-structure.html
 * @throws InputError (EVENT_INVALID) when it is no such event; a bad record is a fault of the answer
 */
export function parseUploads(event: unknown): UploadEvent {
  if (v.is(testEvent, event)) return { keys: [], faults: [] };
  if (v.is(bridged, event)) return { keys: [event.detail.object.key], faults: [] };
  const keys: string[] = [];
  const faults: InputError[] = [];
  for (const [index, given] of parseWith(
    notification,
    event,
    'The upload event',
  ).Records.entries()) {
    try {
      const { s3 } = parseWith(record, given, `Record ${index} of the upload event`);
      keys.push(decodeKey(s3.object.key, `Records[${index}].s3.object.key`));
    } catch (error) {
      if (!(error instanceof InputError)) throw error;
      faults.push(error);
    }
  }
  return { keys, faults };
}

function decodeKey(encoded: string, path: string): string {
  try {
    return decodeURIComponent(encoded.replaceAll('+', ' '));
  } catch (error) {
    const fault = { path, message: 'expected a form-encoded key' };
    throw new InputError('EVENT_INVALID', 'The upload event has a bad key.', [fault], error);
  }
}

export interface QueueRecord {
  readonly messageId: string;
  readonly body: string;
  /** Names this delivery. */
  readonly receipt: string;
  /** How often it was received, this time included. */
  readonly receiveCount: number;
}

const queueEvent = v.object({
  Records: v.array(
    v.object({
      messageId: v.string(),
      body: v.string(),
      receiptHandle: v.optional(v.string(), ''),
      attributes: v.optional(
        v.object({ ApproximateReceiveCount: v.optional(v.string(), '1') }),
        {},
      ),
    }),
  ),
});

/** Messages of an SQS event. */
export const parseQueueRecords = (event: unknown): readonly QueueRecord[] =>
  parseWith(queueEvent, event, 'The queue event').Records.map(
    ({ messageId, body, receiptHandle, attributes }) => ({
      messageId,
      body,
      receipt: receiptHandle,
      receiveCount: Number(attributes.ApproximateReceiveCount) || 1,
    }),
  );

export interface Schedule {
  /** The moment it was fired for; undefined when the event has none. */
  readonly time?: Date;
  readonly detail: Readonly<Record<string, unknown>>;
}

const details = v.record(v.string(), v.unknown());

/** The scheduler's placeholder, where nobody filled it in. */
const unfilled = v.pipe(
  v.literal('<aws.scheduler.scheduled-time>'),
  v.transform(() => undefined),
);

const instant = v.pipe(v.string(), v.isoTimestamp());

const scheduleEvent = v.object({
  time: v.optional(v.union([unfilled, instant], 'expected an instant in ISO 8601')),
  // The scheduler's own event has the text "{}" here.
  detail: v.optional(v.union([v.pipe(v.string(), v.parseJson(), details), details]), {}),
});

/** An event of a schedule; what it says in `detail` is the function's own. */
export function parseSchedule(event: unknown): Schedule {
  const { detail, time } = parseWith(scheduleEvent, event ?? {}, 'The schedule event');
  return { detail, ...(time !== undefined && { time: new Date(time) }) };
}
