import { describe, expect, it } from 'vitest';
import { AwsError } from '../../../../../../shared/lib/aws/errors.ts';
import type { AwsCall } from '../../../../../../shared/stores/aws/json-api.ts';
import { createSqsQueue } from '../../../../../../shared/stores/aws/sqs/queue.ts';
import {
  createSqsSender,
  findDeadLetters,
} from '../../../../../../shared/stores/aws/sqs/sender.ts';

const url = 'https://sqs.example/000000000000/shards';
const deadUrl = `${url}-dead`;

interface Entry {
  readonly Id: string;
  readonly MessageBody?: string;
  readonly ReceiptHandle?: string;
}
interface Call {
  readonly action: string;
  readonly input: Readonly<Record<string, unknown>>;
  readonly entries: readonly Entry[];
}

/** SQS as far as a test says; batches it says nothing of succeed. */
function scripted(answer: (call: Call, count: number) => Record<string, unknown> | undefined) {
  const calls: Call[] = [];
  const waits: number[] = [];
  const call: AwsCall = async (action, input) => {
    const entries = (input['Entries'] ?? []) as readonly Entry[];
    calls.push({ action, input, entries });
    const count = calls.filter((made) => made.action === action).length;
    const said = answer({ action, input, entries }, count);
    return said ?? { Successful: entries.map(({ Id }) => ({ Id })) };
  };
  const options = { url, deadUrl, call, wait: async (ms: number) => void waits.push(ms) };
  return { calls, waits, options };
}

const sentBy = (calls: readonly Call[]) =>
  calls.map(({ entries }) => entries.map(({ MessageBody }) => MessageBody));

describe('sending', () => {
  it('makes batches of at most ten messages and 256 KiB; a longer one goes alone', async () => {
    const { calls, options } = scripted(() => undefined);
    const [half, long] = ['ä'.repeat(70_000), 'x'.repeat(1_000_000)];
    const few = Array.from({ length: 12 }, (_, n) => String(n));
    await createSqsSender(options).send([...few, half, half, long, 'last']);
    expect(sentBy(calls).map((bodies) => bodies.map((body = '') => body.slice(0, 3)))).toEqual([
      ['0', '1', '2', '3', '4', '5', '6', '7', '8', '9'],
      ['10', '11', 'äää'],
      ['äää'],
      ['xxx'],
      ['las'],
    ]);
  });

  it('names the group of a message, where there is one', async () => {
    const { calls, options } = scripted(() => undefined);
    await createSqsSender(options).send(['a'], { group: 'run' });
    await createSqsSender(options).send(['b']);
    expect(calls.map(({ entries }) => entries)).toEqual([
      [{ Id: expect.any(String), MessageBody: 'a', MessageGroupId: 'run' }],
      [{ Id: expect.any(String), MessageBody: 'b' }],
    ]);
  });

  it('repeats what was not taken, and nothing else', async () => {
    const { calls, waits, options } = scripted(({ entries }, count) => {
      if (count > 2) return undefined;
      const [taken, ...others] = entries;
      const Failed = others.map(({ Id }) => ({ Id, Code: 'InternalError', SenderFault: false }));
      return { Successful: [{ Id: taken?.Id }], Failed };
    });
    await createSqsSender(options).send(['a', 'b', 'c']);
    expect(sentBy(calls)).toEqual([['a', 'b', 'c'], ['b', 'c'], ['c']]);
    expect(waits).toHaveLength(2);
  });

  it('repeats what the answer says nothing of', async () => {
    const { calls, options } = scripted(({ entries }, count) =>
      count === 1 ? { Successful: [{ Id: entries[0]?.Id }] } : undefined,
    );
    await createSqsSender(options).send(['a', 'b']);
    expect(sentBy(calls)).toEqual([['a', 'b'], ['b']]);
  });

  it('fails at once on what can never be taken, and names queue and code', async () => {
    const { calls, options } = scripted(({ entries }) => ({
      Failed: entries.map(({ Id }) => ({ Id, Code: 'InvalidMessageContents', SenderFault: true })),
    }));
    await expect(createSqsSender(options).send(['a'])).rejects.toMatchObject({
      code: 'STORE_FAILED',
      message: expect.stringMatching(/shards.*InvalidMessageContents/),
    });
    expect(calls).toHaveLength(1);
  });

  it('asks for a delay in whole seconds, where there is one', async () => {
    const { calls, options } = scripted(() => undefined);
    const sender = createSqsSender(options);
    await sender.send(['a'], { group: 'r1', delayMs: 1_500 });
    await sender.send(['b'], { group: 'r1' });
    const [delayed, plain] = calls.map(({ entries }) => entries[0]);
    expect(delayed).toMatchObject({ MessageBody: 'a', MessageGroupId: 'r1', DelaySeconds: 2 });
    expect(plain).not.toHaveProperty('DelaySeconds');
  });

  it('gives up after five times', async () => {
    const { calls, options } = scripted(({ entries }) => ({
      Failed: entries.map(({ Id }) => ({ Id, Code: 'InternalError', SenderFault: false })),
    }));
    await expect(createSqsSender(options).send(['a'])).rejects.toThrow('InternalError');
    expect(calls).toHaveLength(5);
  });

  it('tells what SQS refuses as a failure of the store, and passes on what is none', async () => {
    const refused = scripted(() => {
      throw new AwsError('sqs', 'SendMessageBatch', 403, 'AccessDenied', 'not you');
    });
    await expect(createSqsSender(refused.options).send(['a'])).rejects.toMatchObject({
      code: 'STORE_FAILED',
      message: expect.stringMatching(/shards.*SendMessageBatch.*AccessDenied/),
    });
    const fault = new TypeError('ours');
    const broken = scripted(() => {
      throw fault;
    });
    await expect(createSqsSender(broken.options).send(['a'])).rejects.toBe(fault);
  });
});

/** A dead-letter queue that holds these bodies. */
function withDead(
  bodies: readonly string[],
  answer: Parameters<typeof scripted>[0] = () => undefined,
) {
  const waiting = [...bodies];
  return scripted((call, count) => {
    const said = answer(call, count);
    if (said !== undefined || call.action !== 'ReceiveMessage') return said;
    expect(call.input['QueueUrl']).toBe(deadUrl);
    const taken = waiting.splice(0, Math.min(10, Number(call.input['MaxNumberOfMessages'])));
    return {
      Messages: taken.map((body) => ({
        MessageId: `id of ${body}`,
        Body: body,
        ReceiptHandle: `receipt of ${body}`,
        Attributes: { ApproximateReceiveCount: '2' },
      })),
    };
  });
}

const steps = (calls: readonly Call[]): readonly string[] =>
  calls.map(({ action, input, entries }) => {
    const names = entries.map(({ MessageBody, ReceiptHandle }) => MessageBody ?? ReceiptHandle);
    return `${action} ${String(input['QueueUrl']).slice(url.length)} ${names.join()}`.trim();
  });

describe('redrive', () => {
  it('sends before it removes, and asks every server of SQS', async () => {
    const { calls, options } = withDead(['a', 'b']);
    expect(await createSqsQueue(options).redrive(100)).toBe(2);
    expect(steps(calls)).toEqual([
      'ReceiveMessage -dead',
      'SendMessageBatch  a,b',
      'DeleteMessageBatch -dead receipt of a,receipt of b',
      'ReceiveMessage -dead',
    ]);
    // A short poll asks some of them, and says "none" when these hold none.
    expect(calls[0]?.input['WaitTimeSeconds']).toBeGreaterThan(0);
  });

  it('leaves each message in the group of its run', async () => {
    const batches = [['a1', 'b1', 'a2'], []];
    const { calls, options } = scripted(({ action }) => {
      if (action !== 'ReceiveMessage') return undefined;
      const message = (body: string) => ({
        MessageId: body,
        Body: body,
        ReceiptHandle: body,
        Attributes: { MessageGroupId: body.slice(0, 1) },
      });
      return { Messages: (batches.shift() ?? []).map(message) };
    });
    expect(await createSqsQueue(options).redrive(100)).toBe(3);
    expect(calls[0]?.input['AttributeNames']).toContain('MessageGroupId');
    const sent = calls.filter(({ action }) => action === 'SendMessageBatch');
    expect(sent.flatMap(({ entries }) => entries)).toMatchObject([
      { MessageBody: 'a1', MessageGroupId: 'a' },
      { MessageBody: 'a2', MessageGroupId: 'a' },
      { MessageBody: 'b1', MessageGroupId: 'b' },
    ]);
  });

  it('stops at the number asked for', async () => {
    const bodies = Array.from({ length: 30 }, (_, n) => String(n));
    const { calls, options } = withDead(bodies);
    expect(await createSqsQueue(options).redrive(23)).toBe(23);
    expect(sentBy(calls).flat().filter(Boolean)).toHaveLength(23);
    const asked = calls.map(({ input }) => input['MaxNumberOfMessages']).filter(Boolean);
    expect(asked).toEqual([10, 10, 3]);
  });

  it('leaves what was sent since it began: it was moved here and given up again', async () => {
    const startedAt = Date.parse('2026-11-20T02:00:00Z');
    const batches = [['old', 'new'], ['new']];
    const { calls, options } = scripted(({ action }) => {
      if (action !== 'ReceiveMessage') return undefined;
      const message = (body: string) => ({
        MessageId: `id of ${body}`,
        Body: body,
        ReceiptHandle: `receipt of ${body}`,
        Attributes: { SentTimestamp: String(startedAt + (body === 'new' ? 0 : -1)) },
      });
      return { Messages: (batches.shift() ?? []).map(message) };
    });
    expect(await createSqsQueue({ ...options, now: () => startedAt }).redrive(100)).toBe(1);
    expect(steps(calls)).toEqual([
      'ReceiveMessage -dead',
      'ChangeMessageVisibilityBatch -dead receipt of new',
      'SendMessageBatch  old',
      'DeleteMessageBatch -dead receipt of old',
      'ReceiveMessage -dead',
      'ChangeMessageVisibilityBatch -dead receipt of new',
    ]);
  });

  it('removes nothing that could not be sent', async () => {
    const { calls, options } = withDead(['a', 'b'], ({ action, entries }) =>
      action === 'SendMessageBatch'
        ? { Failed: entries.map(({ Id }) => ({ Id, Code: 'Refused', SenderFault: true })) }
        : undefined,
    );
    await expect(createSqsQueue(options).redrive(100)).rejects.toThrow('Refused');
    expect(calls.map(({ action }) => action)).not.toContain('DeleteMessageBatch');
  });

  it('takes a message for moved though somebody else removed it, or it came back meanwhile', async () => {
    const { options } = withDead(['a', 'b'], ({ action, entries }) =>
      action === 'DeleteMessageBatch'
        ? {
            Successful: [{ Id: entries[1]?.Id }],
            Failed: [{ Id: entries[0]?.Id, Code: 'ReceiptHandleIsInvalid', SenderFault: true }],
          }
        : undefined,
    );
    expect(await createSqsQueue(options).redrive(100)).toBe(2);
  });
});

describe('looking at dead letters', () => {
  it('hides them while it looks, and gives them back', async () => {
    const bodies = Array.from({ length: 12 }, (_, n) => String(n));
    const { calls, options } = withDead(bodies);
    const found = await createSqsQueue(options).deadLetters(100);
    expect(found.map(({ body }) => body)).toEqual(bodies);
    expect(found[0]).toMatchObject({ messageId: 'id of 0', receiveCount: 2 });
    expect(Number(calls[0]?.input['VisibilityTimeout'])).toBeGreaterThanOrEqual(10);
    const back = calls.filter(({ action }) => action === 'ChangeMessageVisibilityBatch');
    expect(back.flatMap(({ entries }) => entries)).toHaveLength(12);
    expect(back.flatMap(({ entries }) => entries)[0]).toMatchObject({ VisibilityTimeout: 0 });
  });

  it('tells a message once that SQS delivers twice, and does not look for ever', async () => {
    const { options } = scripted(({ action }) =>
      action === 'ReceiveMessage'
        ? { Messages: [{ MessageId: 'm', Body: 'a', ReceiptHandle: 'r' }] }
        : undefined,
    );
    expect(await createSqsQueue(options).deadLetters(5)).toHaveLength(1);
  });
});

describe('receiving', () => {
  it('hides no longer than SQS can', async () => {
    const { calls, options } = scripted(() => ({}));
    await createSqsQueue(options).receive(1, 1_500);
    await createSqsQueue(options).receive(1, 100 * 3_600_000);
    expect(calls.map(({ input }) => input['VisibilityTimeout'])).toEqual([2, 43_200]);
  });
});

describe('the queue of dead letters', () => {
  const policy = (RedrivePolicy?: string) =>
    scripted(() => (RedrivePolicy === undefined ? {} : { Attributes: { RedrivePolicy } })).options;

  it('is found beside the queue', async () => {
    const arn = 'arn:aws:sqs:ap-southeast-1:000000000000:shards-dead';
    expect(await findDeadLetters(policy(JSON.stringify({ deadLetterTargetArn: arn })))).toBe(
      deadUrl,
    );
  });

  it.each([undefined, '{}', 'no JSON'])('is missing with the policy %s', async (text) => {
    await expect(findDeadLetters(policy(text))).rejects.toMatchObject({
      code: 'STORE_FAILED',
      message: `The queue ${url} has no dead-letter queue.`,
    });
  });
});
