# The flow: schedule -> function -> (settings) -> IAM, Secrets Manager, SNS.
# What the function may do is in iam.tf, who is told in notifications.tf, where the keys go in secrets.tf.

data "aws_caller_identity" "current" {}
data "aws_partition" "current" {}
data "aws_region" "current" {}

locals {
  partition  = data.aws_partition.current.partition
  account_id = data.aws_caller_identity.current.account_id
  region     = data.aws_region.current.id # .name is deprecated in provider 6, .region is absent in 5

  # Policies name these resources by what they will be called rather than by attribute: that keeps the policies free of
  # cycles, and a first `terraform plan` shows reviewers every policy in full instead of "known after apply".
  arn = {
    role         = "arn:${local.partition}:iam::${local.account_id}:role${var.role_path}${var.name}"
    function     = "arn:${local.partition}:lambda:${local.region}:${local.account_id}:function:${var.name}"
    rule         = "arn:${local.partition}:events:${local.region}:${local.account_id}:rule/${var.name}"
    exposed_rule = "arn:${local.partition}:events:${local.region}:${local.account_id}:rule/${local.exposed_keys_rule_name}"
    topic        = "arn:${local.partition}:sns:${local.region}:${local.account_id}:${var.name}"
    dead_letters = "arn:${local.partition}:sqs:${local.region}:${local.account_id}:${local.dead_letter_queue_name}"
    log_group    = "arn:${local.partition}:logs:${local.region}:${local.account_id}:log-group:${local.log_group_name}"
    config       = "arn:${local.partition}:ssm:${local.region}:${local.account_id}:parameter${local.config_path}"
    secrets      = "arn:${local.partition}:secretsmanager:${local.region}:${local.account_id}:secret:${var.secret_name_prefix}*"
    users        = "arn:${local.partition}:iam::${local.account_id}:user/*"
    event_bus    = coalesce(var.event_bus_arn, "arn:${local.partition}:events:${local.region}:${local.account_id}:event-bus/default")
    alarms       = "arn:${local.partition}:cloudwatch:${local.region}:${local.account_id}:alarm:*"
  }

  config_path            = "/${var.name}/config"
  dead_letter_queue_name = "${var.name}-dead-letters"
  log_group_name         = "/aws/lambda/${var.name}"

  # Tag on every secret of ours. The role may write to secrets that carry it and to no others.
  managed_by_tag = { "access-key-rotation:managed-by" = var.name }
}

# --- The schedule ---------------------------------------------------------------------------------------------------

resource "aws_cloudwatch_event_rule" "schedule" {
  name                = var.name
  description         = "Starts the IAM access key rotation."
  schedule_expression = var.schedule_expression
  state               = var.schedule_enabled ? "ENABLED" : "DISABLED"
  tags                = var.tags
}

resource "aws_cloudwatch_event_target" "function" {
  rule      = aws_cloudwatch_event_rule.schedule.name
  target_id = "rotate"
  arn       = aws_lambda_function.this.arn
  input     = jsonencode({}) # the payload of an ordinary run; without it the function would get the whole event

  retry_policy {
    maximum_event_age_in_seconds = 3600
    maximum_retry_attempts       = 10
  }

  dead_letter_config {
    arn = aws_sqs_queue.dead_letters.arn
  }

  # Only a complete installation is ever started by the schedule, and on destroy the schedule goes first.
  depends_on = [
    aws_iam_role_policy.function,
    aws_lambda_function_event_invoke_config.this,
    aws_lambda_permission.schedule,
    aws_sns_topic_policy.this,
    aws_sns_topic_subscription.email,
    aws_ssm_parameter.setting,
  ]
}

resource "aws_lambda_permission" "schedule" {
  statement_id  = "schedule"
  action        = "lambda:InvokeFunction"
  function_name = aws_lambda_function.this.function_name
  principal     = "events.amazonaws.com"
  source_arn    = local.arn.rule
}

# --- The function ---------------------------------------------------------------------------------------------------

locals {
  package_file   = "${path.module}/lambda/package.zip"
  package_record = "${path.module}/lambda/package.sources.sha256"

  # The hash that `make package` records beside the zip: sha256 over "<sha256 of the file>  <path>\n" of every source,
  # sorted by path. The zip itself cannot be looked into from here.
  package_sources_sha256 = sha256(join("", [
    for source in fileset("${path.module}/lambda", "key_rotation/**/*.py") :
    "${filesha256("${path.module}/lambda/${source}")}  ${source}\n"
  ]))
  package_recorded_sha256 = fileexists(local.package_record) ? trimspace(file(local.package_record)) : "none"
}

resource "aws_lambda_function" "this" {
  #checkov:skip=CKV_AWS_50:A trace would be one more place to keep free of secrets; the log tells what each run did.
  #checkov:skip=CKV_AWS_115:Off by default, for the reason in the description of var.reserved_concurrency.
  #checkov:skip=CKV_AWS_117:It needs nothing in a VPC; var.vpc is for accounts that demand one.
  #checkov:skip=CKV_AWS_173:CONFIG_PATH, the name of a path, is the only variable and no secret.
  #checkov:skip=CKV_AWS_272:The package is in the repo, and the precondition below holds it to the sources; a signing profile would have to be the account's own.

  function_name    = var.name
  description      = "Rotates the access keys of IAM users tagged ${var.user_tag.key} = ${var.user_tag.value}."
  role             = aws_iam_role.function.arn
  runtime          = "python3.13"
  architectures    = [var.architecture]
  handler          = "key_rotation.handler.lambda_handler"
  filename         = local.package_file
  source_code_hash = fileexists(local.package_file) ? filebase64sha256(local.package_file) : null
  memory_size      = var.memory_size
  timeout          = var.timeout
  tags             = var.tags

  reserved_concurrent_executions = var.reserved_concurrency

  dynamic "vpc_config" {
    for_each = var.vpc[*]

    content {
      subnet_ids         = vpc_config.value.subnet_ids
      security_group_ids = vpc_config.value.security_group_ids
    }
  }

  environment {
    variables = { CONFIG_PATH = local.config_path }
  }

  logging_config {
    log_format            = "JSON"
    log_group             = aws_cloudwatch_log_group.function.name
    application_log_level = "INFO"
    system_log_level      = "INFO"
  }

  dead_letter_config {
    target_arn = aws_sqs_queue.dead_letters.arn
  }

  lifecycle {
    precondition {
      condition     = fileexists(local.package_file) && local.package_recorded_sha256 == local.package_sources_sha256
      error_message = "lambda/package.zip was not built from the sources in lambda/key_rotation (sources ${substr(local.package_sources_sha256, 0, 12)}, package ${substr(local.package_recorded_sha256, 0, 12)}). Run `make package` and commit the result."
    }
  }

  # Lambda checks at creation that the role may write to the dead-letter queue.
  depends_on = [aws_iam_role_policy.function]
}

# Made before the function, so that Lambda does not make one that keeps logs forever.
resource "aws_cloudwatch_log_group" "function" {
  #checkov:skip=CKV_AWS_158:The log holds no secret, and is encrypted with the key of CloudWatch Logs.

  name              = local.log_group_name
  retention_in_days = var.log_retention_days
  tags              = var.tags
}

# A run in which any user failed ends in an error, after all others were served; Lambda then tries twice more.
resource "aws_lambda_function_event_invoke_config" "this" {
  function_name                = aws_lambda_function.this.function_name
  maximum_retry_attempts       = 2
  maximum_event_age_in_seconds = 21600
}

# --- Events that could not be served --------------------------------------------------------------------------------

resource "aws_sqs_queue" "dead_letters" {
  name                      = local.dead_letter_queue_name
  message_retention_seconds = 1209600 # 14 days, the longest that SQS offers
  sqs_managed_sse_enabled   = true    # the events hold no secret; a customer key would have to admit EventBridge
  policy                    = data.aws_iam_policy_document.dead_letters.json
  tags                      = var.tags
}

locals {
  # The rules that start the function, and may leave here what they could not deliver.
  rules = concat([local.arn.rule], var.rotate_exposed_keys ? [local.arn.exposed_rule] : [])
}

data "aws_iam_policy_document" "dead_letters" {
  statement {
    sid       = "RulesSendDeadLetters"
    actions   = ["sqs:SendMessage"]
    resources = [local.arn.dead_letters]

    principals {
      type        = "Service"
      identifiers = ["events.amazonaws.com"]
    }

    condition {
      test     = "ArnEquals"
      variable = "aws:SourceArn"
      values   = local.rules
    }
  }

  # The function needs no statement here: its role allows it. Everyone else is refused, whatever their own policies say:
  # a message in this queue may be sent to the function again by an operator.
  statement {
    sid       = "NobodyElseSends"
    effect    = "Deny"
    actions   = ["sqs:SendMessage"]
    resources = [local.arn.dead_letters]

    principals {
      type        = "*"
      identifiers = ["*"]
    }

    condition {
      test     = "Bool"
      variable = "aws:PrincipalIsAWSService" # services have no permission but the statement above
      values   = ["false"]
    }

    condition {
      test     = "ArnNotEquals"
      variable = "aws:PrincipalArn"
      values   = [local.arn.role]
    }
  }

  statement {
    sid       = "TlsOnly"
    effect    = "Deny"
    actions   = ["sqs:*"]
    resources = [local.arn.dead_letters]

    principals {
      type        = "*"
      identifiers = ["*"]
    }

    condition {
      test     = "Bool"
      variable = "aws:SecureTransport"
      values   = ["false"]
    }
  }
}

# --- The settings that the function reads at each run ---------------------------------------------------------------

locals {
  settings = {
    name = {
      value       = var.name
      description = "Name of this installation; also the managed-by tag on its secrets."
    }
    max_key_age_days = {
      value       = tostring(var.max_key_age_days)
      description = "Age in days at which an access key is rotated."
    }
    warn_before_days = {
      value       = tostring(var.warn_before_days)
      description = "Days before the rotation at which the owner is warned."
    }
    grace_days = {
      value       = tostring(var.grace_days)
      description = "Days in which the old and the new key both work."
    }
    min_grace_days_without_console = {
      value       = tostring(var.min_grace_days_without_console)
      description = "Least grace in days for a user who needs the old key to fetch the new one."
    }
    hold_while_used_days = {
      value       = tostring(var.hold_while_used_days)
      description = "An old key used within so many days is left on; 0 = never."
    }
    max_overlap_days = {
      value       = tostring(var.max_overlap_days)
      description = "Days after which the old key is disabled in any case."
    }
    delete_after_days = {
      value       = tostring(var.delete_after_days)
      description = "Days for which a disabled key is kept before it is deleted."
    }
    idle_after_days = {
      value       = tostring(var.idle_after_days)
      description = "Days without use after which the spare of two active keys is disabled."
    }
    max_rotations_per_run = {
      value       = tostring(var.max_rotations_per_run)
      description = "Most rotations in one run; 0 = no limit."
    }
    deleted_user_secret_retention_days = {
      value       = tostring(var.deleted_user_secret_retention_days)
      description = "Days for which the secret of a user who is gone is kept; 0 = for ever."
    }
    max_iam_writes_per_second = {
      value       = tostring(var.max_iam_writes_per_second)
      description = "Most access keys created, disabled or deleted in a second."
    }
    bulk_discovery = {
      value       = tostring(var.bulk_discovery)
      description = "true: read all users' tags at once; false: one by one."
    }
    dry_run = {
      value       = tostring(var.dry_run)
      description = "true: report what would be done and change nothing."
    }
    require_confirmed_subscription = {
      value       = tostring(var.require_confirmed_subscription)
      description = "true: rotate only if a confirmed subscription admits the message."
    }
    user_tag = {
      value       = jsonencode({ key = var.user_tag.key, value = var.user_tag.value })
      description = "The tag that marks the IAM users to look after."
    }
    secret_name_prefix = {
      value       = var.secret_name_prefix
      description = "What the names of the users' secrets begin with."
    }
    secret_reader_arns = {
      value       = jsonencode(var.secret_reader_arns)
      description = "Users and roles that may read every secret besides its owner."
    }
    secret_tags = {
      value       = jsonencode(var.tags)
      description = "Tags for secrets that the function makes."
    }
    kms_key_arn = {
      value       = local.kms_key_arn
      description = "Key that encrypts the secrets."
    }
    topic_arn = {
      value       = aws_sns_topic.this.arn
      description = "Topic that the messages are published to."
    }
    event_bus_arn = {
      value       = local.arn.event_bus
      description = "Bus that gets an event for each transition of a key."
    }
  }
}

resource "aws_ssm_parameter" "setting" {
  #checkov:skip=CKV2_AWS_34:No setting is a secret: plans should show what changes.

  for_each = local.settings

  name           = "${local.config_path}/${each.key}"
  description    = each.value.description
  type           = "String"
  insecure_value = each.value.value
  tags           = var.tags
}
