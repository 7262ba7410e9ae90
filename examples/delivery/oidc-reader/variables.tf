variable "name" {
  description = "Name of the role."
  type        = string
  nullable    = false
}

variable "oidc_provider_arn" {
  description = "ARN of the OpenID Connect provider in this account whose tokens the role takes."
  type        = string
  nullable    = false

  validation {
    condition     = can(regex("^arn:[a-z0-9-]+:iam::[0-9]{12}:oidc-provider/.+$", var.oidc_provider_arn))
    error_message = "oidc_provider_arn must be the ARN of an OpenID Connect provider, such as arn:aws:iam::123456789012:oidc-provider/token.actions.githubusercontent.com."
  }
}

variable "subject" {
  description = "The one subject (claim `sub`) that may assume the role, without wildcards."
  type        = string
  nullable    = false

  validation {
    condition     = can(regex("^[^*?]+$", var.subject))
    error_message = "subject must be one subject, without * and ?: whoever has such a token can read the key."
  }
}

variable "secret_arn" {
  description = "ARN of the secret of the user: the module's output `user_secret_arns` has it, and every mail."
  type        = string
  nullable    = false

  validation {
    condition     = can(regex("^arn:[a-z0-9-]+:secretsmanager:[a-z0-9-]+:[0-9]{12}:secret:[^*?]+-[A-Za-z0-9]{6}$", var.secret_arn))
    error_message = "secret_arn must be the whole ARN of one secret, with the six characters at its end."
  }
}

variable "kms_key_arn" {
  description = "ARN of the key that encrypts the secret: the module's output `kms_key_arn`."
  type        = string
  nullable    = false
}

variable "tags" {
  description = "Tags for the role."
  type        = map(string)
  default     = {}
  nullable    = false
}
