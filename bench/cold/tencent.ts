/** What a function against Tencent imports that is written with the SDKs. */
import { DynamoDB } from '@aws-sdk/client-dynamodb';
import { S3 } from '@aws-sdk/client-s3';
import { SQS } from '@aws-sdk/client-sqs';
import COS from 'cos-nodejs-sdk-v5';

export const handler = () => [new COS({}), new DynamoDB(), new S3(), new SQS()];
