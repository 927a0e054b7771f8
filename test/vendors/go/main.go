// Takes the steps of cos.test.ts and batch.test.ts with cos-go-sdk-v5; input and output are JSON.
package main

import (
	"context"
	"encoding/json"
	"errors"
	"io"
	"net/http"
	"net/url"
	"os"
	"strings"
	"time"

	"github.com/tencentyun/cos-go-sdk-v5"
)

type given struct {
	SecretID     string `json:"secretId"`
	SecretKey    string `json:"secretKey"`
	ObjectsURL   string `json:"objectsUrl"`
	MigrationURL string `json:"migrationUrl"`
	BatchURL     string `json:"batchUrl"`
	SourceURL    string `json:"sourceUrl"`
	StepURL      string `json:"stepUrl"`
	Bucket       string `json:"bucket"`
	Region       string `json:"region"`
	Key          string `json:"key"`
	Content      string `json:"content"`
	Uin          string `json:"uin"`
	AppID        int    `json:"appId"`
}

var ctx = context.Background()

func must[Value any](value Value, err error) Value {
	if err != nil {
		panic(err)
	}
	return value
}

// connect makes a client for the real addresses; a proxy per API leads to the simulator.
func connect(in given, secretKey string) *cos.Client {
	at := func(address string) *url.URL { return must(url.Parse(address)) }
	proxy := func(request *http.Request) (*url.URL, error) {
		switch host := request.URL.Hostname(); {
		case strings.Contains(host, ".migration."):
			return at(in.MigrationURL), nil
		case strings.Contains(host, ".cos-control."):
			return at(in.BatchURL), nil
		default:
			return at(in.ObjectsURL), nil
		}
	}
	base := &cos.BaseURL{
		BucketURL: must(cos.NewBucketURL(in.Bucket, in.Region, false)),
		BatchURL:  at("http://" + in.Uin + ".cos-control." + in.Region + ".myqcloud.com"),
		FetchURL:  at("http://" + in.Region + ".migration.myqcloud.com"),
	}
	return cos.NewClient(base, &http.Client{Transport: &cos.AuthorizationTransport{
		SecretID:  in.SecretID,
		SecretKey: secretKey,
		Transport: &http.Transport{Proxy: proxy},
	}})
}

// refusal tells the status and code of a call that must fail.
func refusal(err error) any {
	var failed *cos.ErrorResponse
	if errors.As(err, &failed) {
		return []any{failed.Response.StatusCode, failed.Code}
	}
	if err != nil {
		return err.Error()
	}
	return "no error"
}

func main() {
	var in given
	must(0, json.NewDecoder(os.Stdin).Decode(&in))
	results := map[string]any{}
	client := connect(in, in.SecretKey)
	objects(in, client, results)
	fetch(in, client, results)
	batch(in, client, results)
	must(0, json.NewEncoder(os.Stdout).Encode(results))
}

func read(client *cos.Client, key string, opt *cos.ObjectGetOptions) (string, error) {
	answer, err := client.Object.Get(ctx, key, opt)
	if err != nil {
		return "", err
	}
	defer answer.Body.Close()
	body, err := io.ReadAll(answer.Body)
	return string(body), err
}

func page(client *cos.Client, query cos.BucketGetOptions) map[string]any {
	answer, _, err := client.Bucket.Get(ctx, &query)
	must(0, err)
	keys := []string{}
	for _, one := range answer.Contents {
		keys = append(keys, one.Key)
	}
	folders := append([]string{}, answer.CommonPrefixes...)
	return map[string]any{
		"keys": keys, "folders": folders, "next": answer.NextMarker, "encoding": answer.EncodingType,
	}
}

func objects(in given, client *cos.Client, results map[string]any) {
	// The client compares the checksum of what it sent with the one that the answer tells.
	meta := http.Header{"x-cos-meta-origin": {"vendor"}}
	put := must(client.Object.Put(ctx, in.Key, strings.NewReader(in.Content), &cos.ObjectPutOptions{
		ObjectPutHeaderOptions: &cos.ObjectPutHeaderOptions{ContentType: "text/plain", XCosMetaXXX: &meta},
	}))
	etag := put.Header.Get("ETag")
	results["put"] = map[string]any{"etag": etag}
	head := must(client.Object.Head(ctx, in.Key, nil)).Header
	results["head"] = map[string]any{
		"length": head.Get("Content-Length"),
		"type":   head.Get("Content-Type"),
		"meta":   head.Get("x-cos-meta-origin"),
		"crc64":  head.Get("x-cos-hash-crc64ecma"),
	}
	results["get"] = must(read(client, in.Key, nil))
	results["part"] = must(read(client, in.Key, &cos.ObjectGetOptions{Range: "bytes=1-2"}))
	with := func(name, value string) *cos.ObjectGetOptions {
		return &cos.ObjectGetOptions{XOptionHeader: &http.Header{name: {value}}}
	}
	_, err := read(client, in.Key, with("If-Match", `"none"`))
	results["ifMatch"] = refusal(err)
	_, err = read(client, in.Key, with("If-None-Match", etag))
	results["ifNoneMatch"] = refusal(err)
	results["headBucket"] = must(client.Bucket.Head(ctx)).StatusCode

	for _, name := range []string{"a", "b/1", "b/2", "c"} {
		must(client.Object.Put(ctx, "list/"+name, strings.NewReader(""), nil))
	}
	list := cos.BucketGetOptions{Prefix: "list/", Delimiter: "/"}
	results["list"] = page(client, list)
	list.MaxKeys = 2
	first := page(client, list)
	results["first"] = first
	list.Marker = first["next"].(string)
	results["second"] = page(client, list)
	results["blank"] = page(client, cos.BucketGetOptions{Prefix: in.Key[:3], EncodingType: "url"})

	presign := func(method, key string, query url.Values, isMerged bool) string {
		opt := &cos.PresignedURLOptions{Query: &query, Header: &http.Header{}, SignMerged: isMerged}
		return must(client.Object.GetPresignedURL2(ctx, method, key, time.Minute, opt)).String()
	}
	asText := url.Values{"response-content-type": {"text/x"}}
	results["presigned"] = presign(http.MethodGet, in.Key, asText, false)
	results["presignedMerged"] = presign(http.MethodGet, in.Key, asText, true)
	results["presignedPut"] = presign(http.MethodPut, "presigned", url.Values{}, false)

	_, err = client.Object.Head(ctx, "missing", nil)
	results["missing"] = refusal(err)
	_, err = read(connect(in, "wrong"), in.Key, nil)
	results["wrongKey"] = refusal(err)
	_, _, err = client.Object.Copy(ctx, "copy", in.Bucket+".cos."+in.Region+".myqcloud.com/list/a", nil)
	results["copy"] = refusal(err)
	_, err = client.Object.PutTagging(ctx, in.Key, &cos.ObjectPutTaggingOptions{
		TagSet: []cos.ObjectTaggingTag{{Key: "a", Value: "b"}},
	})
	results["tagging"] = refusal(err)
	results["afterTagging"] = must(read(client, in.Key, nil))
	results["delete"] = must(client.Object.Delete(ctx, "list/a")).StatusCode
	_, err = client.Object.Head(ctx, "list/a", nil)
	results["afterDelete"] = refusal(err)
}

func fetch(in given, client *cos.Client, results map[string]any) {
	task := &cos.PutFetchTaskOptions{Url: in.SourceURL, Key: "fetched", OnKeyExist: "ignore"}
	created, _, err := client.Object.PutFetchTask(ctx, in.Bucket, task)
	must(0, err)
	progress, _, err := client.Object.GetFetchTask(ctx, in.Bucket, created.Data.TaskId)
	must(0, err)
	_, unknown, _ := client.Object.GetFetchTask(ctx, in.Bucket, "none")
	results["fetch"] = map[string]any{
		"created":  created.Code,
		"progress": []any{progress.Code, progress.Data.Status},
		"unknown":  unknown.StatusCode,
	}
}
