variable "repository" {
  description = "The repository on GitHub, as OWNER/NAME."
  type        = string
  nullable    = false

  validation {
    condition     = can(regex("^[A-Za-z0-9-]+/[A-Za-z0-9._-]+$", var.repository))
    error_message = "repository must be OWNER/NAME."
  }
}

variable "secret_arn" {
  description = "ARN of the secret of the user: the module's output `user_secret_arns`."
  type        = string
  nullable    = false
}

variable "kms_key_arn" {
  description = "ARN of the key that encrypts the secret: the module's output `kms_key_arn`."
  type        = string
  nullable    = false
}
