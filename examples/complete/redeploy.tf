# A consumer that fetches the new key by itself: after a rotation of build-agent's key, this restarts its service on every
# instance with the service's tag. The service reads the secret when it starts.
#
# The event holds no secret: it says which user, and where the key is. The consumer reads the secret with its own permissions.
# Here the service uses its old key for that, which works for `min_grace_days_without_console`.
#
# If a function of yours is to deliver the key, modules/consumer starts it, and keeps what it could not serve.

locals {
  consumer = "${var.user_name_prefix}build-agent"
  region   = try(lookup(data.aws_region.current, "region"), lookup(data.aws_region.current, "id")) # provider 6, or 5
}

resource "aws_cloudwatch_event_rule" "key_rotated" {
  name        = "${var.name}-redeploy"
  description = "The access key of ${local.consumer} was rotated."
  tags        = var.tags

  event_pattern = jsonencode({
    source        = ["iam-access-key-rotation"]
    "detail-type" = ["Access Key Rotated"]
    detail = {
      installation = [var.name]
      user         = { name = [local.consumer] }
    }
  })
}

# One command and no parameters. With AWS-RunShellScript, the role could run anything on the instances, as root.
resource "aws_ssm_document" "restart_the_consumer" {
  name            = "${var.name}-restart-build-agent"
  document_type   = "Command"
  document_format = "JSON"
  tags            = var.tags

  content = jsonencode({
    schemaVersion = "2.2"
    description   = "Restarts what uses the access key of ${local.consumer}."
    mainSteps = [{
      action = "aws:runShellScript"
      name   = "restart"
      inputs = { runCommand = ["systemctl restart build-agent"] }
    }]
  })
}

resource "aws_cloudwatch_event_target" "restart_the_consumer" {
  rule      = aws_cloudwatch_event_rule.key_rotated.name
  target_id = "restart"
  arn       = aws_ssm_document.restart_the_consumer.arn
  role_arn  = aws_iam_role.redeploy.arn
  input     = jsonencode({}) # the parameters: without it EventBridge would pass the event as these

  run_command_targets {
    key    = "tag:uses-access-key-of"
    values = [local.consumer]
  }
}

resource "aws_iam_role" "redeploy" {
  name               = "${var.name}-redeploy"
  description        = "Restarts what uses the access key of ${local.consumer}."
  assume_role_policy = data.aws_iam_policy_document.events_assume.json
  tags               = var.tags
}

data "aws_iam_policy_document" "events_assume" {
  statement {
    sid     = "EventBridgeStartsIt"
    actions = ["sts:AssumeRole"]

    principals {
      type        = "Service"
      identifiers = ["events.amazonaws.com"]
    }

    condition {
      test     = "StringEquals"
      variable = "aws:SourceAccount"
      values   = [data.aws_caller_identity.current.account_id]
    }
  }
}

resource "aws_iam_role_policy" "redeploy" {
  name   = "restart"
  role   = aws_iam_role.redeploy.id
  policy = data.aws_iam_policy_document.redeploy.json
}

data "aws_iam_policy_document" "redeploy" {
  statement {
    sid       = "RunTheDocument"
    actions   = ["ssm:SendCommand"]
    resources = ["arn:${data.aws_partition.current.partition}:ssm:${local.region}:${data.aws_caller_identity.current.account_id}:document/${var.name}-restart-build-agent"]
  }

  statement {
    sid       = "OnTheConsumersInstances"
    actions   = ["ssm:SendCommand"]
    resources = ["arn:${data.aws_partition.current.partition}:ec2:${local.region}:${data.aws_caller_identity.current.account_id}:instance/*"]

    condition {
      test     = "StringEquals"
      variable = "aws:ResourceTag/uses-access-key-of"
      values   = [local.consumer]
    }
  }
}
