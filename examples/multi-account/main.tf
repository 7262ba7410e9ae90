# One root for many accounts: a workspace per account. `make accounts-plan` and `make accounts-apply` go through all of them,
# the central one first.

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

  # Every account sends its events and its alarms to the central one.
  event_bus_arn = local.central_bus_arn
  monitoring    = { alarm_action_arns = [local.central_topic_arn] }

  # In the central account the same apply makes them.
  depends_on = [aws_cloudwatch_event_bus_policy.central, aws_sns_topic_policy.central]
}
