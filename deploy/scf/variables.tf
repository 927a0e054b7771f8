variable "name" {
  type        = string
  default     = "waybill"
  description = "What the functions are called, before -events and -http."
}

variable "region" {
  type        = string
  description = "Of the functions and the bucket, such as ap-guangzhou."
}

variable "image" {
  type        = string
  description = "The image in TCR, with its digest: <host>/<namespace>/waybill:<tag>@sha256:<digest>."
}

variable "registry_id" {
  type        = string
  default     = ""
  description = "Of a TCR enterprise instance; empty for a personal one."
}

variable "bucket" {
  type        = string
  description = "For manifests and reports, such as waybill-manifests-1250000000."
}

variable "vpc_id" {
  type        = string
  description = "Of the database. The subnet needs a NAT gateway for COS fetch and other clouds."
}

variable "subnet_id" {
  type        = string
  description = "Of the database."
}

variable "nightly_cron" {
  type        = string
  default     = "0 0 18 * * * *"
  description = "When the nightly retry starts: seconds first, in the time zone of the function."
}

variable "settings" {
  type        = map(string)
  sensitive   = true
  description = "Variables of docs/configuration.md: keys, ledger, queue, tokens, public URL. At most 4 KB in all."
}
