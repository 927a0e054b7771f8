/** What a function against Huawei imports that is written with the SDKs; OMS itself has no package. */
import { DynamoDB } from '@aws-sdk/client-dynamodb';
import { S3 } from '@aws-sdk/client-s3';
import { SQS } from '@aws-sdk/client-sqs';
import * as huawei from '@huaweicloud/huaweicloud-sdk-core';

export const handler = () => [Object.keys(huawei), new DynamoDB(), new S3(), new SQS()];
