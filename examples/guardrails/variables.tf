# What identifies the installations. One policy serves all accounts whose installations agree in these.

variable "name" {
  description = "The module's `name`."
  type        = string
  default     = "access-key-rotation"
  nullable    = false
}

variable "secret_name_prefix" {
  description = "The module's `secret_name_prefix`."
  type        = string
  default     = "iam-access-key/"
  nullable    = false
}

variable "user_tag" {
  description = "The module's `user_tag`."
  type        = object({ key = string, value = string })
  default     = { key = "access-key-rotation", value = "enabled" }
  nullable    = false
}

variable "role_path" {
  description = "The module's `function.role_path`."
  type        = string
  default     = "/"
  nullable    = false
}

variable "event_bus_arn" {
  description = "The module's `event_bus_arn`. Null is the default bus of the account."
  type        = string
  default     = null
}

variable "vpc" {
  description = "Whether the module has a `function.vpc`."
  type        = bool
  default     = false
  nullable    = false
}

variable "kms_key_arns" {
  description = "ARNs of the keys that encrypt the secrets: the module's output `kms_key_arn` of each account. If empty, the key with the alias of the module's `name`; required for keys of your own (`kms_key`)."
  type        = set(string)
  default     = []
  nullable    = false
}

variable "reader_role_arns" {
  description = "ARNs of the roles in the module's `secret_reader_arns`, and in the `reader_arns` of `users`. Whoever could change or pass one could read every key: only `terraform_role_arns` can. A reader that is an IAM user is not guarded, unless it is managed."
  type        = set(string)
  default     = []
  nullable    = false
}

variable "terraform_role_arns" {
  description = "ARNs of the roles that apply the module, such as `arn:aws:iam::*:role/terraform` for all accounts. Nobody else changes the installation, or these roles."
  type        = set(string)
  nullable    = false

  validation {
    condition     = length(var.terraform_role_arns) > 0 && alltrue([for arn in var.terraform_role_arns : can(regex("^arn:aws[a-z-]*:iam::([0-9]{12}|\\*):role/[A-Za-z0-9_+=,.@/*-]*[A-Za-z0-9_+=,.@-][A-Za-z0-9_+=,.@/*-]*$", arn))])
    error_message = "terraform_role_arns must have at least one ARN of a role, such as arn:aws:iam::123456789012:role/terraform. Wildcards are allowed in the account and in parts of the name."
  }
}

variable "operator_role_arns" {
  description = "ARNs of the roles of the people on call: they may run `key-rotation restore`, handle dead letters (those in the module's `dead_letter_operator_arns`, too) and blocked users, stop the schedule, and tag, rename and create keys for managed users."
  type        = set(string)
  nullable    = false

  validation {
    condition     = length(var.operator_role_arns) > 0 && alltrue([for arn in var.operator_role_arns : can(regex("^arn:aws[a-z-]*:iam::([0-9]{12}|\\*):role/[A-Za-z0-9_+=,.@/*-]*[A-Za-z0-9_+=,.@-][A-Za-z0-9_+=,.@/*-]*$", arn))])
    error_message = "operator_role_arns must have at least one ARN of a role, such as arn:aws:iam::*:role/aws-reserved/sso.amazonaws.com/*/AWSReservedSSO_KeyOperators_*. Wildcards are allowed in the account and in parts of the name."
  }
}
