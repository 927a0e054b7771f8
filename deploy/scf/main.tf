# Waybill on Tencent SCF (docs/scf.md): one image as an event function and as an HTTP function.

terraform {
  required_version = ">= 1.3"
  required_providers {
    tencentcloud = {
      source  = "tencentcloudstack/tencentcloud"
      version = ">= 1.82.56"
    }
  }
}

provider "tencentcloud" {
  region = var.region
}

locals {
  timeout_seconds = 900
  settings = merge({
    PORT                  = "9000"
    WAYBILL_DATA          = "/tmp/waybill"
    WAYBILL_EVENT_SECONDS = tostring(local.timeout_seconds)
    WAYBILL_OBJECTS       = "s3:${var.bucket}"
    WAYBILL_S3_ENDPOINT   = "https://{bucket}.cos.{region}.myqcloud.com"
    WAYBILL_S3_REGION     = var.region
  }, var.settings)

  # What uploads start, and what time starts.
  prefixes = ["cos-batch/", "cos-fetch/", "inventories/", "oms-lists/", "oms/"]
  timers = {
    minute  = { cron = "0 * * * * * *", schedules = "queue,lists,migrations,audits,copies,creations" }
    minutes = { cron = "0 */5 * * * * *", schedules = "sweep,nightly-continue" }
    night   = { cron = var.nightly_cron, schedules = "nightly" }
  }
}

resource "tencentcloud_scf_function" "events" {
  name              = "${var.name}-events"
  description       = "Waybill: uploads, timers and the queue"
  func_type         = "Event"
  mem_size          = 512
  timeout           = local.timeout_seconds
  environment       = merge(local.settings, { WAYBILL_ROLE = "events" })
  vpc_id            = var.vpc_id
  subnet_id         = var.subnet_id
  enable_public_net = true

  image_config {
    image_type  = var.registry_id == "" ? "personal" : "enterprise"
    image_uri   = var.image
    registry_id = var.registry_id
    image_port  = 9000
  }

  dynamic "triggers" {
    for_each = toset(local.prefixes)
    content {
      name       = var.bucket
      type       = "cos"
      cos_region = var.region
      trigger_desc = jsonencode({
        event  = "cos:ObjectCreated:*"
        filter = { Prefix = triggers.value, Suffix = "" }
      })
    }
  }
}

resource "tencentcloud_scf_trigger" "timers" {
  for_each        = local.timers
  function_name   = tencentcloud_scf_function.events.name
  trigger_name    = each.key
  type            = "timer"
  trigger_desc    = jsonencode({ cron = each.value.cron })
  custom_argument = each.value.schedules
  enable          = "OPEN"
}

resource "tencentcloud_scf_function" "http" {
  name              = "${var.name}-http"
  description       = "Waybill: API, dashboard and callbacks"
  func_type         = "HTTP"
  mem_size          = 512
  timeout           = 60
  environment       = merge(local.settings, { WAYBILL_ROLE = "api" })
  vpc_id            = var.vpc_id
  subnet_id         = var.subnet_id
  enable_public_net = true

  image_config {
    image_type  = var.registry_id == "" ? "personal" : "enterprise"
    image_uri   = var.image
    registry_id = var.registry_id
    image_port  = 9000
  }
}

# The function URL. Callbacks and API tokens prove themselves, so the platform asks for nothing.
resource "tencentcloud_scf_trigger" "url" {
  function_name = tencentcloud_scf_function.http.name
  trigger_name  = "url"
  type          = "http"
  trigger_desc = jsonencode({
    AuthType  = "NONE"
    NetConfig = { EnableIntranet = true, EnableExtranet = true }
  })
  enable = "OPEN"
}
