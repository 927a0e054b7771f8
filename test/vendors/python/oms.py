"""Takes the steps of `oms.test.ts` with huaweicloudsdkoms; input and output are JSON."""

import json
import sys

from huaweicloudsdkcore.auth.credentials import BasicCredentials
from huaweicloudsdkcore.exceptions.exceptions import ServiceResponseException
from huaweicloudsdkoms.v2 import (
    BandwidthPolicyDto,
    CheckUrlSourceListFileFormatReq,
    CheckUrlSourceListFileFormatRequest,
    CreateTaskGroupReq,
    CreateTaskGroupRequest,
    CreateTaskReq,
    CreateTaskRequest,
    DeleteTaskGroupRequest,
    DeleteTaskRequest,
    DstNodeReq,
    ListFile,
    ListTaskGroupRequest,
    ListTasksRequest,
    OmsClient,
    RetryTaskGroupReq,
    RetryTaskGroupRequest,
    ShowTaskGroupRequest,
    ShowTaskRequest,
    SrcNodeReq,
    StartTaskGroupReq,
    StartTaskGroupRequest,
    StartTaskReq,
    StartTaskRequest,
    StopTaskGroupRequest,
    StopTaskRequest,
    TaskGroupDstNode,
    TaskGroupSrcNode,
    UpdateBandwidthPolicyReq,
    UpdateBandwidthPolicyRequest,
)

given = json.load(sys.stdin)
keys = {"src_ak": "a", "src_sk": "b", "dst_ak": "c", "dst_sk": "d"}


def connect(sk=given["sk"], project=given["projectId"]):
    credentials = BasicCredentials(given["ak"], sk, project)
    builder = OmsClient.new_builder().with_credentials(credentials)
    return builder.with_endpoint(given["omsUrl"]).build()


oms = connect()


def refusal(call, *arguments, **named):
    """The status and code of a call that must fail."""
    try:
        call(*arguments, **named)
    except ServiceResponseException as error:
        return [error.status_code, error.error_code]
    return "no error"


def v1(method, path, client=oms, **more):
    """A call of version 1, which the client has no methods for; its core signs and sends it."""
    return client.do_http_request(
        method=method,
        resource_path="/v1/{project_id}/objectstorage/task" + path,
        header_params={"Content-Type": "application/json;charset=UTF-8"},
        # One of version 2 without fields; the answer is read as it came.
        response_type="StartTaskResponse",
        **more,
    ).to_json_object()


results = {}
listed = oms.list_tasks(ListTasksRequest(limit=100, offset=0))
results["list"] = [str(task.id) for task in listed.tasks]
failed = oms.list_tasks(ListTasksRequest(status=4, task_name="photos"))
results["failed"] = [str(task.id) for task in failed.tasks]
task = oms.show_task(ShowTaskRequest(task_id=given["failed"]))
results["show"] = [str(task.id), task.status, task.failed_num]
results["missing"] = refusal(oms.show_task, ShowTaskRequest(task_id="999"))


def start(task_id, **more):
    body = StartTaskReq(**keys, **more)
    return oms.start_task(StartTaskRequest(task_id=task_id, body=body))


results["start"] = start(given["failed"], migrate_failed_object=True).status_code
results["startAgain"] = refusal(start, given["failed"])
results["startDone"] = refusal(start, given["done"])
results["stop"] = oms.stop_task(StopTaskRequest(task_id=given["failed"])).status_code
results["stopPaused"] = refusal(oms.stop_task, StopTaskRequest(task_id=given["paused"]))

group = given["group"]
groups = oms.list_task_group(ListTaskGroupRequest(limit=10, offset=0))
results["groups"] = [one.group_id for one in groups.taskgroups]
results["group"] = oms.show_task_group(ShowTaskGroupRequest(group_id=group)).status
retry = RetryTaskGroupRequest(group_id=group, body=RetryTaskGroupReq(**keys))
results["retryGroup"] = oms.retry_task_group(retry).status_code
results["stopGroup"] = oms.stop_task_group(StopTaskGroupRequest(group_id=group)).status_code
begin = StartTaskGroupRequest(group_id=given["pausedGroup"], body=StartTaskGroupReq(**keys))
results["startGroup"] = oms.start_task_group(begin).status_code

target = {"ak": "c", "sk": "d", "bucket": "target", "region": given["region"]}
lists = ListFile(obs_bucket="target", list_file_key="lists/urls.txt")
slot = BandwidthPolicyDto(start="01:00", end="05:00", max_bandwidth=1048576)
check = CheckUrlSourceListFileFormatReq(
    obs_bucket="target", list_file_key="lists/urls.txt", ak="c", sk="d", region=given["region"]
)
results["checkList"] = oms.check_url_source_list_file_format(
    CheckUrlSourceListFileFormatRequest(body=check)
).status_code
made = oms.create_task(
    CreateTaskRequest(
        body=CreateTaskReq(
            task_type="url_list",
            src_node=SrcNodeReq(cloud_type="URLSource", list_file=lists),
            dst_node=DstNodeReq(save_prefix="", **target),
            description="made by the client",
            migrate_since=1700000000,
            bandwidth_policy=[slot],
            consistency_check="no_check",
            object_overwrite_mode="NO_OVERWRITE",
            task_priority="HIGH",
        )
    )
)
results["made"] = str(made.id)
source = {"cloud_type": "AWS", "region": "us-east-1", "bucket": "media", "ak": "a", "sk": "b"}
results["madeGroup"] = oms.create_task_group(
    CreateTaskGroupRequest(
        body=CreateTaskGroupReq(
            task_type="PREFIX",
            src_node=TaskGroupSrcNode(object_key=["photos/"], **source),
            dst_node=TaskGroupDstNode(cloud_type="HEC", **target),
            description="made by the client",
        )
    )
).group_id

# What Waybill made.
ours = oms.show_task(ShowTaskRequest(task_id=given["ours"]))
results["ours"] = [ours.description, ours.task_type, ours.src_node.list_file.list_file_key]
policy = UpdateBandwidthPolicyReq(bandwidth_policy=[slot])
oms.update_bandwidth_policy(UpdateBandwidthPolicyRequest(task_id=given["ours"], body=policy))
shown = oms.show_task(ShowTaskRequest(task_id=given["ours"])).bandwidth_policy
results["bandwidth"] = [[one.start, one.end, one.max_bandwidth] for one in shown]
results["deleteRunning"] = refusal(oms.delete_task, DeleteTaskRequest(task_id=given["ours"]))
results["stopOurs"] = oms.stop_task(StopTaskRequest(task_id=given["ours"])).status_code
results["delete"] = oms.delete_task(DeleteTaskRequest(task_id=given["done"])).status_code
our_group = ShowTaskGroupRequest(group_id=given["ourGroup"])
results["ourGroup"] = oms.show_task_group(our_group).description
results["deleteGroup"] = refusal(
    oms.delete_task_group, DeleteTaskGroupRequest(group_id=given["ourGroup"])
)

results["v1List"] = [
    str(one["id"]) for one in v1("GET", "", query_params=[("start", 0), ("limit", 10)])
]
old = "/" + given["old"]
results["v1Show"] = v1("GET", old)["status"]
v1_keys = {"source_ak": "a", "source_sk": "b", "target_ak": "c", "target_sk": "d"}
v1("PUT", old, body={"operation": "start", **v1_keys})
results["v1Started"] = v1("GET", old)["status"]
v1("PUT", old, body={"operation": "stop"})
results["v1Stopped"] = v1("GET", old)["status"]

results["wrongKey"] = refusal(connect(sk="wrong").list_tasks, ListTasksRequest())
foreign = connect(project="f" * 32)
results["foreign"] = refusal(foreign.list_tasks, ListTasksRequest())
results["v1Foreign"] = refusal(v1, "GET", old, client=foreign)
json.dump(results, sys.stdout)
