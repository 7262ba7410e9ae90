variable "name" {
  description = "Name of this acceptance test, such as akr-accept-1a2b3c4d. Everything that it makes begins with it."
  type        = string
  nullable    = false

  validation {
    condition     = can(regex("^akr-accept-[0-9a-f]{8}$", var.name))
    error_message = "name must be akr-accept- and 8 hexadecimal digits: the removal finds by it what it may delete."
  }
}

variable "architecture" {
  description = "Processor of the function: arm64 or x86_64."
  type        = string
  default     = "arm64"
  nullable    = false
}
