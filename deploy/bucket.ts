/**
 * The bucket of manifests and reports. Everything in it was put there by an operator or written by a
 * function; `reports/` is kept for ever.
 */
import { att, lambdaId, param, type Resources, ref, sub, when } from './cfn.ts';
import { byKey, ownKey } from './encryption.ts';
import { conditionOf } from './parameters.ts';
import { BUCKET, BUCKET_NAME, bucketArn } from './stores.ts';
import { permissionId, type Upload } from './uploads.ts';

const expire = (Id: string, Prefix: string) => ({
  Id,
  Prefix,
  Status: 'Enabled',
  ExpirationInDays: param('WAYBILL_RETENTION_DAYS'),
});

const API_ORIGIN = sub(`https://\${HttpApi}.execute-api.\${AWS::Region}.\${AWS::URLSuffix}`);

/** @param notified functions that S3 itself calls */
export const bucket = (notified: readonly Upload[]): Resources => ({
  [BUCKET]: {
    Type: 'AWS::S3::Bucket',
    DeletionPolicy: param('deletionPolicy'),
    UpdateReplacePolicy: 'Retain',
    // S3 tries each function when it takes the configuration.
    DependsOn: notified.map(({ name }) => permissionId(name)),
    Properties: {
      BucketName: sub(BUCKET_NAME),
      ...PRIVATE,
      BucketEncryption: encryption(),
      VersioningConfiguration: { Status: 'Enabled' },
      // The dashboard puts manifests here, and reads long reports, by signed addresses.
      CorsConfiguration: {
        CorsRules: [
          {
            AllowedMethods: ['GET', 'PUT'],
            AllowedOrigins: [when('HasDashboardOrigin', param('dashboardOrigin'), API_ORIGIN)],
            AllowedHeaders: ['content-type'],
            MaxAge: 3_600,
          },
        ],
      },
      LifecycleConfiguration: { Rules: LIFECYCLE },
      NotificationConfiguration: {
        EventBridgeConfiguration: { EventBridgeEnabled: true },
        LambdaConfigurations: notified.map(({ name, prefix, provider }) =>
          when(conditionOf(provider), {
            Event: 's3:ObjectCreated:*',
            Function: att(lambdaId(name)),
            Filter: { S3Key: { Rules: [{ Name: 'prefix', Value: prefix }] } },
          }),
        ),
      },
    },
  },
  ObjectsPolicy: OBJECTS_POLICY,
});

const PRIVATE = {
  PublicAccessBlockConfiguration: {
    BlockPublicAcls: true,
    BlockPublicPolicy: true,
    IgnorePublicAcls: true,
    RestrictPublicBuckets: true,
  },
  OwnershipControls: { Rules: [{ ObjectOwnership: 'BucketOwnerEnforced' }] },
};

const encryption = () => ({
  ServerSideEncryptionConfiguration: [
    byKey(
      {
        // One data key for many objects: else each would be asked for.
        BucketKeyEnabled: true,
        ServerSideEncryptionByDefault: { SSEAlgorithm: 'aws:kms', KMSMasterKeyID: ownKey() },
      },
      { ServerSideEncryptionByDefault: { SSEAlgorithm: 'AES256' } },
    ),
  ],
});

const LIFECYCLE = [
  {
    Id: 'old-versions-and-broken-uploads',
    Status: 'Enabled',
    NoncurrentVersionExpiration: { NoncurrentDays: param('oldVersionsDays') },
    AbortIncompleteMultipartUpload: { DaysAfterInitiation: 7 },
  },
  // Unpacked pieces, and what runs left that were stopped; of others most is removed when they close.
  expire('staging', 'staging/'),
  expire('own-manifests', 'fetches/'),
];

const OBJECTS_POLICY = {
  Type: 'AWS::S3::BucketPolicy',
  Properties: {
    Bucket: ref(BUCKET),
    PolicyDocument: {
      Version: '2012-10-17',
      Statement: [
        {
          Sid: 'OnlyOverTls',
          Effect: 'Deny',
          Principal: '*',
          Action: 's3:*',
          Resource: [bucketArn(), bucketArn('*')],
          Condition: { Bool: { 'aws:SecureTransport': 'false' } },
        },
      ],
    },
  },
};
