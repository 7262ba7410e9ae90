# Alarms for the operators, and a dashboard: are we compliant, is it running, what did it do, who is blocked. All of it can
# be left out by `monitoring_enabled`; the metrics themselves are always sent.

locals {
  alarm_topic_name = "${var.name}-alarms"
  alarm_topic_arn  = "arn:${local.partition}:sns:${local.region}:${local.account_id}:${local.alarm_topic_name}"

  # How many hours lie between two runs: read off rate(), a day for cron().
  schedule_rate = try(regex("^rate\\(([0-9]+) (minute|hour|day)s?\\)$", var.schedule_expression), ["1", "day"])
  schedule_hours = (
    tonumber(local.schedule_rate[0]) * { minute = 1 / 60, hour = 1, day = 24 }[local.schedule_rate[1]]
  )

  # CloudWatch looks back over at most seven days, in whole periods.
  missed_run_alarm_hours = coalesce(var.missed_run_alarm_hours, min(168, max(1, ceil(2 * local.schedule_hours))))
  missed_run_is_seen     = var.schedule_enabled && local.missed_run_alarm_hours > local.schedule_hours

  alarm_actions = concat([local.alarm_topic_arn], tolist(var.alarm_action_arns))

  alarms = {
    for name, alarm in {
      errors = {
        description = "A run of the access key rotation ended in an error: a user failed, or a setting is wrong. Others were served, and it is tried again. See docs/operations.md, \"A failed run\"."
        namespace   = "AWS/Lambda"
        metric      = "Errors"
        dimensions  = { FunctionName = var.name }
        statistic   = "Sum"
        threshold   = 0
        comparison  = "GreaterThanThreshold"
        period      = 3600
        periods     = 1
        missing     = "notBreaching"
        tell_ok     = false # an hour without an error is no news
      }
      no-run = {
        description = "No run of the access key rotation over all users came to its end for ${local.missed_run_alarm_hours} hours. Keys grow old. See docs/operations.md, \"No run\"."
        namespace   = local.metric_namespace
        metric      = "OldestActiveKeyDays" # sent by a run over all users, and by no other
        dimensions  = { Installation = var.name }
        statistic   = "SampleCount"
        threshold   = 1
        comparison  = "LessThanThreshold"
        period      = 3600
        periods     = local.missed_run_alarm_hours
        missing     = "breaching"
        tell_ok     = true
      }
      key-overdue = {
        description = "An active access key is more than ${var.overdue_alarm_days} days older than the ${var.max_key_age_days} that are allowed: it is blocked, held, still in its grace, or its run fails. See docs/operations.md, \"A key is overdue\"."
        namespace   = local.metric_namespace
        metric      = "OldestActiveKeyDays"
        dimensions  = { Installation = var.name }
        statistic   = "Maximum"
        threshold   = var.max_key_age_days + var.overdue_alarm_days
        comparison  = "GreaterThanThreshold"
        period      = 3600
        periods     = 1
        missing     = "ignore" # between two runs it stays what the last one said
        tell_ok     = true
      }
      dead-letters = {
        description = "An event of the access key rotation could not be served and is in the dead-letter queue. If it is an emergency, a leaked key may still be active: look at once. See docs/operations.md, \"A dead letter\"."
        namespace   = "AWS/SQS"
        metric      = "ApproximateNumberOfMessagesVisible"
        dimensions  = { QueueName = local.dead_letter_queue_name }
        statistic   = "Maximum"
        threshold   = 0
        comparison  = "GreaterThanThreshold"
        period      = 300
        periods     = 1
        missing     = "notBreaching"
        tell_ok     = true
      }
    } : name => alarm if var.monitoring_enabled && (name != "no-run" || local.missed_run_is_seen)
  }

  alarm_arn_prefix = "arn:${local.partition}:cloudwatch:${local.region}:${local.account_id}:alarm:${var.name}-"
}

resource "aws_cloudwatch_metric_alarm" "this" {
  for_each = local.alarms

  alarm_name          = "${var.name}-${each.key}"
  alarm_description   = each.value.description
  namespace           = each.value.namespace
  metric_name         = each.value.metric
  dimensions          = each.value.dimensions
  statistic           = each.value.statistic
  comparison_operator = each.value.comparison
  threshold           = each.value.threshold
  period              = each.value.period
  evaluation_periods  = each.value.periods
  datapoints_to_alarm = each.value.periods
  treat_missing_data  = each.value.missing
  alarm_actions       = local.alarm_actions
  ok_actions          = each.value.tell_ok ? local.alarm_actions : []
  tags                = var.tags
}

resource "aws_cloudwatch_dashboard" "this" {
  count = var.monitoring_enabled ? 1 : 0

  dashboard_name = var.name
  dashboard_body = templatefile("${path.module}/dashboard.json.tftpl", {
    name       = var.name
    region     = local.region
    namespace  = local.metric_namespace
    queue      = local.dead_letter_queue_name
    log_group  = local.log_group_name
    limit_days = var.max_key_age_days
    alarm_days = var.max_key_age_days + var.overdue_alarm_days
    timeout    = var.timeout

    # Every run says again who is blocked: who was not named lately is not any more.
    waiting_hours = max(1, ceil(2 * local.schedule_hours))

    alarm_arns = jsonencode([for name in keys(local.alarms) : "${local.alarm_arn_prefix}${name}"])
  })
}

# --- The topic of the alarms ----------------------------------------------------------------------------------------
# A topic of its own: an alarm's message carries no attributes, and no filter on attributes admits such a message, not even
# {"exists": false}. Whoever listens here gets every alarm and nothing else. See docs/adr/0012.

resource "aws_sns_topic" "alarms" {
  count = var.monitoring_enabled ? 1 : 0

  name              = local.alarm_topic_name
  display_name      = "IAM access key alarms"
  kms_master_key_id = local.kms_key_arn
  tags              = var.tags
}

data "aws_iam_policy_document" "alarm_topic" {
  statement {
    sid       = "AlarmsPublish"
    actions   = ["sns:Publish"]
    resources = [local.alarm_topic_arn]

    principals {
      type        = "Service"
      identifiers = ["cloudwatch.amazonaws.com"]
    }

    condition {
      test     = "ArnLike"
      variable = "aws:SourceArn"
      values   = ["${local.alarm_arn_prefix}*"]
    }
  }

  statement {
    sid       = "NobodyElsePublishes"
    effect    = "Deny"
    actions   = ["sns:Publish"]
    resources = [local.alarm_topic_arn]

    principals {
      type        = "*"
      identifiers = ["*"]
    }

    condition {
      test     = "Bool"
      variable = "aws:PrincipalIsAWSService" # services have no permission but the statement above
      values   = ["false"]
    }
  }

  statement {
    sid       = "TlsOnly"
    effect    = "Deny"
    actions   = ["sns:Publish"]
    resources = [local.alarm_topic_arn]

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

resource "aws_sns_topic_policy" "alarms" {
  count = var.monitoring_enabled ? 1 : 0

  arn    = aws_sns_topic.alarms[0].arn
  policy = data.aws_iam_policy_document.alarm_topic.json
}

resource "aws_sns_topic_subscription" "alarms" {
  for_each = var.monitoring_enabled ? var.operator_emails : toset([])

  topic_arn = aws_sns_topic.alarms[0].arn
  protocol  = "email"
  endpoint  = each.value
}
