# The module as the acceptance test applies it. The tag, path, secrets, bus and topic are its own, so it shares nothing with
# another installation of the account: see README.md beside this folder.

data "aws_caller_identity" "current" {}
data "aws_partition" "current" {}
data "aws_region" "current" {}

locals {
  account_id = data.aws_caller_identity.current.account_id
  person     = "${var.name}-alice"
  service    = "${var.name}-build-agent"

  # `region` exists in provider 6 alone, which calls `id` deprecated, as in the module's main.tf.
  region = try(lookup(data.aws_region.current, "region"), lookup(data.aws_region.current, "id"))

  # By their names rather than attributes, so that a queue has its policy from the beginning.
  here         = "${local.region}:${local.account_id}"
  messages_arn = "arn:${data.aws_partition.current.partition}:sqs:${local.here}:${var.name}-messages"
  events_arn   = "arn:${data.aws_partition.current.partition}:sqs:${local.here}:${var.name}-events"
  topic_arn    = "arn:${data.aws_partition.current.partition}:sns:${local.here}:${var.name}"
  rule_arn     = "arn:${data.aws_partition.current.partition}:events:${local.here}:rule/${var.name}/${var.name}-events"

  # A set of readers must be known when Terraform plans.
  reader_arn = format("arn:%s:iam::%s:role/%s-reader", data.aws_partition.current.partition, local.account_id, var.name)
}

module "key_rotation" {
  source = "../../.."

  name               = var.name
  user_tag           = { key = var.name, value = "enabled" }
  user_path_prefix   = "/${var.name}/"
  secret_name_prefix = "${var.name}/"
  secret_reader_arns = [local.reader_arn]
  event_bus_arn      = aws_cloudwatch_event_bus.this.arn
  schedule_enabled   = false
  function           = { architecture = var.architecture, log_retention_days = 1 }
  tags               = { acceptance-test = var.name }

  # The rule and its permission; AWS alone can send the event.
  rotate_exposed_keys = true

  # Terraform makes the secret of one user in advance, and the function that of the other one.
  users = {
    (local.person) = { smtp_regions = [local.region] }
  }
}

# --- A reader, who has no permission but by the policy of a secret -----------------------------------------------------------

data "aws_iam_policy_document" "reader" {
  statement {
    sid     = "ThisAccountAssumes"
    actions = ["sts:AssumeRole"]

    principals {
      type        = "AWS"
      identifiers = ["arn:${data.aws_partition.current.partition}:iam::${local.account_id}:root"]
    }
  }
}

resource "aws_iam_role" "reader" {
  name               = "${var.name}-reader"
  description        = "Reads the secrets of the acceptance test ${var.name}, by their own policies alone."
  assume_role_policy = data.aws_iam_policy_document.reader.json
  tags               = { acceptance-test = var.name }
}

# --- A queue for the messages of the topic -----------------------------------------------------------------------------------

resource "aws_sqs_queue" "messages" {
  name                    = "${var.name}-messages"
  sqs_managed_sse_enabled = true
  policy                  = data.aws_iam_policy_document.messages.json
  tags                    = { acceptance-test = var.name }
}

data "aws_iam_policy_document" "messages" {
  statement {
    sid       = "TheTopicSends"
    actions   = ["sqs:SendMessage"]
    resources = [local.messages_arn]

    principals {
      type        = "Service"
      identifiers = ["sns.amazonaws.com"]
    }

    condition {
      test     = "ArnEquals"
      variable = "aws:SourceArn"
      values   = [local.topic_arn]
    }
  }
}

resource "aws_sns_topic_subscription" "messages" {
  topic_arn = module.key_rotation.topic_arn
  protocol  = "sqs"
  endpoint  = aws_sqs_queue.messages.arn

  filter_policy_scope = "MessageAttributes"
  filter_policy       = jsonencode({ audience = ["user"], user = [local.person, local.service] })
}

# --- A bus, so that no rule of the account sees these events, and a queue for them -------------------------------------------

resource "aws_cloudwatch_event_bus" "this" {
  name = var.name
  tags = { acceptance-test = var.name }
}

resource "aws_cloudwatch_event_rule" "events" {
  name           = "${var.name}-events"
  description    = "The events of the acceptance test ${var.name}."
  event_bus_name = aws_cloudwatch_event_bus.this.name
  event_pattern  = jsonencode({ source = ["iam-access-key-rotation"] })
  tags           = { acceptance-test = var.name }
}

resource "aws_cloudwatch_event_target" "events" {
  rule           = aws_cloudwatch_event_rule.events.name
  event_bus_name = aws_cloudwatch_event_bus.this.name
  target_id      = "events"
  arn            = aws_sqs_queue.events.arn
}

# The same transformer as that of the rule for events of AWS Health, which nobody but AWS can send.
resource "aws_cloudwatch_event_target" "transformed" {
  rule           = aws_cloudwatch_event_rule.events.name
  event_bus_name = aws_cloudwatch_event_bus.this.name
  target_id      = "transformed"
  arn            = aws_sqs_queue.events.arn

  input_transformer {
    input_template = "{\"rule_token\": \"${var.name}\", \"aws_health\": <aws.events.event.json>}"
  }
}

resource "aws_sqs_queue" "events" {
  name                    = "${var.name}-events"
  sqs_managed_sse_enabled = true
  policy                  = data.aws_iam_policy_document.events.json
  tags                    = { acceptance-test = var.name }
}

data "aws_iam_policy_document" "events" {
  statement {
    sid       = "TheRuleSends"
    actions   = ["sqs:SendMessage"]
    resources = [local.events_arn]

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
}
