# The accounts and the addresses are in accounts.auto.tfvars.json: one map, which Terraform, scripts/accounts and
# `key-rotation status --accounts` all read. A new variable or field needs a line in cli/key_rotation_cli/accounts/map.py.
# Each account has a workspace of the same name, and so a state of its own.

locals {
  account_fields = ["dry_run", "id", "max_key_age_days", "operator_emails", "users"]
}

# Of any type, since Terraform drops unknown fields of an object type in silence. main.tf has the defaults.
variable "accounts" {
  description = "The accounts by the name of their workspace. `id` is required; `dry_run` (false), `max_key_age_days` (81), `operator_emails` (those of all accounts) and `users` ({}) are the module's variables."
  type        = any
  nullable    = false

  validation {
    condition     = can(keys(var.accounts))
    error_message = "accounts must be a map from names to objects, such as { shop = { id = \"444455556666\" } }."
  }

  validation {
    condition     = length(try([for name, account in var.accounts : name if can(keys(var.accounts)) && !can(keys(account))], [])) == 0
    error_message = "accounts: an entry must be an object such as { id = \"444455556666\" }. This is none: ${try(join(", ", [for name, account in var.accounts : name if can(keys(var.accounts)) && !can(keys(account))]), "")}."
  }

  validation {
    condition     = length(try(flatten([for name, account in var.accounts : setsubtract(try(keys(account), []), local.account_fields)]), [])) == 0
    error_message = "accounts: there is no field ${try(join(", ", flatten([for name, account in var.accounts : [for field in setsubtract(try(keys(account), []), local.account_fields) : "${field} (of ${name})"]])), "")}. An entry has: ${join(", ", local.account_fields)}."
  }

  validation {
    condition     = alltrue(try([for account in var.accounts : can(regex("^[0-9]{12}$", account.id))], []))
    error_message = "accounts: an id must be the 12 digits of an AWS account, as a string. Look at: ${try(join(", ", [for name, account in var.accounts : name if !can(regex("^[0-9]{12}$", account.id))]), "")}."
  }

  validation {
    condition     = length(try(distinct([for account in var.accounts : account.id]), [])) == length(try([for account in var.accounts : account.id], []))
    error_message = "accounts: two entries have the same id; each account has one workspace."
  }

  validation {
    condition     = alltrue(try([for account in var.accounts : can(tobool(try(account.dry_run, null)))], []))
    error_message = "accounts: dry_run must be true or false. Look at: ${try(join(", ", [for name, account in var.accounts : name if !can(tobool(try(account.dry_run, null)))]), "")}."
  }

  validation {
    condition     = alltrue(try([for account in var.accounts : can(tonumber(try(account.max_key_age_days, null)))], []))
    error_message = "accounts: max_key_age_days must be a number of days. Look at: ${try(join(", ", [for name, account in var.accounts : name if !can(tonumber(try(account.max_key_age_days, null)))]), "")}."
  }

  validation {
    condition     = alltrue(try([for account in var.accounts : can([for email in toset(try(account.operator_emails, null) == null ? [] : account.operator_emails) : regex("@", email)])], []))
    error_message = "accounts: operator_emails must be a list of addresses. Look at: ${try(join(", ", [for name, account in var.accounts : name if !can([for email in toset(try(account.operator_emails, null) == null ? [] : account.operator_emails) : regex("@", email)])]), "")}."
  }

  validation {
    condition     = alltrue(try([for account in var.accounts : try(account.users, null) == null || can(keys(account.users))], []))
    error_message = "accounts: users must be a map, as in the module. Look at: ${try(join(", ", [for name, account in var.accounts : name if !(try(account.users, null) == null || can(keys(account.users)))]), "")}."
  }

  validation {
    condition     = contains(try(keys(var.accounts), [terraform.workspace]), terraform.workspace)
    error_message = "accounts: there is no account of the name of this workspace. Select one with TF_WORKSPACE, or run scripts/accounts, which does."
  }
}

# The module rotates a key only if its owner or an operator has a confirmed subscription.
variable "operator_emails" {
  description = "Addresses of the operators of every account that has none of its own: they get the digests and alarms of these accounts. Each must confirm its subscriptions in each account."
  type        = set(string)
  nullable    = false

  validation {
    condition     = alltrue(try([for account in var.accounts : length(try(account.operator_emails, null) == null ? var.operator_emails : toset(account.operator_emails)) > 0], []))
    error_message = "operator_emails: every account needs an operator's address, in operator_emails or in its entry of accounts. Without one, keys of users without an address are never rotated."
  }
}

variable "central_account" {
  description = "The account, by its name, that has the bus and the topic which all others send to."
  type        = string
  nullable    = false

  validation {
    condition     = contains(try(keys(var.accounts), [var.central_account]), var.central_account)
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
  description = "Addresses that get the alarms of all accounts, and a message about each blocked user."
  type        = set(string)
  nullable    = false
}
