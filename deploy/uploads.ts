/**
 * The upload triggers of the stack. S3 refuses two notifications with the same prefix, so a prefix
 * that starts several functions goes through EventBridge.
 * https://docs.aws.amazon.com/AmazonS3/latest/userguide/notification-how-to-filtering.html
 */
import type { Deployment } from '../shared/runtime/deployment.ts';
import { arn, att, idOf, lambdaId, nameOf, type Resources, ref, sub, when } from './cfn.ts';
import { conditionOf } from './parameters.ts';
import { BUCKET_NAME, bucketArn, FAILED_EVENTS } from './stores.ts';

export interface Upload {
  /** Of the function. */
  readonly name: string;
  readonly prefix: string;
  readonly provider: Deployment['provider'];
}

/** `notified` by S3 itself, or `ruled` by rules of EventBridge. */
export function uploadsOf(deployments: Readonly<Record<string, Deployment>>): {
  readonly notified: readonly Upload[];
  readonly ruled: readonly Upload[];
} {
  const all = Object.entries(deployments).flatMap(([name, { uploads = [], provider }]) =>
    uploads.map((prefix): Upload => ({ name, prefix, provider })),
  );
  const isShared = ({ prefix }: Upload): boolean =>
    all.filter((other) => other.prefix === prefix).length > 1;
  return { notified: all.filter((upload) => !isShared(upload)), ruled: all.filter(isShared) };
}

export const permissionId = (name: string): string => `${idOf(name)}UploadPermission`;
const ruleName = (name: string): string => nameOf(`${name}-upload`);
export const ruleArn = ({ name }: Upload) => arn('events', `rule/${ruleName(name)}`);

const permission = (name: string, source: Readonly<Record<string, unknown>>): Resources => ({
  [permissionId(name)]: {
    Type: 'AWS::Lambda::Permission',
    Properties: { FunctionName: att(lambdaId(name)), Action: 'lambda:InvokeFunction', ...source },
  },
});

const notifiedBy = ({ name }: Upload): Resources =>
  permission(name, {
    Principal: 's3.amazonaws.com',
    SourceArn: bucketArn(),
    // The name of a bucket says nothing of its owner.
    SourceAccount: ref('AWS::AccountId'),
  });

/** https://docs.aws.amazon.com/AmazonS3/latest/userguide/ev-events.html */
const ruledBy = (upload: Upload): Resources => {
  const { name, prefix, provider } = upload;
  return {
    [`${idOf(name)}UploadRule`]: {
      Type: 'AWS::Events::Rule',
      Properties: {
        Name: ruleName(name),
        Description: `Uploads under ${prefix} start ${name}.`,
        State: when(conditionOf(provider), 'ENABLED', 'DISABLED'),
        EventPattern: {
          source: ['aws.s3'],
          'detail-type': ['Object Created'],
          detail: { bucket: { name: [sub(BUCKET_NAME)] }, object: { key: [{ prefix }] } },
        },
        Targets: [
          {
            Id: name,
            Arn: att(lambdaId(name)),
            DeadLetterConfig: { Arn: att(FAILED_EVENTS) },
          },
        ],
      },
    },
    ...permission(name, { Principal: 'events.amazonaws.com', SourceArn: ruleArn(upload) }),
  };
};

export const uploadTriggers = ({ notified, ruled }: ReturnType<typeof uploadsOf>): Resources =>
  Object.assign({}, ...notified.map(notifiedBy), ...ruled.map(ruledBy));
