# When the function runs.

locals {
  # What a field of cron() may hold: a list of values, ranges and steps, or one special form alone. If AWS's documentation is
  # silent (lower case, a range that wraps round, a step in the days of the week), the field passes.
  # https://docs.aws.amazon.com/eventbridge/latest/userguide/eb-cron-expressions.html
  cron_grammar = [
    {
      field   = "minutes (0-59)"
      value   = "[0-5]?[0-9]"
      step    = "0?[1-9]|[1-5][0-9]"
      special = []
    },
    {
      field   = "hours (0-23)"
      value   = "[01]?[0-9]|2[0-3]"
      step    = "0?[1-9]|1[0-9]|2[0-3]"
      special = []
    },
    {
      field   = "day of the month (1-31)"
      value   = "0?[1-9]|[12][0-9]|3[01]"
      step    = "0?[1-9]|[12][0-9]|3[01]"
      special = ["\\?", "LW?", "L-[0-9]+", "(0?[1-9]|[12][0-9]|3[01])W"]
    },
    {
      field   = "month (1-12 or JAN-DEC)"
      value   = "0?[1-9]|1[0-2]|JAN|FEB|MAR|APR|MAY|JUN|JUL|AUG|SEP|OCT|NOV|DEC"
      step    = "0?[1-9]|1[0-2]"
      special = []
    },
    {
      field   = "day of the week (1-7 or SUN-SAT)"
      value   = "[1-7]|SUN|MON|TUE|WED|THU|FRI|SAT"
      step    = "[1-7]"
      special = ["\\?", "([1-7]|SUN|MON|TUE|WED|THU|FRI|SAT)?L", "([1-7]|SUN|MON|TUE|WED|THU|FRI|SAT)#[1-5]"]
    },
    {
      field   = "year (1970-2199)"
      value   = "19[7-9][0-9]|2[01][0-9][0-9]"
      step    = "[1-9][0-9]?[0-9]?"
      special = []
    },
  ]

  cron_fields = [
    for grammar in local.cron_grammar : {
      field = grammar.field
      pattern = format("^(?i:%s)$", join("|", concat(
        [replace("E(,E)*", "E", "(\\*|(${grammar.value})(-(${grammar.value}))?)(/(${grammar.step}))?")],
        grammar.special,
      )))
    }
  ]
}

resource "aws_cloudwatch_event_rule" "schedule" {
  name                = var.name
  description         = "Starts the IAM access key rotation."
  schedule_expression = var.schedule_expression
  state               = var.schedule_enabled ? "ENABLED" : "DISABLED"
  tags                = var.tags

  depends_on = [aws_iam_role.function] # which has the name: see iam.tf
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

  # The schedule starts only a complete installation, and a destroy removes the schedule first.
  depends_on = [
    aws_iam_role_policy.function,
    aws_lambda_function_event_invoke_config.this,
    aws_lambda_permission.schedule,
    aws_sns_topic_policy.this,
    aws_sns_topic_subscription.email,
    aws_ssm_parameter.setting,
    aws_ssm_parameter.user_names,
    aws_ssm_parameter.user_options,
  ]
}

resource "aws_lambda_permission" "schedule" {
  statement_id  = "schedule"
  action        = "lambda:InvokeFunction"
  function_name = aws_lambda_function.this.function_name
  principal     = "events.amazonaws.com"
  source_arn    = local.arn.rule
}
