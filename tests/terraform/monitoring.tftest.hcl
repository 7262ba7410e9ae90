# Alarms, their topic and the dashboard, by plan with the real provider, offline, as in policies.tftest.hcl.

provider "aws" {
  region                      = "eu-central-1"
  access_key                  = "offline"
  secret_key                  = "offline"
  skip_credentials_validation = true
  skip_metadata_api_check     = true
  skip_requesting_account_id  = true
}

override_data {
  target = data.aws_caller_identity.current
  values = { account_id = "111122223333" }
}

override_data {
  target = data.aws_iam_roles.claim
  values = { arns = [] }
}

variables {
  kms_key         = { arn = "arn:aws:kms:eu-central-1:111122223333:key/brought-along", keep_module_key = false }
  operator_emails = ["ops@example.com"]
}

run "alarms" {
  command = plan

  assert {
    condition     = toset(keys(aws_cloudwatch_metric_alarm.this)) == toset(["errors", "no-run", "not-started", "key-overdue", "dead-letters"])
    error_message = "There must be an alarm for each of: errors, no run, no start, an overdue key, dead letters."
  }

  assert {
    condition = alltrue([
      for name, alarm in aws_cloudwatch_metric_alarm.this : alltrue([
        alarm.alarm_name == "access-key-rotation-${name}",
        tolist(alarm.alarm_actions) == tolist(["arn:aws:sns:eu-central-1:111122223333:access-key-rotation-alarms"]),
        strcontains(alarm.alarm_description, "docs/operations.md"),
        alarm.evaluation_periods * coalesce(alarm.period, one(distinct(flatten([for query in alarm.metric_query : query.metric[*].period])))) <= 604800,
      ])
    ])
    error_message = "Every alarm must go to the topic of the alarms, say where to read on, and look back no longer than CloudWatch does."
  }

  assert {
    condition = alltrue([
      aws_cloudwatch_metric_alarm.this["errors"].dimensions == tomap({ FunctionName = "access-key-rotation" }),
      aws_cloudwatch_metric_alarm.this["errors"].treat_missing_data == "notBreaching",
      aws_cloudwatch_metric_alarm.this["no-run"].treat_missing_data == "breaching",
      aws_cloudwatch_metric_alarm.this["no-run"].threshold == 1,
      aws_cloudwatch_metric_alarm.this["no-run"].comparison_operator == "LessThanThreshold",
      aws_cloudwatch_metric_alarm.this["no-run"].evaluation_periods == 48,
      aws_cloudwatch_metric_alarm.this["no-run"].datapoints_to_alarm == 48,
      aws_cloudwatch_metric_alarm.this["not-started"].namespace == "AWS/Events",
      aws_cloudwatch_metric_alarm.this["not-started"].metric_name == "Invocations",
      aws_cloudwatch_metric_alarm.this["not-started"].dimensions == tomap({ RuleName = "access-key-rotation" }),
      aws_cloudwatch_metric_alarm.this["not-started"].treat_missing_data == "breaching",
      aws_cloudwatch_metric_alarm.this["not-started"].evaluation_periods == 48,
      aws_cloudwatch_metric_alarm.this["not-started"].period == 3600,
      aws_cloudwatch_metric_alarm.this["key-overdue"].threshold == 104,
      aws_cloudwatch_metric_alarm.this["key-overdue"].dimensions == tomap({ Installation = "access-key-rotation" }),
      aws_cloudwatch_metric_alarm.this["key-overdue"].treat_missing_data == "ignore",
      aws_cloudwatch_metric_alarm.this["dead-letters"].treat_missing_data == "notBreaching",
      aws_cloudwatch_metric_alarm.this["dead-letters"].threshold == 0,
    ])
    error_message = "An alarm does not look at what it is for."
  }

  # Whoever may put metrics must not be able to feed the watchdog.
  assert {
    condition = alltrue(flatten([
      for name in ["errors", "no-run", "not-started", "dead-letters"] : [
        for namespace in compact(concat(
          [aws_cloudwatch_metric_alarm.this[name].namespace],
          flatten([for query in aws_cloudwatch_metric_alarm.this[name].metric_query : query.metric[*].namespace]),
        )) : startswith(namespace, "AWS/")
      ]
    ]))
    error_message = "What says that the rotation runs must rest on the metrics of AWS: nobody else can send those."
  }

  assert {
    condition = {
      for query in aws_cloudwatch_metric_alarm.this["no-run"].metric_query : query.id => (
        length(query.metric) == 0 ? query.expression : "${query.metric[0].metric_name} ${query.metric[0].dimensions.FunctionName} ${query.metric[0].stat} ${query.metric[0].period}"
      )
      } == {
      alarm  = "runs - FILL(errors, 0)"
      runs   = "Invocations access-key-rotation Sum 3600"
      errors = "Errors access-key-rotation Sum 3600"
    }
    error_message = "A run that ended in an error was not complete."
  }

  assert {
    condition = {
      for query in aws_cloudwatch_metric_alarm.this["dead-letters"].metric_query : query.id => (
        length(query.metric) == 0 ? query.expression : "${query.metric[0].metric_name} ${query.metric[0].dimensions.QueueName} ${query.metric[0].stat} ${query.metric[0].period}"
      )
      } == {
      alarm   = "FILL(waiting, 0) + FILL(sent, 0)"
      waiting = "ApproximateNumberOfMessagesVisible access-key-rotation-dead-letters Maximum 300"
      sent    = "NumberOfMessagesSent access-key-rotation-dead-letters Sum 300"
    }
    error_message = "A dead letter must be noticed even if somebody takes it out at once."
  }

  assert {
    condition = (
      length(aws_sns_topic_subscription.alarms) == 1 &&
      aws_sns_topic_subscription.alarms["ops@example.com"].endpoint == "ops@example.com" &&
      aws_sns_topic_subscription.alarms["ops@example.com"].filter_policy == null
    )
    error_message = "Operators must be subscribed to the alarms, without a filter: no filter on attributes admits an alarm."
  }

  assert {
    condition     = aws_sns_topic.alarms[0].kms_master_key_id == var.kms_key.arn
    error_message = "The topic must be encrypted with the key whose policy admits CloudWatch."
  }

  assert {
    condition = jsondecode(aws_sns_topic_policy.alarms[0].policy).Statement == [
      {
        Sid       = "AlarmsPublish"
        Effect    = "Allow"
        Principal = { Service = "cloudwatch.amazonaws.com" }
        Action    = "sns:Publish"
        Resource  = "arn:aws:sns:eu-central-1:111122223333:access-key-rotation-alarms"
        Condition = { ArnEquals = { "aws:SourceArn" = [for name in ["dead-letters", "errors", "key-overdue", "no-run", "not-started"] : "arn:aws:cloudwatch:eu-central-1:111122223333:alarm:access-key-rotation-${name}"] } }
      },
      {
        Sid       = "NobodyElsePublishes"
        Effect    = "Deny"
        Principal = "*"
        Action    = "sns:Publish"
        Resource  = "arn:aws:sns:eu-central-1:111122223333:access-key-rotation-alarms"
        Condition = { Bool = { "aws:PrincipalIsAWSService" = "false" } }
      },
      {
        Sid       = "TlsOnly"
        Effect    = "Deny"
        Principal = "*"
        Action    = "sns:Publish"
        Resource  = "arn:aws:sns:eu-central-1:111122223333:access-key-rotation-alarms"
        Condition = { Bool = { "aws:SecureTransport" = "false" } }
      },
    ]
    error_message = "Only the alarms of this installation may publish to their topic."
  }
}

run "dashboard" {
  command = plan

  assert {
    condition = alltrue(flatten([
      for widget in jsondecode(aws_cloudwatch_dashboard.this[0].dashboard_body).widgets : [
        for metric in try(widget.properties.metrics, []) :
        contains(["AccessKeyRotation", "AWS/Lambda", "AWS/SQS"], metric[0]) && strcontains(metric[3], "access-key-rotation")
      ]
    ]))
    error_message = "A metric of the dashboard is not one of this installation."
  }

  assert {
    condition = toset(flatten([
      for widget in jsondecode(aws_cloudwatch_dashboard.this[0].dashboard_body).widgets : try(widget.properties.alarms, [])
    ])) == toset([for name in ["errors", "no-run", "not-started", "key-overdue", "dead-letters"] : "arn:aws:cloudwatch:eu-central-1:111122223333:alarm:access-key-rotation-${name}"])
    error_message = "The dashboard must show every alarm."
  }
}

run "what_the_schedule_makes_of_no_run" {
  command = plan

  variables {
    schedule_expression = "rate(12 hours)"
  }

  assert {
    condition     = aws_cloudwatch_metric_alarm.this["no-run"].evaluation_periods == 24
    error_message = "Two intervals of 12 hours are 24 hours."
  }
}

run "cron_is_taken_for_daily" {
  command = plan

  variables {
    schedule_expression = "cron(0 6 ? * MON-FRI *)"
  }

  assert {
    condition     = aws_cloudwatch_metric_alarm.this["no-run"].evaluation_periods == 48
    error_message = "A cron expression counts as one run a day unless missed_run_alarm_hours says otherwise."
  }
}

run "minutes_are_rounded_up_to_an_hour" {
  command = plan

  variables {
    schedule_expression = "rate(10 minutes)"
  }

  assert {
    condition     = aws_cloudwatch_metric_alarm.this["no-run"].evaluation_periods == 1
    error_message = "An alarm on fewer than an hour is not made."
  }
}

run "hours_without_a_run_can_be_set" {
  command = plan

  variables {
    schedule_expression = "cron(0 6 ? * MON-FRI *)"
    monitoring = {
      missed_run_alarm_hours = 100
      overdue_alarm_days     = 30
      alarm_action_arns      = ["arn:aws:sns:eu-central-1:999988887777:central-alarms"]
    }
  }

  assert {
    condition     = aws_cloudwatch_metric_alarm.this["no-run"].evaluation_periods == 100
    error_message = "missed_run_alarm_hours must win over the schedule."
  }

  assert {
    condition     = aws_cloudwatch_metric_alarm.this["key-overdue"].threshold == 120
    error_message = "overdue_alarm_days must be added to max_key_age_days."
  }

  assert {
    condition     = contains(aws_cloudwatch_metric_alarm.this["errors"].alarm_actions, "arn:aws:sns:eu-central-1:999988887777:central-alarms")
    error_message = "Alarms must go to alarm_action_arns too."
  }
}

run "a_run_a_fortnight_cannot_be_missed_by_cloudwatch" {
  command = plan

  variables {
    schedule_expression = "rate(14 days)"
  }

  assert {
    condition     = toset(keys(aws_cloudwatch_metric_alarm.this)) == toset(["errors", "key-overdue", "dead-letters"])
    error_message = "CloudWatch looks back over seven days: with a run every fourteen the alarm would always be on."
  }
}

run "a_paused_schedule_is_not_missed" {
  command = plan

  variables {
    schedule_enabled = false
  }

  assert {
    condition     = !contains(keys(aws_cloudwatch_metric_alarm.this), "no-run") && length(aws_cloudwatch_metric_alarm.this) == 3
    error_message = "Who pauses the schedule knows that nothing runs."
  }
}

run "all_of_it_can_be_left_out" {
  command = plan

  variables {
    monitoring = { enabled = false }
  }

  assert {
    condition = alltrue([
      length(aws_cloudwatch_metric_alarm.this) == 0,
      length(aws_cloudwatch_dashboard.this) == 0,
      length(aws_sns_topic.alarms) == 0,
      length(aws_sns_topic_subscription.alarms) == 0,
      output.alarm_topic_arn == null,
      output.dashboard_name == null,
    ])
    error_message = "Without monitoring there must be no alarm, no topic of alarms and no dashboard."
  }
}
