/**
 * The ledger's table (docs/ledger.md). Keys and indexes are those of `shared/stores/aws/dynamodb/`: an
 * index is sparse, holding only the items that have its attributes.
 */
import { nameOf, param, type Resources } from './cfn.ts';
import { ownKey } from './encryption.ts';
import { LEDGER } from './stores.ts';

const keys = (hash: string, range: string) => [
  { AttributeName: hash, KeyType: 'HASH' },
  { AttributeName: range, KeyType: 'RANGE' },
];
const index = (IndexName: string, hash: string, range: string) => ({
  IndexName,
  KeySchema: keys(hash, range),
  Projection: { ProjectionType: 'ALL' },
});

/** By name: their partition key; the other one is the time of the making. */
const GLOBAL = { newest: 'kind', open: 'open' } as const;
export const GLOBAL_INDEXES = Object.keys(GLOBAL);

export const table = (): Resources => ({
  [LEDGER]: {
    Type: 'AWS::DynamoDB::Table',
    DeletionPolicy: param('deletionPolicy'),
    UpdateReplacePolicy: 'Retain',
    Properties: {
      TableName: nameOf('ledger'),
      BillingMode: 'PAY_PER_REQUEST',
      AttributeDefinitions: ['pk', 'sk', 'failed', 'kind', 'open', 'created'].map(
        (AttributeName) => ({ AttributeName, AttributeType: 'S' }),
      ),
      KeySchema: keys('pk', 'sk'),
      LocalSecondaryIndexes: [index('failed', 'pk', 'failed')],
      GlobalSecondaryIndexes: Object.entries(GLOBAL).map(([name, hash]) =>
        index(name, hash, 'created'),
      ),
      TimeToLiveSpecification: { AttributeName: 'ttl', Enabled: true },
      PointInTimeRecoverySpecification: { PointInTimeRecoveryEnabled: true },
      SSESpecification: { SSEEnabled: true, SSEType: 'KMS', KMSMasterKeyId: ownKey() },
      DeletionProtectionEnabled: param('deletionProtection'),
    },
  },
});
