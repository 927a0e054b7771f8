/** Takes the steps of `cos.test.ts` with cos-nodejs-sdk-v5; input and output are JSON. */
import { text } from 'node:stream/consumers';
import COS from 'cos-nodejs-sdk-v5';

const { secretId, secretKey, objectsUrl, bucket, region, key, content } = JSON.parse(
  await text(process.stdin),
);
const connect = (secret) =>
  new COS({ SecretId: secretId, SecretKey: secret, Protocol: 'http:', Proxy: objectsUrl });
const cos = connect(secretKey);
const place = { Bucket: bucket, Region: region };

/** The status and code of a call that must fail. */
const refusal = (call) =>
  call.then(
    () => 'no error',
    (error) => [error.statusCode, error.code],
  );
const page = async (query) => {
  const answer = await cos.getBucket({ ...place, ...query });
  return {
    keys: answer.Contents.map(({ Key }) => Key),
    folders: answer.CommonPrefixes.map(({ Prefix }) => Prefix),
    next: answer.NextMarker ?? '',
    encoding: answer.EncodingType ?? '',
  };
};
const presign = (Method, Key, more) =>
  new Promise((resolve, reject) => {
    cos.getObjectUrl({ ...place, Key, Method, Sign: true, ...more }, (error, { Url } = {}) =>
      error ? reject(error) : resolve(Url),
    );
  });

const object = { ...place, Key: key };
const results = {};
const put = await cos.putObject({
  ...object,
  Body: content,
  ContentType: 'text/plain',
  'x-cos-meta-origin': 'vendor',
});
results.put = { etag: put.ETag };
const { headers } = await cos.headObject(object);
results.head = {
  length: headers['content-length'],
  type: headers['content-type'],
  meta: headers['x-cos-meta-origin'],
  crc64: headers['x-cos-hash-crc64ecma'],
};
results.get = (await cos.getObject(object)).Body.toString();
results.part = (await cos.getObject({ ...object, Range: 'bytes=1-2' })).Body.toString();
results.ifMatch = await refusal(cos.getObject({ ...object, IfMatch: '"none"' }));
results.ifNoneMatch = await refusal(cos.getObject({ ...object, IfNoneMatch: put.ETag }));
results.headBucket = (await cos.headBucket(place)).statusCode;

for (const name of ['a', 'b/1', 'b/2', 'c']) {
  await cos.putObject({ ...place, Key: `list/${name}`, Body: '' });
}
const list = { Prefix: 'list/', Delimiter: '/' };
results.list = await page(list);
results.first = await page({ ...list, MaxKeys: 2 });
results.second = await page({ ...list, MaxKeys: 2, Marker: results.first.next });
results.blank = await page({ Prefix: key.slice(0, 3), EncodingType: 'url' });

results.presigned = await presign('GET', key, { Query: { 'response-content-type': 'text/x' } });
results.presignedPut = await presign('PUT', 'presigned');

results.missing = await refusal(cos.headObject({ ...place, Key: 'missing' }));
results.wrongKey = await refusal(connect('wrong').getObject(object));
const source = `${bucket}.cos.${region}.myqcloud.com/list/a`;
results.copy = await refusal(cos.putObjectCopy({ ...place, Key: 'copy', CopySource: source }));
results.tagging = await refusal(
  cos.putObjectTagging({ ...object, Tags: [{ Key: 'a', Value: 'b' }] }),
);
results.afterTagging = (await cos.getObject(object)).Body.toString();
results.delete = (await cos.deleteObject({ ...place, Key: 'list/a' })).statusCode;
results.afterDelete = await refusal(cos.headObject({ ...place, Key: 'list/a' }));
process.stdout.write(JSON.stringify(results));
