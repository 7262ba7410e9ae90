# One root for many accounts: a workspace per account. scripts/accounts goes through all of them, the central one first.
# docs/operations.md, "Many accounts", says how; workflow.yml does it on GitHub.

locals {
  # var.accounts with its defaults. The module checks the users.
  accounts = {
    for name, account in var.accounts : name => {
      id               = tostring(account.id)
      dry_run          = coalesce(lookup(account, "dry_run", null), false)
      max_key_age_days = coalesce(lookup(account, "max_key_age_days", null), 81)
      operator_emails  = lookup(account, "operator_emails", null) == null ? var.operator_emails : toset(account.operator_emails)
      users            = lookup(account, "users", null)
    }
  }

  account    = local.accounts[terraform.workspace]
  is_central = terraform.workspace == var.central_account
  central_id = local.accounts[var.central_account].id
  all_ids    = sort([for account in local.accounts : account.id])

  # By name rather than by attribute: they are in the state of another workspace.
  central_bus_arn   = "arn:${data.aws_partition.current.partition}:events:${var.region}:${local.central_id}:event-bus/${var.name}"
  central_topic_arn = "arn:${data.aws_partition.current.partition}:sns:${var.region}:${local.central_id}:${var.name}-central"
}

data "aws_partition" "current" {}

provider "aws" {
  region              = var.region
  allowed_account_ids = [local.account.id] # a role of the wrong account stops the plan

  assume_role {
    role_arn     = "arn:aws:iam::${local.account.id}:role/${var.role_name}"
    session_name = "access-key-rotation"
  }
}

module "key_rotation" {
  source = "../.." # in your repo: "git::https://<host>/<path to this repo>.git//?ref=v0.1.0"

  name             = var.name
  dry_run          = local.account.dry_run
  max_key_age_days = local.account.max_key_age_days
  operator_emails  = local.account.operator_emails
  users            = local.account.users

  # Every account sends its events and its alarms to the central one. Bus and topic need not exist when function and alarms
  # are made: the first run uses the one, the first alarm the other. So there is no depends_on here. It would defer the module's
  # data sources: an added account would then replace a live permission in the central account, and hide what else changes.
  event_bus_arn = local.central_bus_arn
  monitoring    = { alarm_action_arns = [local.central_topic_arn] }
}
