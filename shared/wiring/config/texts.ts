/** What each variable is for, as Markdown for docs/configuration.md; no function carries these. */
import type { VariableName } from './tables.ts';

export const TEXTS: Readonly<Record<VariableName, string>> = {
  WAYBILL_DATA: 'Data folder. Only one service at a time can use it.',
  WAYBILL_HOST: 'Address the service listens on',
  PORT: 'Port the service listens on. `0` takes a free one.',
  WAYBILL_PUMP_CONCURRENCY: 'Shards worked on at once',
  WAYBILL_SWEEP_SECONDS: 'Time between two sweeps of the service',
  WAYBILL_RETRY_CRON:
    "When the nightly retry starts: minute, hour, day, month, weekday, in the machine's time zone. On AWS, set the stage parameter `nightlySchedule` instead.",
  WAYBILL_API_TOKENS:
    'API tokens of at least 16 characters, separated by commas, or their SHA-256 as `sha256:<64 hex digits>`. If not set, the service makes one and keeps it in `secrets.json`.',
  WAYBILL_DASHBOARD: 'Folder of the built dashboard. The service builds it on first use.',
  TENCENTCLOUD_SECRET_ID:
    'SecretId of a Tencent Cloud key pair. Without keys of any provider, the service uses its built-in simulators.',
  TENCENTCLOUD_SECRET_KEY: 'SecretKey of the key pair',
  TENCENTCLOUD_SECURITY_TOKEN: 'Token of a temporary key pair',
  TENCENTCLOUD_UIN: 'UIN of the account, for COS Batch. Without a UIN, COS Batch is not available.',
  TENCENTCLOUD_APP_ID: 'APPID of the account, for COS Batch',
  WAYBILL_COS_FETCH_RPS: 'Requests per second to COS fetch',
  WAYBILL_COS_FETCH_IN_FLIGHT: 'Requests in flight to COS fetch',
  WAYBILL_BATCH_RPS: 'Requests per second to COS Batch',
  WAYBILL_COS_MIGRATION_ENDPOINT: 'Address of COS fetch',
  WAYBILL_COS_ENDPOINT: 'Address of COS objects',
  WAYBILL_COS_CONTROL_ENDPOINT: 'Address of COS Batch',
  HUAWEICLOUD_AUTH: '`aksk` signs every call, `token` uses an IAM token',
  HUAWEICLOUD_SDK_AK: 'Access key of a Huawei Cloud key pair, for `aksk`',
  HUAWEICLOUD_SDK_SK: 'Secret key of the key pair',
  HUAWEICLOUD_SDK_SECURITY_TOKEN: 'Token of a temporary key pair',
  HUAWEICLOUD_IAM_USERNAME: 'Name of an IAM user, for `token`',
  HUAWEICLOUD_IAM_PASSWORD: 'Password of the IAM user',
  HUAWEICLOUD_IAM_DOMAIN: 'Name of the account that the IAM user belongs to',
  HUAWEICLOUD_SDK_REGION: 'Default region of requests, and region of the nightly retry',
  HUAWEICLOUD_SDK_PROJECT_ID: 'Default project of requests, and project of the nightly retry',
  WAYBILL_OMS_PROJECTS:
    'Further projects: `region/projectId[@credential set]`, separated by commas',
  WAYBILL_OMS_RPS:
    'Requests per second to OMS, per region. At most 4 are in flight, because 5 failed checks lock a key.',
  WAYBILL_OMS_RUNNING: 'Tasks that may run or wait in a region at once, for the nightly retry',
  WAYBILL_OMS_ENDPOINT: 'Address of OMS',
  WAYBILL_IAM_ENDPOINT: 'Address of IAM',
  WAYBILL_OBS_ENDPOINT: 'Address of OBS objects, for lists of failed objects',
  WAYBILL_CREDENTIALS_FILE: 'JSON file of named credential sets ([tasks.md](tasks.md))',
  WAYBILL_CREDENTIALS_SECRET:
    'Secret in AWS Secrets Manager with the named credential sets, instead of a file',
  OMS_SRC_AK: 'Source access key of the credential set `default` ([tasks.md](tasks.md))',
  OMS_SRC_SK: 'Source secret key',
  OMS_SRC_SECURITY_TOKEN: 'Token of a temporary source key pair',
  OMS_SRC_CONNECTION_STRING: 'Source connection string (Azure)',
  OMS_SRC_JSON_AUTH_FILE: 'Source service account key as JSON (Google Cloud)',
  OMS_SRC_CRYPTO_TYPE: '`KMS` if the source keys are encrypted, else `DEFAULT`',
  OMS_SRC_KMS_KEY_ID: 'KMS key of the source keys',
  OMS_DST_AK: 'Destination access key',
  OMS_DST_SK: 'Destination secret key',
  OMS_DST_SECURITY_TOKEN: 'Token of a temporary destination key pair',
  OMS_DST_CRYPTO_TYPE: '`KMS` if the destination keys are encrypted, else `DEFAULT`',
  OMS_DST_KMS_KEY_ID: 'KMS key of the destination keys',
  OMS_SOURCE_CDN_AUTHENTICATION_KEY: 'Authentication key of the CDN in front of the source',
  OMS_SOURCE_CDN_CRYPTO_TYPE: '`KMS` if the authentication key is encrypted, else `DEFAULT`',
  OMS_SOURCE_CDN_KMS_KEY_ID: 'KMS key of the authentication key',
  WAYBILL_SMN_TOPICS:
    'URNs of the SMN topics to listen to, separated by commas. Without topics, the route answers 404.',
  WAYBILL_SMN_ENDPOINT: 'Address of SMN',
  WAYBILL_PUBLIC_URL:
    "Base of the callback URLs; the provider must be able to reach it. Defaults to the service's own address. If that is a loopback address, no callbacks arrive and the sweeper polls for all outcomes.",
  WAYBILL_CALLBACK_KEYS:
    '`kid:secret[,kid:secret]`: the first key signs callback tokens, all verify them. A kid has 1 to 16 letters and digits, a secret at least 16 characters. If not set, the service makes one and keeps it in `secrets.json`.',
  WAYBILL_VERIFY: 'Callbacks that are confirmed with a status query',
  WAYBILL_ON_KEY_EXIST: 'What to do with an object that exists. Sent with every request.',
  WAYBILL_ALLOW_HTTPS:
    "`true` sends `https:` sources. Tencent's documentation says they are not supported.",
  WAYBILL_SHARD_BYTES: 'Size of a shard',
  WAYBILL_MAX_ATTEMPTS: 'Submissions of one transfer within its run',
  WAYBILL_MAX_NIGHTS: 'Nights on which a failed task or fetch is retried',
  WAYBILL_SETTLE_SECONDS: 'Age at which an unanswered submission is checked with the provider',
  WAYBILL_LOST_AFTER_SECONDS: 'If no callback arrives within this time, the sweeper polls.',
  WAYBILL_STUCK_AFTER_SECONDS:
    'Time without progress after which an active run counts as stuck, for the metric',
  WAYBILL_WEBHOOK_URL:
    'Where notifications are sent ([webhooks.md](webhooks.md)). Without a URL, nothing is sent.',
  WAYBILL_WEBHOOK_SECRETS: 'One or two secrets that sign notifications, separated by a comma',
  WAYBILL_LEDGER: '`sqlite:<file>` or `dynamodb:<table>`. The file is in the data folder.',
  WAYBILL_QUEUE: '`sqlite:<file>` or `sqs:<url>`. The file is in the data folder.',
  WAYBILL_OBJECTS:
    '`folder:<path>` or `s3:<bucket>`. The folder is in the data folder. See [below](#a-bucket-for-manifests-and-reports) for buckets.',
  WAYBILL_S3_REGION: 'Region of the bucket; `AWS_REGION` if not set',
  WAYBILL_S3_ENDPOINT:
    'Address of the bucket. Without `{bucket}`, the bucket is the first part of the path. Defaults to `AWS_ENDPOINT_URL`, then to `https://{bucket}.s3.{region}.amazonaws.com` (`.amazonaws.com.cn` for `cn-` regions).',
  WAYBILL_S3_ACCESS_KEY_ID: "Access key for the bucket. If set, none of AWS's keys is used.",
  WAYBILL_S3_SECRET_ACCESS_KEY: 'Secret key for the bucket',
  WAYBILL_S3_SESSION_TOKEN: 'Token of a temporary key pair for the bucket',
  LOG_LEVEL: 'Least severe level that is logged',
  AWS_REGION:
    'Region of `dynamodb:`, `sqs:` and secrets; `AWS_DEFAULT_REGION` if not set. Lambda sets this and the keys. Elsewhere `aws configure export-credentials --format env` prints them.',
  AWS_ACCESS_KEY_ID: 'Access key of an AWS identity',
  AWS_SECRET_ACCESS_KEY: 'Secret key of the identity',
  AWS_SESSION_TOKEN: 'Token of a temporary identity',
  AWS_ENDPOINT_URL: 'Address of every AWS service, for emulators and private links',
  AWS_LAMBDA_FUNCTION_NAME: 'Set by Lambda',
  WAYBILL_RETENTION_DAYS: 'Days that DynamoDB keeps an ended run. `0` keeps it forever.',
  WAYBILL_SECRETS:
    'Names or ARNs of secrets in AWS Secrets Manager, separated by commas. Each is a JSON object of variables, which win over these. Waybill reads them at the start, every 15 minutes, and when a provider refuses a key.',
  WAYBILL_SWEEP_FUNCTION: 'Name of the deployed `sweep`. The deployment sets it.',
  WAYBILL_PLAN_FUNCTION: 'Name of the deployed `plan-manifest`. The deployment sets it.',
  WAYBILL_METRICS:
    "`emf` writes metrics to the log in CloudWatch's embedded metric format. The deployment sets it.",
  WAYBILL_STAGE: 'Dimension of the metrics. The deployment sets it.',
  WAYBILL_URL: 'Address of the service',
  WAYBILL_TOKEN:
    'API token. For a service on this machine, defaults to the token in its data folder.',
};
