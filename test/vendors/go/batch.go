package main

import (
	"net/http"
	"strconv"
	"strings"

	"github.com/tencentyun/cos-go-sdk-v5"
)

// batch creates a job that copies one object, and one that waits to be confirmed.
func batch(in given, client *cos.Client, results map[string]any) {
	must(client.Object.Put(ctx, "source", strings.NewReader(in.Content), nil))
	put := must(client.Object.Put(ctx, "manifest.csv", strings.NewReader(in.Bucket+",source\n"), nil))
	app := strconv.Itoa(in.AppID)
	arn := "qcs::cos:" + in.Region + "::" + in.Bucket
	headers := &cos.BatchRequestHeaders{XCosAppid: in.AppID}
	job := func(token, confirm string) *cos.BatchCreateJobOptions {
		return &cos.BatchCreateJobOptions{
			ClientRequestToken:   token,
			ConfirmationRequired: confirm,
			Description:          "a job of <the client>",
			Manifest: &cos.BatchJobManifest{
				Location: &cos.BatchJobManifestLocation{
					ETag:      put.Header.Get("ETag"),
					ObjectArn: arn + "/manifest.csv",
				},
				Spec: &cos.BatchJobManifestSpec{
					Fields: []string{"Bucket", "Key"},
					Format: "COSBatchOperations_CSV_V1",
				},
			},
			Operation: &cos.BatchJobOperation{PutObjectCopy: &cos.BatchJobOperationCopy{
				AccessControlDirective:  "Replaced",
				CannedAccessControlList: "private",
				PrefixReplace:           true,
				TargetKeyPrefix:         "copied/",
				StorageClass:            "STANDARD",
				TargetResource:          "qcs::cos:" + in.Region + ":uid/" + app + ":" + in.Bucket,
			}},
			Priority: 10,
			Report: &cos.BatchJobReport{
				Bucket:      arn,
				Enabled:     "true",
				Format:      "Report_CSV_V1",
				Prefix:      "reports",
				ReportScope: "AllTasks",
			},
			RoleArn: "qcs::cam::uin/" + in.Uin + ":roleName/COSBatch_QcsRole",
		}
	}
	create := func(token, confirm string) (string, error) {
		created, _, err := client.Batch.CreateJob(ctx, job(token, confirm), headers)
		return created.JobId, err
	}
	runs := must(create("token-1", "false"))
	waits := must(create("token-2", "true"))
	_, err := create("token-1", "false")
	results["createAgain"] = refusal(err)

	status := func(id string) string {
		described, _, err := client.Batch.DescribeJob(ctx, id, headers)
		must(0, err)
		return described.Job.Status
	}
	// The test waits no time: the simulator takes a step at each request of its control API.
	reach := func(id, wanted string) string {
		for range make([]struct{}, 20) {
			if status(id) == wanted {
				break
			}
			must(http.Post(in.StepURL, "", nil)).Body.Close()
		}
		return status(id)
	}
	results["waits"] = reach(waits, "Suspended")
	confirmed, _, err := client.Batch.UpdateJobStatus(ctx, &cos.BatchUpdateStatusOptions{
		JobId: waits, RequestedJobStatus: "Ready", StatusUpdateReason: "seen and good",
	}, headers)
	must(0, err)
	results["confirmed"] = []string{confirmed.Status, confirmed.StatusUpdateReason}
	results["runs"] = []string{reach(runs, "Complete"), reach(waits, "Complete")}
	results["copied"] = must(read(client, "copied/source", nil))
	described, _, err := client.Batch.DescribeJob(ctx, runs, headers)
	must(0, err)
	progress := described.Job.ProgressSummary
	results["described"] = []any{
		described.Job.Description, described.Job.Priority, progress.NumberOfTasksSucceeded,
	}

	low := must(create("token-3", "true"))
	changed, _, err := client.Batch.UpdateJobPriority(ctx, &cos.BatchUpdatePriorityOptions{
		JobId: low, Priority: 3,
	}, headers)
	must(0, err)
	results["priority"] = changed.Priority
	cancelled, _, err := client.Batch.UpdateJobStatus(ctx, &cos.BatchUpdateStatusOptions{
		JobId: low, RequestedJobStatus: "Cancelled",
	}, headers)
	must(0, err)
	results["cancelled"] = []string{cancelled.Status, reach(low, "Cancelled")}

	jobs := func(opt *cos.BatchListJobsOptions) ([]string, string) {
		listed, _, err := client.Batch.ListJobs(ctx, opt, headers)
		must(0, err)
		ids := []string{}
		for _, one := range listed.Jobs.Members {
			ids = append(ids, one.JobId)
		}
		return ids, listed.NextToken
	}
	complete, _ := jobs(&cos.BatchListJobsOptions{JobStatuses: "Complete"})
	first, next := jobs(&cos.BatchListJobsOptions{MaxResults: 2})
	second, _ := jobs(&cos.BatchListJobsOptions{MaxResults: 2, NextToken: next})
	results["jobs"] = []any{len(complete), len(first), len(second)}

	_, err = client.Batch.DeleteJob(ctx, low, headers)
	results["deleteJob"] = refusal(err)
	_, _, err = client.Batch.DescribeJob(ctx, "none", headers)
	results["noJob"] = refusal(err)
}
