variable "name" {
  description = "Name of the installation."
  type        = string
  default     = "access-key-rotation"
}

variable "tags" {
  description = "Tags for everything that is made here."
  type        = map(string)
  default     = { example = "complete" }
}

variable "schedule_expression" {
  description = "When the function runs."
  type        = string
  default     = "rate(1 day)"
}

variable "schedule_enabled" {
  description = "Whether the schedule starts the function."
  type        = bool
  default     = true
}

variable "dry_run" {
  description = "Whether runs only report what they would do."
  type        = bool
  default     = false
}

variable "hold_while_used_days" {
  description = "If an old key was used within this many days, it stays active. 0 means that use never holds a key."
  type        = number
  default     = 0
}

variable "user_name_prefix" {
  description = "Beginning of the names of the example's IAM users, if the bare names are in use."
  type        = string
  default     = ""
}

variable "email_domain" {
  description = "Domain of the example's users' e-mail addresses."
  type        = string
  default     = "example.com"
}

variable "operator_emails" {
  description = "Addresses of the operators; one of them is also the address of the user build-agent."
  type        = set(string)
  default     = ["platform-team@example.com", "security@example.com"]
}

variable "secret_name_prefix" {
  description = "Beginning of the names of the secrets. Destroyed secrets keep their names for 30 days; to apply again sooner, `key-rotation adopt` takes them back."
  type        = string
  default     = "iam-access-key/"
}

variable "secret_reader_arns" {
  description = "Roles and users that may read every secret. If set, the old key of a service is disabled at once: the readers can fetch the new one."
  type        = set(string)
  default     = []
}

variable "own_kms_key" {
  description = "Whether to use a KMS key of your own instead of the module's."
  type        = bool
  default     = false
}

variable "permissions_boundary_arn" {
  description = "Permissions boundary of the function's role."
  type        = string
  default     = null
}

variable "role_path" {
  description = "IAM path of the function's role."
  type        = string
  default     = "/"
}

variable "vpc" {
  description = "Subnets and security groups to run the function in."
  type = object({
    subnet_ids         = set(string)
    security_group_ids = set(string)
  })
  default = null
}

variable "architecture" {
  description = "Processor of the function."
  type        = string
  default     = "arm64"
}

variable "slack_channel" {
  description = "Slack workspace and channel that show the messages and alarms; null for none. The workspace must be connected to the account first."
  type        = object({ team_id = string, channel_id = string })
  default     = null
}

variable "rotate_exposed_keys" {
  description = "Whether a key that AWS finds in public is replaced and disabled at once. AWS sends the events to us-east-1."
  type        = bool
  default     = true
}

variable "suppress_security_hub_findings" {
  description = "Whether Security Hub CSPM suppresses SecretsManager.1, .3 and .4 for the secrets of this installation. Security Hub must be on."
  type        = bool
  default     = false
}
