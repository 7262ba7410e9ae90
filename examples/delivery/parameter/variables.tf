variable "name" {
  description = "Name of this delivery: of the function, the roles, the rules, the queue and the task."
  type        = string
  default     = "build-agent-to-parameter"
}

variable "user_name" {
  description = "IAM user whose key is delivered."
  type        = string
}

variable "secret_arn" {
  description = "ARN of the user's secret: `user_secret_arns[\"<user>\"]` of the rotation module."
  type        = string
}

variable "kms_key_arn" {
  description = "ARN of the key that encrypts the secret: `kms_key_arn` of the rotation module."
  type        = string
}

variable "installation" {
  description = "`name` of the rotation module."
  type        = string
  default     = "access-key-rotation"
}

variable "alarm_topic_arns" {
  description = "SNS topics that get the alarms of this delivery."
  type        = set(string)
  default     = []
}

variable "parameter_name" {
  description = "Name of the parameter that the function writes."
  type        = string

  validation {
    condition     = can(regex("^(/[A-Za-z0-9_.-]+){1,15}$", var.parameter_name)) && !can(regex("^/(?i:aws|ssm)", var.parameter_name))
    error_message = "parameter_name must begin with a slash, such as /build-agent/credentials, and not with /aws or /ssm, which are reserved."
  }
}

variable "parameter_kms_key_arn" {
  description = "ARN of a KMS key of yours that encrypts the parameter. Not the rotation's, which works through Secrets Manager only; nor `aws/ssm`, which everybody in the account may decrypt with."
  type        = string

  validation {
    condition     = can(regex("^arn:aws[a-z-]*:kms:[a-z0-9-]+:[0-9]{12}:key/[A-Za-z0-9-]+$", var.parameter_kms_key_arn))
    error_message = "parameter_kms_key_arn must be the ARN of a KMS key (arn:aws:kms:<region>:<account>:key/<id>), not of an alias."
  }

  validation {
    condition     = var.parameter_kms_key_arn != var.kms_key_arn
    error_message = "parameter_kms_key_arn must not be the rotation's own key: its policy admits Secrets Manager and SNS only."
  }
}

variable "image" {
  description = "Container image of the task, with `sh`."
  type        = string
}

variable "program" {
  description = "Command line of the program in the container."
  type        = string
}
