"""Takes the steps of `cos.test.ts` with cos-python-sdk-v5; input and output are JSON."""

import json
import logging
import sys

from qcloud_cos import CosConfig, CosS3Client
from qcloud_cos.cos_exception import CosServiceError

logging.disable(logging.CRITICAL)
given = json.load(sys.stdin)
bucket, region, key = given["bucket"], given["region"], given["key"]


def connect(proxy, secret=given["secretKey"]):
    config = CosConfig(
        Region=region,
        SecretId=given["secretId"],
        SecretKey=secret,
        Scheme="http",
        Proxies={"http": proxy},
    )
    return CosS3Client(config, retry=0)


cos = connect(given["objectsUrl"])


def refusal(call, **arguments):
    """The status and code of a call that must fail."""
    try:
        call(Bucket=bucket, **arguments)
    except CosServiceError as error:
        return [error.get_status_code(), error.get_error_code()]
    return "no error"


def read(client=cos, **arguments):
    return client.get_object(Bucket=bucket, **arguments)["Body"].get_raw_stream().read().decode()


def page(**query):
    answer = cos.list_objects(Bucket=bucket, **query)
    return {
        "keys": [one["Key"] for one in answer.get("Contents", [])],
        "folders": [one["Prefix"] for one in answer.get("CommonPrefixes", [])],
        "next": answer.get("NextMarker") or "",
        "encoding": answer.get("EncodingType") or "",
    }


results = {}
put = cos.put_object(
    Bucket=bucket,
    Key=key,
    Body=given["content"].encode(),
    EnableMD5=True,
    ContentType="text/plain",
    Metadata={"x-cos-meta-origin": "vendor"},
)
results["put"] = {"etag": put["ETag"]}
head = cos.head_object(Bucket=bucket, Key=key)
results["head"] = {
    "length": head["Content-Length"],
    "type": head["Content-Type"],
    "meta": head["x-cos-meta-origin"],
    "crc64": head["x-cos-hash-crc64ecma"],
}
results["get"] = read(Key=key)
results["part"] = read(Key=key, Range="bytes=1-2")
results["ifMatch"] = refusal(cos.get_object, Key=key, IfMatch='"none"')
# The client takes every status below 400 for a success.
results["ifNoneMatch"] = [304, read(Key=key, IfNoneMatch=put["ETag"])]
cos.head_bucket(Bucket=bucket)
results["headBucket"] = 200 if cos.bucket_exists(Bucket=bucket) else 404

for name in ["a", "b/1", "b/2", "c"]:
    cos.put_object(Bucket=bucket, Key=f"list/{name}", Body=b"")
query = {"Prefix": "list/", "Delimiter": "/"}
results["list"] = page(**query)
results["first"] = page(**query, MaxKeys=2)
results["second"] = page(**query, MaxKeys=2, Marker=results["first"]["next"])
results["blank"] = page(Prefix=key[:3], EncodingType="url")

results["presigned"] = cos.get_presigned_url(
    Bucket=bucket, Key=key, Method="GET", Params={"response-content-type": "text/x"}
)
results["presignedPut"] = cos.get_presigned_url(Bucket=bucket, Key="presigned", Method="PUT")

results["missing"] = refusal(cos.head_object, Key="missing")
results["wrongKey"] = refusal(connect(given["objectsUrl"], "wrong").get_object, Key=key)
source = {"Bucket": bucket, "Key": "list/a", "Region": region}
results["copy"] = refusal(cos.copy_object, Key="copy", CopySource=source)
tags = {"TagSet": {"Tag": [{"Key": "a", "Value": "b"}]}}
results["tagging"] = refusal(cos.put_object_tagging, Key=key, Tagging=tags)
results["afterTagging"] = read(Key=key)
cos.delete_object(Bucket=bucket, Key="list/a")
results["delete"] = 204
results["afterDelete"] = refusal(cos.head_object, Key="list/a")

migration = connect(given["migrationUrl"])
task = {"Url": given["sourceUrl"], "Key": "fetched", "OnKeyExist": "ignore"}
created = migration.put_async_fetch_task(Bucket=bucket, FetchTaskConfiguration=task)
progress = migration.get_async_fetch_task(Bucket=bucket, TaskId=created["data"]["taskid"])
unknown = migration.get_async_fetch_task(Bucket=bucket, TaskId="none")
results["fetch"] = {
    "created": created["code"],
    "progress": [progress["code"], progress["data"]["status"]],
    "unknown": unknown["code"],
}
json.dump(results, sys.stdout)
