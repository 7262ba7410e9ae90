variable "name" {
  description = "Name of this delivery: of the function, the role, the rules and the queue."
  type        = string
  default     = "build-agent-to-gitlab"
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

variable "gitlab_url" {
  description = "Address of GitLab."
  type        = string
  default     = "https://gitlab.com"

  validation {
    condition     = can(regex("^(https://[A-Za-z0-9.-]+|http://127[.]0[.]0[.]1)(:[0-9]+)?(/[A-Za-z0-9._/-]*)?$", var.gitlab_url))
    error_message = "gitlab_url must be an https address, such as https://gitlab.example.com: token and key go there. (http only to 127.0.0.1, for a test.)"
  }
}

variable "gitlab_project" {
  description = "Project in GitLab: its number, or its path such as `platform/shop`."
  type        = string

  validation {
    condition     = can(regex("^[A-Za-z0-9_.-]+(/[A-Za-z0-9_.-]+)*$", var.gitlab_project))
    error_message = "gitlab_project must be the number of a project or its path, such as platform/shop, without a slash at either end."
  }
}

variable "token_secret_arn" {
  description = "ARN of a secret of yours that holds a token for GitLab and nothing else: a project access token with the scope `api` and the role Maintainer."
  type        = string

  validation {
    condition     = can(regex("^arn:aws[a-z-]*:secretsmanager:[a-z0-9-]+:[0-9]{12}:secret:[A-Za-z0-9/_+=.@-]+-[A-Za-z0-9]{6}$", var.token_secret_arn)) && var.token_secret_arn != var.secret_arn
    error_message = "token_secret_arn must be the whole ARN of a secret of its own (arn:aws:secretsmanager:<region>:<account>:secret:<name>-AbCdEf)."
  }
}

variable "token_kms_key_arn" {
  description = "ARN of the KMS key that encrypts the token's secret. Null: Secrets Manager's own."
  type        = string
  default     = null
}

variable "variable" {
  description = "Key of the variable that holds the credentials file. `<variable>_MASK` is written as well."
  type        = string
  default     = "AWS_SHARED_CREDENTIALS_FILE" # which the AWS CLI and SDKs look for

  validation {
    condition     = can(regex("^[A-Za-z0-9_]{1,250}$", var.variable))
    error_message = "variable must have 1 to 250 letters, digits and _, as GitLab asks for."
  }
}

variable "environment_scope" {
  description = "Environments whose jobs get the variable, such as `production`; `*` for all jobs."
  type        = string
  default     = "*"
}

variable "protected" {
  description = "Whether only jobs of protected branches and tags get the variable."
  type        = bool
  default     = true
}
