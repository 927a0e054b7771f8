/**
 * What stores are encrypted with: AWS's own keys, or the operator's, which the stage parameter `kmsKey`
 * names; and the key of the topic, to which CloudWatch can't write under a key that AWS manages.
 * https://docs.aws.amazon.com/sns/latest/dg/sns-key-management.html
 */
import { ACCOUNT, arn, att, nameOf, param, REGION, type Resources, sub, when } from './cfn.ts';
import { ALARMS_KEY } from './stores.ts';

const KEY = param('kmsKey');
const HAS_KEY = 'HasKmsKey';

/** A property that only a store under the operator's key has. */
export const ownKey = (): unknown => when(HAS_KEY, KEY);

/** One value under the operator's key, another under AWS's own. */
export const byKey = (theirs: unknown, ours?: unknown): unknown => when(HAS_KEY, theirs, ours);

export const topicKey = (): unknown => when(HAS_KEY, KEY, att(ALARMS_KEY));

type Service = 'dynamodb' | 's3' | 'secretsmanager' | 'sqs';

/**
 * May use the operator's key, through these services alone.
 * @param writes sends messages or writes objects: each has a data key of its own
 */
export const useOfKey = (services: readonly Service[], writes: boolean): unknown =>
  when(HAS_KEY, {
    Sid: 'Key',
    Effect: 'Allow',
    Action: ['kms:Decrypt', ...(writes ? ['kms:GenerateDataKey'] : [])],
    Resource: [KEY],
    Condition: {
      StringEquals: {
        'kms:ViaService': services.map((service) => sub(`${service}.${REGION}.amazonaws.com`)),
      },
    },
  });

/** The key of the topic where the operator gives none. */
export const alarmsKey = (): Resources => ({
  [ALARMS_KEY]: {
    Type: 'AWS::KMS::Key',
    Condition: 'HasNoKmsKey',
    DeletionPolicy: 'Delete',
    UpdateReplacePolicy: 'Delete',
    Properties: {
      Description: `Encrypts the topic ${nameOf('alarms')}.`,
      EnableKeyRotation: true,
      PendingWindowInDays: 7,
      KeyPolicy: {
        Version: '2012-10-17',
        Statement: [
          {
            Sid: 'ThisAccount',
            Effect: 'Allow',
            Principal: { AWS: sub(`arn:\${AWS::Partition}:iam::${ACCOUNT}:root`) },
            Action: 'kms:*',
            Resource: '*',
          },
          {
            Sid: 'AlarmsOfThisStage',
            Effect: 'Allow',
            Principal: { Service: 'cloudwatch.amazonaws.com' },
            Action: ['kms:Decrypt', 'kms:GenerateDataKey*'],
            Resource: '*',
            Condition: {
              StringEquals: { 'aws:SourceAccount': sub(ACCOUNT) },
              ArnLike: { 'aws:SourceArn': arn('cloudwatch', `alarm:${nameOf('*')}`) },
            },
          },
        ],
      },
    },
  },
});
