/** The type of an AWS key pair, or of one for an S3-compatible store. */
export interface AwsKeys {
  readonly accessKeyId: string;
  readonly secretAccessKey: string;
  readonly sessionToken?: string;
}
