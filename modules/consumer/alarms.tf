# Where an event can get lost between the rotation and the function, there is an alarm.

locals {
  of_the_rule = merge({ RuleName = var.name }, local.on_a_custom_bus ? { EventBusName = local.event_bus_name } : {})

  alarms = {
    dead-letters = {
      description = "A rotation of the access key of ${var.user_name} could not be delivered to ${local.function_name}, and is in the queue ${local.dead_letter_queue_name}. See modules/consumer/README.md, \"If an alarm goes off\"."
      # What comes in counts, too: somebody may take it out at once.
      expression = "FILL(waiting, 0) + FILL(sent, 0)"
      metrics = {
        waiting = { namespace = "AWS/SQS", metric = "ApproximateNumberOfMessagesVisible", dimensions = { QueueName = local.dead_letter_queue_name }, statistic = "Maximum" }
        sent    = { namespace = "AWS/SQS", metric = "NumberOfMessagesSent", dimensions = { QueueName = local.dead_letter_queue_name }, statistic = "Sum" }
      }
      notify_ok = true
    }
    failed-invocations = {
      description = "EventBridge gave up starting ${local.function_name} after a rotation of the access key of ${var.user_name}, or could not keep the event. See modules/consumer/README.md, \"If an alarm goes off\"."
      expression  = "FILL(failed, 0) + FILL(lost, 0)"
      metrics = {
        failed = { namespace = "AWS/Events", metric = "FailedInvocations", dimensions = local.of_the_rule, statistic = "Sum" }
        lost   = { namespace = "AWS/Events", metric = "InvocationsFailedToBeSentToDlq", dimensions = local.of_the_rule, statistic = "Sum" }
      }
      notify_ok = false # no failure in five minutes is no news
    }
    # To EventBridge an event is delivered once Lambda has taken it. Lambda drops it after the function's last retry.
    dropped-events = {
      description = "${local.function_name} failed at each attempt to serve an event, such as a rotation of the access key of ${var.user_name}, and Lambda dropped it. See modules/consumer/README.md, \"If an alarm goes off\"."
      expression  = "FILL(dropped, 0)"
      metrics = {
        dropped = { namespace = "AWS/Lambda", metric = "AsyncEventsDropped", dimensions = { FunctionName = local.function_name }, statistic = "Sum" }
      }
      notify_ok = false
    }
  }
}

resource "aws_cloudwatch_metric_alarm" "this" {
  for_each = local.alarms

  alarm_name          = "${var.name}-${each.key}"
  alarm_description   = each.value.description
  comparison_operator = "GreaterThanThreshold"
  threshold           = 0
  evaluation_periods  = 1
  datapoints_to_alarm = 1
  treat_missing_data  = "notBreaching"
  alarm_actions       = var.alarm_topic_arns
  ok_actions          = each.value.notify_ok ? var.alarm_topic_arns : []
  tags                = var.tags

  dynamic "metric_query" {
    for_each = each.value.metrics

    content {
      id = metric_query.key

      metric {
        namespace   = metric_query.value.namespace
        metric_name = metric_query.value.metric
        dimensions  = metric_query.value.dimensions
        stat        = metric_query.value.statistic
        period      = 300
      }
    }
  }

  metric_query {
    id          = "alarm"
    expression  = each.value.expression
    label       = each.key
    return_data = true
  }
}
