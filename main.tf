# What all other files share: where this is, and what everything is called. The flow: the schedule (schedule.tf) starts the
# function (function.tf), which reads its settings (settings.tf), rotates keys in IAM, stores them in Secrets Manager
# (secrets.tf, kms.tf) and notifies people (notifications.tf). iam.tf says what the function may do, claim.tf that no other
# installation manages the same users, monitoring.tf what the operators see, exposed_keys.tf what happens when AWS finds a key
# in public.

data "aws_caller_identity" "current" {}
data "aws_partition" "current" {}
data "aws_region" "current" {}

locals {
  partition  = data.aws_partition.current.partition
  account_id = data.aws_caller_identity.current.account_id

  # `region` exists in provider 6 alone, which calls `id` deprecated. Terraform checks names in a lookup when it evaluates it.
  region = try(lookup(data.aws_region.current, "region"), lookup(data.aws_region.current, "id"))

  # Policies use these names rather than attributes. This avoids cycles, and a first `terraform plan` shows reviewers every
  # policy in full instead of "known after apply".
  arn = {
    role         = "arn:${local.partition}:iam::${local.account_id}:role${local.function.role_path}${var.name}"
    function     = "arn:${local.partition}:lambda:${local.region}:${local.account_id}:function:${var.name}"
    rule         = "arn:${local.partition}:events:${local.region}:${local.account_id}:rule/${var.name}"
    exposed_rule = "arn:${local.partition}:events:${local.region}:${local.account_id}:rule/${local.exposed_keys_rule_name}"
    topic        = "arn:${local.partition}:sns:${local.region}:${local.account_id}:${var.name}"
    dead_letters = "arn:${local.partition}:sqs:${local.region}:${local.account_id}:${local.dead_letter_queue_name}"
    log_group    = "arn:${local.partition}:logs:${local.region}:${local.account_id}:log-group:${local.log_group_name}"
    config       = "arn:${local.partition}:ssm:${local.region}:${local.account_id}:parameter${local.config_path}"
    user_options = "arn:${local.partition}:ssm:${local.region}:${local.account_id}:parameter${local.user_options_path}"
    secrets      = "arn:${local.partition}:secretsmanager:${local.region}:${local.account_id}:secret:${var.secret_name_prefix}*"
    users        = "arn:${local.partition}:iam::${local.account_id}:user${var.user_path_prefix}*"
    event_bus    = coalesce(var.event_bus_arn, "arn:${local.partition}:events:${local.region}:${local.account_id}:event-bus/default")
  }

  config_path            = "/${var.name}/config"
  user_options_path      = "/${var.name}/users" # beside it: key_rotation/aws/parameters.py
  dead_letter_queue_name = "${var.name}-dead-letters"
  log_group_name         = "/aws/lambda/${var.name}"

  # The tag on every secret of this installation. The role may write to secrets with this tag only.
  managed_by_tag = { "access-key-rotation:managed-by" = var.name }
}
