# The accounts, and who is told, are in accounts.auto.tfvars.json: one map, which Terraform and scripts/accounts.py both read. Each
# account has a workspace of the same name, and so a state of its own.

variable "accounts" {
  description = "The accounts by the name of their workspace: the id, and what differs from the defaults there. Without `operator_emails` an account has those of all; `users` is the module's."
  type = map(object({
    id               = string
    dry_run          = optional(bool, false)
    max_key_age_days = optional(number, 82)
    operator_emails  = optional(set(string))
    users            = optional(map(object({ email = optional(string) })), {})
  }))
  nullable = false

  validation {
    condition     = alltrue([for account in values(var.accounts) : can(regex("^[0-9]{12}$", account.id))])
    error_message = "accounts: an id must be the 12 digits of an AWS account."
  }

  validation {
    condition     = length(distinct([for account in values(var.accounts) : account.id])) == length(var.accounts)
    error_message = "accounts: two entries have the same id; each account has one workspace."
  }

  validation {
    condition     = contains(keys(var.accounts), terraform.workspace)
    error_message = "accounts: there is no account of the name of this workspace. Select one with TF_WORKSPACE, or run scripts/accounts.py, which does."
  }
}

# A key is rotated only if somebody is told: without an operator that is nobody, for most users.
variable "operator_emails" {
  description = "Addresses of the operators of every account that has none of its own: they get the digests and alarms of each of these accounts. Each must confirm its subscriptions in each account."
  type        = set(string)
  nullable    = false

  validation {
    condition     = alltrue([for account in values(var.accounts) : length(account.operator_emails == null ? var.operator_emails : account.operator_emails) > 0])
    error_message = "operator_emails: every account needs an operator's address, in operator_emails or in its entry of accounts. Without one, keys of users who are not told themselves are never rotated."
  }
}

variable "central_account" {
  description = "The account, by its name, that has the bus and the topic which all others send to."
  type        = string
  nullable    = false

  validation {
    condition     = contains(keys(var.accounts), var.central_account)
    error_message = "central_account must be one of accounts."
  }
}

variable "role_name" {
  description = "Role that Terraform takes on in each account. It must exist there and trust whoever runs Terraform."
  type        = string
  default     = "terraform"
}

variable "region" {
  description = "Region of the installations; bus, topic and alarms must be in the same one."
  type        = string
  default     = "eu-west-1"
}

variable "name" {
  description = "Name of the installations, the same in every account."
  type        = string
  default     = "access-key-rotation"
}

variable "central_emails" {
  description = "Addresses that get the alarms, and are told of blocked users, of all accounts."
  type        = set(string)
  nullable    = false
}
