variable "name" {
  type        = string
  default     = "waybill"
  description = "What the functions are called, before -events and -http."
}

variable "region" {
  type        = string
  description = "Of the functions and the bucket, such as ap-southeast-1."
}

variable "image" {
  type        = string
  description = "The image in SWR: swr.<region>.myhuaweicloud.com/<organisation>/waybill:<tag>."
}

variable "agency" {
  type        = string
  description = "An agency that lets FunctionGraph read the image (SWR Admin) and use the VPC (VPC Administrator)."
}

variable "bucket" {
  type        = string
  description = "For manifests and reports."
}

variable "obs_triggers" {
  type        = bool
  default     = true
  description = "Whether the region has OBS triggers for functions."
}

variable "smn_topics" {
  type        = list(string)
  default     = []
  description = "URNs of topics that tell of OMS tasks."
}

variable "apig_instance_id" {
  type        = string
  description = "Of a dedicated APIG."
}

variable "apig_group_id" {
  type        = string
  description = "A group of that APIG."
}

variable "vpc_id" {
  type        = string
  description = "Of the database. The subnet needs a NAT gateway for other clouds."
}

variable "network_id" {
  type        = string
  description = "Subnet of the database."
}

variable "nightly_cron" {
  type        = string
  default     = "0 0 2 * * ?"
  description = "When the nightly retry starts: seconds first."
}

variable "settings" {
  type        = map(string)
  default     = {}
  description = "Variables of docs/configuration.md that anybody may read. At most 4,096 characters in all."
}

variable "secrets" {
  type        = map(string)
  sensitive   = true
  description = "Variables of docs/configuration.md that are secret: keys, ledger, queue, tokens."
}
