# Every feature of the module, with IAM users of several kinds to try it on (users.tf).

module "key_rotation" {
  source = "../.." # in your repo: "git::https://<host>/<path to this repo>.git//?ref=v0.1.0"

  name = var.name
  tags = var.tags

  schedule_expression = var.schedule_expression
  schedule_enabled    = var.schedule_enabled
  dry_run             = var.dry_run

  # Which users, and how old a key may get.
  user_tag              = local.user_tag
  user_path_prefix      = "/"
  never_user_arns       = [] # such as break-glass users
  max_key_age_days      = 90
  warn_before_days      = 7
  max_rotations_per_run = 0
  rotate_exposed_keys   = var.rotate_exposed_keys

  # How many calls a run makes to IAM, and how it finds the users.
  max_iam_writes_per_second = 20
  bulk_discovery            = true

  # The old key: disabled at once if the user can fetch the new one without it, otherwise after a week. Three days before, its
  # owner is reminded, unless they have moved to the new key. Until they move, it can be held; a key in use can be held, too.
  # After 30 days it is disabled in any case, and 30 days later deleted.
  grace_days                     = 0
  min_grace_days_without_console = 7
  remind_before_days             = 3
  hold_until_moved               = true
  hold_while_used_days           = var.hold_while_used_days
  max_overlap_days               = 30
  delete_after_days              = 30
  idle_after_days                = 45

  # Who reads the secrets, and who is notified.
  deleted_user_secret_retention_days = 30
  secret_name_prefix                 = var.secret_name_prefix
  # Until every secret has moved, the module's key stays: docs/operations.md, "Another KMS key".
  kms_key                        = var.own_kms_key ? { arn = aws_kms_key.own[0].arn, keep_module_key = true } : null
  secret_reader_arns             = var.secret_reader_arns
  operator_emails                = var.operator_emails
  require_confirmed_subscription = true
  dead_letter_operator_arns      = []   # such as the on-call role
  event_bus_arn                  = null # the account's default bus; redeploy.tf listens to it
  users = {
    for key, user in local.iam_users :
    "${var.user_name_prefix}${key}" => merge({ email = user.email }, lookup(user, "options", {})) if user.declared
  }

  # The dashboard and the alarms.
  monitoring = {
    enabled                = true
    overdue_alarm_days     = 14
    missed_run_alarm_hours = 48
    alarm_action_arns      = []
  }

  # The function and its surroundings.
  function = {
    architecture             = var.architecture
    runtime                  = "python3.13"
    memory_mb                = 512
    timeout_seconds          = 900
    log_retention_days       = 365
    reserved_concurrency     = null
    role_path                = var.role_path
    permissions_boundary_arn = var.permissions_boundary_arn
    vpc                      = var.vpc
  }
}
