# Alarms for the operators, and a dashboard: are we compliant, is it running, what did it do, who is blocked. With
# `monitoring = { enabled = false }` the module makes none of it; the function sends its metrics in any case.

locals {
  # var.monitoring with its defaults. CloudWatch looks back over at most seven days, in whole periods.
  monitoring = {
    enabled                = tobool(coalesce(lookup(var.monitoring, "enabled", null), true))
    overdue_alarm_days     = tonumber(coalesce(lookup(var.monitoring, "overdue_alarm_days", null), 14))
    missed_run_alarm_hours = tonumber(coalesce(lookup(var.monitoring, "missed_run_alarm_hours", null), min(168, max(1, ceil(2 * local.schedule_hours)))))
    alarm_action_arns      = [for arn in coalesce(lookup(var.monitoring, "alarm_action_arns", null), []) : tostring(arn)]
  }

  alarm_topic_name = "${var.name}-alarms"
  alarm_topic_arn  = "arn:${local.partition}:sns:${local.region}:${local.account_id}:${local.alarm_topic_name}"

  # Hours between two runs: those of rate(), or a day for cron().
  schedule_rate = try(regex("^rate\\(([0-9]+) (minute|hour|day)s?\\)$", var.schedule_expression), ["1", "day"])
  schedule_hours = (
    tonumber(local.schedule_rate[0]) * { minute = 1 / 60, hour = 1, day = 24 }[local.schedule_rate[1]]
  )

  # Otherwise the alarm would ring between any two runs.
  missed_run_is_seen = var.schedule_enabled && local.monitoring.missed_run_alarm_hours > local.schedule_hours

  alarm_actions = concat([local.alarm_topic_arn], local.monitoring.alarm_action_arns)

  alarms = {
    for name, alarm in {
      errors = {
        description = "A run of the access key rotation ended in an error: a user failed, or a setting is wrong. All other users were served, and Lambda tries again. See docs/operations.md, \"A failed run\"."
        namespace   = "AWS/Lambda"
        metric      = "Errors"
        dimensions  = { FunctionName = var.name }
        statistic   = "Sum"
        threshold   = 0
        comparison  = "GreaterThanThreshold"
        period      = 3600
        periods     = 1
        missing     = "notBreaching"
        notify_ok   = false # an hour without an error is no news
      }
      # The metrics of AWS, since anybody with cloudwatch:PutMetricData can send those of the function. What these two cannot
      # see is in docs/adr/0024.
      no-run = {
        description = "No run of the access key rotation was complete for ${local.monitoring.missed_run_alarm_hours} hours. Keys grow old. See docs/operations.md, \"No run\"."
        expression  = "runs - FILL(errors, 0)"
        metrics = {
          runs   = { namespace = "AWS/Lambda", metric = "Invocations", dimensions = { FunctionName = var.name }, statistic = "Sum" }
          errors = { namespace = "AWS/Lambda", metric = "Errors", dimensions = { FunctionName = var.name }, statistic = "Sum" }
        }
        threshold  = 1
        comparison = "LessThanThreshold"
        period     = 3600
        periods    = local.monitoring.missed_run_alarm_hours
        missing    = "breaching"
        notify_ok  = true
      }
      not-started = {
        description = "The schedule of the access key rotation started no run for ${local.monitoring.missed_run_alarm_hours} hours: its rule is disabled, or has lost its target. See docs/operations.md, \"No run\"."
        namespace   = "AWS/Events"
        metric      = "Invocations"
        dimensions  = { RuleName = var.name }
        statistic   = "Sum"
        threshold   = 1
        comparison  = "LessThanThreshold"
        period      = 3600
        periods     = local.monitoring.missed_run_alarm_hours
        missing     = "breaching"
        notify_ok   = true
      }
      key-overdue = {
        description = "An active access key is more than ${local.monitoring.overdue_alarm_days} days older than the ${var.max_key_age_days} that are allowed: it is blocked, held, still in its grace, or its run fails. See docs/operations.md, \"A key is overdue\"."
        namespace   = local.metric_namespace
        metric      = "OldestActiveKeyDays"
        dimensions  = { Installation = var.name }
        statistic   = "Maximum"
        threshold   = var.max_key_age_days + local.monitoring.overdue_alarm_days
        comparison  = "GreaterThanThreshold"
        period      = 3600
        periods     = 1
        missing     = "ignore" # between two runs it stays what the last one said
        notify_ok   = true
      }
      dead-letters = {
        description = "An event of the access key rotation could not be served and is in the dead-letter queue. If it is an emergency, a leaked key may still be active: look at once. See docs/operations.md, \"A dead letter\"."
        # What comes in counts, too: somebody may take it out at once.
        expression = "FILL(waiting, 0) + FILL(sent, 0)"
        metrics = {
          waiting = { namespace = "AWS/SQS", metric = "ApproximateNumberOfMessagesVisible", dimensions = { QueueName = local.dead_letter_queue_name }, statistic = "Maximum" }
          sent    = { namespace = "AWS/SQS", metric = "NumberOfMessagesSent", dimensions = { QueueName = local.dead_letter_queue_name }, statistic = "Sum" }
        }
        threshold  = 0
        comparison = "GreaterThanThreshold"
        period     = 300
        periods    = 1
        missing    = "notBreaching"
        notify_ok  = true
      }
    } : name => alarm if local.monitoring.enabled && (!contains(["no-run", "not-started"], name) || local.missed_run_is_seen)
  }

  alarm_arns = [
    for name in keys(local.alarms) : "arn:${local.partition}:cloudwatch:${local.region}:${local.account_id}:alarm:${var.name}-${name}"
  ]
}

resource "aws_cloudwatch_metric_alarm" "this" {
  for_each = local.alarms

  alarm_name          = "${var.name}-${each.key}"
  alarm_description   = each.value.description
  namespace           = try(each.value.namespace, null)
  metric_name         = try(each.value.metric, null)
  dimensions          = try(each.value.dimensions, null)
  statistic           = try(each.value.statistic, null)
  comparison_operator = each.value.comparison
  threshold           = each.value.threshold
  period              = can(each.value.metrics) ? null : each.value.period
  evaluation_periods  = each.value.periods
  datapoints_to_alarm = each.value.periods
  treat_missing_data  = each.value.missing
  alarm_actions       = local.alarm_actions
  ok_actions          = each.value.notify_ok ? local.alarm_actions : []
  tags                = var.tags

  # An alarm on several metrics, in place of namespace, metric_name and so on.
  dynamic "metric_query" {
    for_each = try(each.value.metrics, {})

    content {
      id = metric_query.key

      metric {
        namespace   = metric_query.value.namespace
        metric_name = metric_query.value.metric
        dimensions  = metric_query.value.dimensions
        stat        = metric_query.value.statistic
        period      = each.value.period
      }
    }
  }

  dynamic "metric_query" {
    for_each = try([each.value.expression], [])

    content {
      id          = "alarm"
      expression  = metric_query.value
      label       = each.key
      return_data = true
    }
  }

  depends_on = [aws_iam_role.function] # which has the name: see iam.tf
}

resource "aws_cloudwatch_dashboard" "this" {
  count = local.monitoring.enabled ? 1 : 0

  dashboard_name = var.name
  dashboard_body = templatefile("${path.module}/dashboard.json.tftpl", {
    name       = var.name
    region     = local.region
    namespace  = local.metric_namespace
    queue      = local.dead_letter_queue_name
    log_group  = local.log_group_name
    limit_days = var.max_key_age_days
    alarm_days = var.max_key_age_days + local.monitoring.overdue_alarm_days
    timeout    = local.function.timeout_seconds

    # Every run names each blocked user. A user whom no recent run named is not blocked any more.
    waiting_hours = max(1, ceil(2 * local.schedule_hours))

    alarm_arns = jsonencode(local.alarm_arns)
  })

  depends_on = [aws_iam_role.function] # which has the name: see iam.tf
}

# --- The topic of the alarms ----------------------------------------------------------------------------------------
# A topic of its own: the message of an alarm has no attributes, and no filter on attributes admits such a message, not even
# {"exists": false}. Whoever subscribes here gets every alarm and nothing else. See docs/adr/0012.

resource "aws_sns_topic" "alarms" {
  count = local.monitoring.enabled ? 1 : 0

  name              = local.alarm_topic_name
  display_name      = "IAM access key alarms"
  kms_master_key_id = local.kms_key_arn
  signature_version = 2
  tags              = var.tags

  depends_on = [aws_iam_role.function] # which has the name: see iam.tf
}

data "aws_iam_policy_document" "alarm_topic" {
  count = local.monitoring.enabled ? 1 : 0

  # These alarms and no others: whoever may make an alarm writes its description, which is in the mail.
  statement {
    sid       = "AlarmsPublish"
    actions   = ["sns:Publish"]
    resources = [local.alarm_topic_arn]

    principals {
      type        = "Service"
      identifiers = ["cloudwatch.amazonaws.com"]
    }

    condition {
      test     = "ArnEquals"
      variable = "aws:SourceArn"
      values   = local.alarm_arns
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
  count = local.monitoring.enabled ? 1 : 0

  arn    = aws_sns_topic.alarms[0].arn
  policy = data.aws_iam_policy_document.alarm_topic[0].json
}

resource "aws_sns_topic_subscription" "alarms" {
  for_each = local.monitoring.enabled ? var.operator_emails : toset([])

  topic_arn = aws_sns_topic.alarms[0].arn
  protocol  = "email"
  endpoint  = each.value
}
