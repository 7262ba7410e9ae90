# For one user: an event rule that starts your function when the user's key was rotated, and the policy with which that
# function reads the new key. What cannot be delivered is kept, and raises an alarm.
#
# The event is a hint. It may come twice, late, or never, and anybody in the account who may put events can forge it. It holds
# no key: the function reads the secret that Terraform named to it. README.md says what else a consumer must bear.

data "aws_caller_identity" "current" {}
data "aws_partition" "current" {}
data "aws_region" "current" {}

locals {
  partition  = data.aws_partition.current.partition
  account_id = data.aws_caller_identity.current.account_id

  # `region` exists in provider 6 alone, which calls `id` deprecated. Terraform checks names in a lookup when it evaluates it.
  region = try(lookup(data.aws_region.current, "region"), lookup(data.aws_region.current, "id"))

  # Rules of the default bus have no bus in their ARN, nor among the dimensions of their metrics.
  event_bus_name  = var.event_bus_arn == null ? "default" : split(":event-bus/", var.event_bus_arn)[1]
  on_a_custom_bus = local.event_bus_name != "default"
  rule_path       = local.on_a_custom_bus ? "${local.event_bus_name}/${var.name}" : var.name

  # Policies use names rather than attributes, so that a first `terraform plan` shows them in full.
  rule_arn               = "arn:${local.partition}:events:${local.region}:${local.account_id}:rule/${local.rule_path}"
  dead_letter_queue_name = "${var.name}-dead-letters"
  dead_letter_queue_arn  = "arn:${local.partition}:sqs:${local.region}:${local.account_id}:${local.dead_letter_queue_name}"

  # arn:aws:lambda:<region>:<account>:function:<name>, and an alias or version behind it.
  function_name      = split(":", var.function_arn)[6]
  function_qualifier = try(split(":", var.function_arn)[7], null)
}

# --- From the rotation to the function ------------------------------------------------------------------------------

resource "aws_cloudwatch_event_rule" "this" {
  name           = var.name
  description    = "The access key of the IAM user ${var.user_name} was rotated."
  event_bus_name = local.event_bus_name
  tags           = var.tags

  # docs/event.schema.json. The account is written by EventBridge: on a bus that others may put events on, theirs stay out.
  event_pattern = jsonencode({
    source        = ["iam-access-key-rotation"]
    "detail-type" = ["Access Key Rotated"]
    account       = [local.account_id]
    detail = {
      installation = [var.installation]
      user         = { name = [var.user_name] }
      secret_arn   = [var.secret_arn]
    }
  })
}

resource "aws_cloudwatch_event_target" "this" {
  rule           = aws_cloudwatch_event_rule.this.name
  event_bus_name = local.event_bus_name
  target_id      = "consumer"
  arn            = var.function_arn

  # Until Lambda has taken the event. What the function then makes of it is between the two.
  retry_policy {
    maximum_event_age_in_seconds = var.maximum_event_age_seconds
    maximum_retry_attempts       = 185 # the most; the age is the limit
  }

  dead_letter_config {
    arn = aws_sqs_queue.dead_letters.arn
  }

  depends_on = [aws_lambda_permission.this]
}

resource "aws_lambda_permission" "this" {
  statement_id  = var.name
  action        = "lambda:InvokeFunction"
  function_name = local.function_name
  qualifier     = local.function_qualifier
  principal     = "events.amazonaws.com"
  source_arn    = local.rule_arn
}

# --- Events that could not be served --------------------------------------------------------------------------------

resource "aws_sqs_queue" "dead_letters" {
  name                      = local.dead_letter_queue_name
  message_retention_seconds = 1209600 # 14 days, the longest that SQS offers
  sqs_managed_sse_enabled   = true    # the events hold no secret; a customer key would have to admit EventBridge
  policy                    = data.aws_iam_policy_document.dead_letters.json
  tags                      = var.tags
}

data "aws_iam_policy_document" "dead_letters" {
  statement {
    sid       = "RuleSendsDeadLetters"
    actions   = ["sqs:SendMessage"]
    resources = [local.dead_letter_queue_arn]

    principals {
      type        = "Service"
      identifiers = ["events.amazonaws.com"]
    }

    condition {
      test     = "ArnEquals"
      variable = "aws:SourceArn"
      values   = [local.rule_arn]
    }
  }

  statement {
    sid       = "TlsOnly"
    effect    = "Deny"
    actions   = ["sqs:*"]
    resources = [local.dead_letter_queue_arn]

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

# --- What may read the key ------------------------------------------------------------------------------------------
# For the function's role, or another one. It is not enough alone: the secret denies everybody who is no reader of it.

data "aws_iam_policy_document" "reader" {
  statement {
    sid       = "ReadTheSecret"
    actions   = ["secretsmanager:GetSecretValue"]
    resources = [var.secret_arn]
  }

  statement {
    sid       = "DecryptTheSecret"
    actions   = ["kms:Decrypt"]
    resources = [var.kms_key_arn]

    # Secrets Manager calls KMS on behalf of its caller. The suffix of the service name differs in China.
    condition {
      test     = "StringEquals"
      variable = "kms:ViaService"
      values = [
        for suffix in distinct(["amazonaws.com", data.aws_partition.current.dns_suffix]) : "secretsmanager.${local.region}.${suffix}"
      ]
    }

    condition {
      test     = "StringEquals"
      variable = "kms:EncryptionContext:SecretARN"
      values   = [var.secret_arn]
    }
  }
}
