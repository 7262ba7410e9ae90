# If AWS finds a key in public, in a repository for example, the function replaces and disables it at once. It gets the whole
# event and finds out whose key it is, since events differ in what else they say. If the user is not managed, the event
# becomes a dead letter, which raises an alarm.

locals {
  exposed_keys_rule_name = "${var.name}-exposed-keys"
  exposed_keys           = var.rotate_exposed_keys ? { rule = true } : {}
}

resource "aws_cloudwatch_event_rule" "exposed_keys" {
  for_each = local.exposed_keys

  name        = local.exposed_keys_rule_name
  description = "AWS found an access key of this account in public."
  tags        = var.tags

  # Nobody can forge these: only AWS can send events with a source that begins with aws.
  event_pattern = jsonencode({
    source        = ["aws.health"]
    "detail-type" = ["AWS Health Event"]
    account       = [local.account_id] # with the organizational view, other accounts' events come too
    detail = {
      service           = ["RISK"]
      eventTypeCategory = ["issue"]
      eventTypeCode     = ["AWS_RISK_CREDENTIALS_EXPOSED"]
    }
  })
}

resource "aws_cloudwatch_event_target" "exposed_keys" {
  for_each = local.exposed_keys

  rule      = aws_cloudwatch_event_rule.exposed_keys[each.key].name
  target_id = "emergency"
  arn       = aws_lambda_function.this.arn

  dead_letter_config {
    arn = aws_sqs_queue.dead_letters.arn
  }

  depends_on = [
    aws_iam_role_policy.function,
    aws_lambda_function_event_invoke_config.this,
    aws_lambda_permission.exposed_keys,
    aws_sns_topic_policy.this,
    aws_ssm_parameter.setting,
  ]
}

resource "aws_lambda_permission" "exposed_keys" {
  for_each = local.exposed_keys

  statement_id  = "exposed-keys"
  action        = "lambda:InvokeFunction"
  function_name = aws_lambda_function.this.function_name
  principal     = "events.amazonaws.com"
  source_arn    = aws_cloudwatch_event_rule.exposed_keys[each.key].arn
}
