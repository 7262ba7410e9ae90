variable "oidc_provider_arn" {
  description = "ARN of the cluster's OpenID Connect provider in IAM."
  type        = string
  nullable    = false
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
