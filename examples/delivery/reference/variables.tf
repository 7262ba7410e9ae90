variable "name" {
  description = "Name of the role and the task."
  type        = string
  default     = "build-agent-by-reference"
}

variable "secret_arn" {
  description = "ARN of the user's secret: `user_secret_arns[\"<user>\"]` of the rotation module."
  type        = string

  validation {
    condition     = can(regex(":secret:[A-Za-z0-9/_.-]+-[A-Za-z0-9]{6}$", var.secret_arn))
    error_message = "secret_arn must be the whole ARN of a secret. Parameter Store takes names of letters, digits and /_.- only: for a user whose name has one of +=,@ use another recipe."
  }
}

variable "kms_key_arn" {
  description = "ARN of the key that encrypts the secret: `kms_key_arn` of the rotation module."
  type        = string
}

variable "image" {
  description = "Container image of the task, with `sh`."
  type        = string
}

variable "program" {
  description = "Command line of the program in the container."
  type        = string
}
