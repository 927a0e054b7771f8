/** The event that S3 sends for an upload: what functions take wherever they run. */
export interface Uploaded {
  readonly bucket: string;
  readonly key: string;
  readonly sizeBytes?: number;
  readonly etag?: string;
  readonly at?: Date | undefined;
}

/** https://docs.aws.amazon.com/AmazonS3/latest/userguide/notification-content-structure.html */
export const uploadEvent = ({ bucket, key, sizeBytes, etag, at }: Uploaded) => ({
  Records: [
    {
      eventVersion: '2.1',
      eventSource: 'aws:s3',
      eventName: 'ObjectCreated:Put',
      ...(at && { eventTime: at.toISOString() }),
      s3: {
        bucket: { name: bucket },
        object: {
          key: encodeURIComponent(key).replaceAll('%2F', '/').replaceAll('%20', '+'),
          size: sizeBytes,
          eTag: etag,
        },
      },
    },
  ],
});
