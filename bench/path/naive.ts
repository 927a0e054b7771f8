/**
 * What one would put together from well-known parts: csv-parse, a queue message per object handled
 * with Powertools batch and idempotency over DynamoDB (dynalite), the vendor SDK's signature, and one
 * DynamoDB item per object that the callback updates.
 */

import { once } from 'node:events';
import { createReadStream } from 'node:fs';
import { createServer } from 'node:http';
import { createRequire } from 'node:module';
import type { AddressInfo } from 'node:net';
import { BatchProcessor, EventType, processPartialResponse } from '@aws-lambda-powertools/batch';
import { IdempotencyConfig, makeIdempotent } from '@aws-lambda-powertools/idempotency';
import { DynamoDBPersistenceLayer } from '@aws-lambda-powertools/idempotency/dynamodb';
import { CreateTableCommand, DynamoDBClient } from '@aws-sdk/client-dynamodb';
import { DynamoDBDocumentClient, UpdateCommand } from '@aws-sdk/lib-dynamodb';
import { parse } from 'csv-parse';
import { BUCKET, IN_FLIGHT, readInput, report } from './common.ts';

const require = createRequire(import.meta.url);
const COS = require('cos-nodejs-sdk-v5') as { getAuthorization(options: object): string };
const dynalite = require('dynalite') as (options: object) => import('node:http').Server;

const { manifest, objects, env } = readInput();
const store = dynalite({ createTableMs: 0 }).listen(0, '127.0.0.1');
await once(store, 'listening');
const client = new DynamoDBClient({
  endpoint: `http://127.0.0.1:${(store.address() as AddressInfo).port}`,
  region: 'local',
  credentials: { accessKeyId: 'local', secretAccessKey: 'local' },
});
for (const TableName of ['idempotency', 'objects']) {
  await client.send(
    new CreateTableCommand({
      TableName,
      AttributeDefinitions: [{ AttributeName: 'id', AttributeType: 'S' }],
      KeySchema: [{ AttributeName: 'id', KeyType: 'HASH' }],
      BillingMode: 'PAY_PER_REQUEST',
    }),
  );
}
const documents = DynamoDBDocumentClient.from(client);
const setState = (id: string, state: string) =>
  documents.send(
    new UpdateCommand({
      TableName: 'objects',
      Key: { id },
      UpdateExpression: 'SET #s = :s',
      ConditionExpression: 'attribute_not_exists(#s) OR #s <> :done',
      ExpressionAttributeNames: { '#s': 'state' },
      ExpressionAttributeValues: { ':s': state, ':done': 'succeeded' },
    }),
  );

let outcomes = 0;
let finished = (): void => {};
const server = createServer((request, response) => {
  const id = decodeURIComponent(request.url?.split('/')[2] ?? '');
  request.resume().on('end', async () => {
    await setState(id, 'succeeded');
    response.end('{}');
    outcomes += 1;
    if (outcomes === objects) finished();
  });
}).listen(0, '127.0.0.1');
await once(server, 'listening');
const base = `http://127.0.0.1:${(server.address() as AddressInfo).port}/callbacks`;
const origin = env['WAYBILL_COS_MIGRATION_ENDPOINT'] ?? '';

const context = { getRemainingTimeInMillis: () => 60_000 } as never;
const config = new IdempotencyConfig({ eventKeyJmesPath: 'key' });
config.registerLambdaContext(context);
const submit = makeIdempotent(
  async ({ url, key }: { url: string; key: string }) => {
    const body = JSON.stringify({
      Url: url,
      Key: key,
      SuccessCallbackUrl: `${base}/${encodeURIComponent(key)}/s`,
      FailureCallbackUrl: `${base}/${encodeURIComponent(key)}/f`,
      OnKeyExist: 'override',
    });
    const host = new URL(origin).host;
    const headers = { 'content-type': 'application/json', host };
    const authorization = COS.getAuthorization({
      SecretId: env['TENCENTCLOUD_SECRET_ID'],
      SecretKey: env['TENCENTCLOUD_SECRET_KEY'],
      Method: 'POST',
      Pathname: `/${BUCKET}/`,
      Headers: headers,
    });
    const answer = await fetch(`${origin}/${BUCKET}/`, {
      method: 'POST',
      headers: { ...headers, authorization },
      body,
    });
    if (!answer.ok) throw new Error(`status ${answer.status}`);
    await setState(key, 'submitted').catch((error: { name: string }) => {
      if (error.name !== 'ConditionalCheckFailedException') throw error;
    });
    return 'submitted';
  },
  {
    persistenceStore: new DynamoDBPersistenceLayer({
      tableName: 'idempotency',
      awsSdkV3Client: client,
    }),
    config,
  },
);
const processor = new BatchProcessor(EventType.SQS);
const handle = (records: readonly object[]) =>
  processPartialResponse(
    { Records: records } as never,
    (record: { body: string }) => submit(JSON.parse(record.body)),
    processor,
    { context },
  );

const start = performance.now();
const done = new Promise<void>((resume) => {
  finished = resume;
});
let batch: object[] = [];
let running = 0;
let wake = (): void => {};
const flush = async (): Promise<void> => {
  const records = batch;
  batch = [];
  if (running >= IN_FLIGHT / 10) {
    await new Promise<void>((resume) => {
      wake = resume;
    });
  }
  running += 1;
  void handle(records).finally(() => {
    running -= 1;
    wake();
  });
};
const rows = createReadStream(manifest).pipe(parse({ columns: true }));
for await (const row of rows as AsyncIterable<{ url: string; key: string }>) {
  batch.push({
    messageId: row.key,
    body: JSON.stringify(row),
    attributes: {},
    eventSource: 'aws:sqs',
  });
  if (batch.length === 10) await flush();
}
if (batch.length > 0) await flush();
await done;
report((performance.now() - start) / 1_000);
process.exit(0);
