# Waybill on Huawei FunctionGraph (docs/functiongraph.md): one image as an event function and as an HTTP function.

terraform {
  required_version = ">= 1.3"
  required_providers {
    huaweicloud = {
      source  = "huaweicloud/huaweicloud"
      version = ">= 1.74.0"
    }
  }
}

provider "huaweicloud" {
  region = var.region
}

locals {
  timeout_seconds = 900
  settings = merge({
    PORT                  = "8000"
    WAYBILL_DATA          = "/tmp/waybill"
    WAYBILL_EVENT_SECONDS = tostring(local.timeout_seconds)
    WAYBILL_OBJECTS       = "s3:${var.bucket}"
    WAYBILL_S3_ENDPOINT   = "https://{bucket}.obs.{region}.myhuaweicloud.com"
    WAYBILL_S3_REGION     = var.region
  }, var.settings)

  # What uploads start, and what time starts.
  prefixes = ["cos-batch/", "cos-fetch/", "inventories/", "oms-lists/", "oms/"]
  timers = {
    minute  = { type = "Rate", schedule = "1m", schedules = "queue,lists,migrations,audits,copies,creations" }
    minutes = { type = "Rate", schedule = "5m", schedules = "sweep,nightly-continue" }
    night   = { type = "Cron", schedule = var.nightly_cron, schedules = "nightly" }
  }
}

resource "huaweicloud_fgs_function" "events" {
  name                  = "${var.name}-events"
  description           = "Waybill: uploads, timers, messages and the queue"
  app                   = "default"
  functiongraph_version = "v2"
  runtime               = "Custom Image"
  code_type             = "Custom-Image-Swr"
  handler               = "-"
  memory_size           = 512
  timeout               = local.timeout_seconds
  max_instance_num      = "20"
  agency                = var.agency
  vpc_id                = var.vpc_id
  network_id            = var.network_id
  user_data             = jsonencode(merge(local.settings, { WAYBILL_ROLE = "events" }))
  encrypted_user_data   = jsonencode(var.secrets)

  custom_image {
    url = var.image
  }
}

resource "huaweicloud_fgs_async_invoke_configuration" "events" {
  function_urn                   = huaweicloud_fgs_function.events.urn
  max_async_retry_attempts       = 3
  max_async_event_age_in_seconds = 3600
}

# OBS triggers exist in some regions only: without them, start manifests through the API.
resource "huaweicloud_fgs_function_trigger" "uploads" {
  for_each     = var.obs_triggers ? toset(local.prefixes) : toset([])
  function_urn = huaweicloud_fgs_function.events.urn
  type         = "OBS"
  event_data = jsonencode({
    bucket = var.bucket
    events = ["s3:ObjectCreated:*"]
    name   = "${var.name}-${trimsuffix(each.value, "/")}"
    prefix = each.value
  })
}

resource "huaweicloud_fgs_function_trigger" "timers" {
  for_each     = local.timers
  function_urn = huaweicloud_fgs_function.events.urn
  type         = "TIMER"
  event_data = jsonencode({
    name          = each.key
    schedule_type = each.value.type
    schedule      = each.value.schedule
    user_event    = each.value.schedules
  })
}

# Name the topic in WAYBILL_SMN_TOPICS too.
resource "huaweicloud_fgs_function_trigger" "messages" {
  for_each     = toset(var.smn_topics)
  function_urn = huaweicloud_fgs_function.events.urn
  type         = "SMN"
  event_data   = jsonencode({ topic_urn = each.value })
}

resource "huaweicloud_fgs_function" "http" {
  name                  = "${var.name}-http"
  description           = "Waybill: API, dashboard and callbacks"
  app                   = "default"
  functiongraph_version = "v2"
  runtime               = "http"
  code_type             = "Custom-Image-Swr"
  handler               = "-"
  memory_size           = 512
  timeout               = 60
  concurrency_num       = 50
  agency                = var.agency
  vpc_id                = var.vpc_id
  network_id            = var.network_id
  user_data             = jsonencode(merge(local.settings, { WAYBILL_ROLE = "api" }))
  encrypted_user_data   = jsonencode(var.secrets)

  custom_image {
    url = var.image
  }
}

# A dedicated APIG. Callbacks and API tokens prove themselves, so the gateway asks for nothing.
resource "huaweicloud_fgs_function_trigger" "gateway" {
  function_urn = huaweicloud_fgs_function.http.urn
  type         = "DEDICATEDGATEWAY"
  event_data = jsonencode({
    name         = var.name
    instance_id  = var.apig_instance_id
    group_id     = var.apig_group_id
    sl_domain    = "${var.apig_group_id}.apic.${var.region}.huaweicloudapis.com"
    env_id       = "DEFAULT_ENVIRONMENT_RELEASE_ID"
    env_name     = "RELEASE"
    type         = 1
    backend_type = "FUNCTION"
    auth         = "NONE"
    protocol     = "HTTPS"
    req_method   = "ANY"
    match_mode   = "SWA"
    path         = "/"
    func_info    = { timeout = 60000 }
  })
}
