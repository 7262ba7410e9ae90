# The settings that the function reads at each run: one SSM parameter for each. What a setting means is in variables.tf.

locals {
  settings = {
    name = var.name

    max_key_age_days               = tostring(var.max_key_age_days)
    warn_before_days               = tostring(var.warn_before_days)
    grace_days                     = tostring(var.grace_days)
    min_grace_days_without_console = tostring(var.min_grace_days_without_console)
    remind_before_days             = tostring(var.remind_before_days)
    hold_until_moved               = tostring(var.hold_until_moved)
    hold_while_used_days           = tostring(var.hold_while_used_days)
    max_overlap_days               = tostring(var.max_overlap_days)
    delete_after_days              = tostring(var.delete_after_days)
    idle_after_days                = tostring(var.idle_after_days)

    user_tag                  = jsonencode(local.user_tag)
    dry_run                   = tostring(var.dry_run)
    max_rotations_per_run     = tostring(var.max_rotations_per_run)
    max_iam_writes_per_second = tostring(var.max_iam_writes_per_second)
    bulk_discovery            = tostring(var.bulk_discovery)

    user_path_prefix = var.user_path_prefix
    never_user_arns  = jsonencode(var.never_user_arns)

    secret_name_prefix                 = var.secret_name_prefix
    secret_reader_arns                 = jsonencode(var.secret_reader_arns)
    secret_tags                        = jsonencode(var.tags)
    kms_key_arn                        = local.kms_key_arn
    deleted_user_secret_retention_days = tostring(var.deleted_user_secret_retention_days)

    require_confirmed_subscription = tostring(var.require_confirmed_subscription)
    operator_emails                = jsonencode(var.operator_emails)
    topic_arn                      = aws_sns_topic.this.arn
    event_bus_arn                  = local.arn.event_bus
  }
}

# These settings decide who can read a key, and who is notified. Whoever may change a parameter must not decide that, so the
# environment of the function has their hashes, and a run ends before its first change if one differs. See docs/adr/0024.
locals {
  pinned_settings = {
    for name in [
      "kms_key_arn", "operator_emails", "require_confirmed_subscription", "secret_name_prefix", "secret_reader_arns", "topic_arn",
      "user_tag",
    ] : name => sha256(local.settings[name])
  }
}

resource "aws_ssm_parameter" "setting" {
  #checkov:skip=CKV2_AWS_34:No setting is a secret: plans should show what changes.

  for_each = local.settings

  name           = "${local.config_path}/${each.key}"
  description    = "Setting ${each.key} of the IAM access key rotation ${var.name}."
  type           = "String"
  insecure_value = each.value
  tags           = var.tags
}
