# If AWS finds a key in public, in a repository for example, the function replaces and disables it at once. It gets the whole
# event and finds out whose key it is, since events differ in what else they say. What the function cannot serve becomes a
# dead letter, which raises an alarm: an unmanaged user's key, or a risk that is not about an access key.
#
# AWS Health sends such events to us-east-1, with a copy to us-west-2, and in GovCloud to us-gov-west-1. If the installation is
# in another region, forward them: see docs/operations.md, "By itself, when AWS finds a key in public".

locals {
  exposed_keys_rule_name = "${var.name}-exposed-keys"
  exposed_keys           = var.rotate_exposed_keys ? { rule = true } : {}
}

# What tells the function that an event comes from this rule: whoever may invoke it can send any JSON. See docs/adr/0025.
resource "terraform_data" "rule_token" {
  for_each = local.exposed_keys

  input = uuid()

  lifecycle {
    ignore_changes = [input] # uuid() differs in each plan
  }
}

resource "aws_cloudwatch_event_rule" "exposed_keys" {
  for_each = local.exposed_keys

  name        = local.exposed_keys_rule_name
  description = "AWS reported a risk, such as an access key of this account in public."
  tags        = var.tags

  # Nobody can forge these: only AWS can send events with a source that begins with aws. The rule takes every risk: AWS reports
  # keys under several codes, and publishes no list. The function has a list of those that it serves, and refuses the others.
  event_pattern = jsonencode({
    source        = ["aws.health"]
    "detail-type" = ["AWS Health Event"]
    account       = [local.account_id] # with the organizational view, other accounts' events come too
    detail        = { service = ["RISK"] }
  })

  depends_on = [aws_iam_role.function] # which has the name: see iam.tf
}

resource "aws_cloudwatch_event_target" "exposed_keys" {
  for_each = local.exposed_keys

  rule      = aws_cloudwatch_event_rule.exposed_keys[each.key].name
  target_id = "emergency"
  arn       = aws_lambda_function.this.arn

  input_transformer {
    input_template = "{\"rule_token\": \"${terraform_data.rule_token[each.key].output}\", \"aws_health\": <aws.events.event.json>}"
  }

  dead_letter_config {
    arn = aws_sqs_queue.dead_letters.arn
  }

  depends_on = [
    aws_iam_role_policy.function,
    aws_lambda_function_event_invoke_config.this,
    aws_lambda_permission.exposed_keys,
    aws_sns_topic_policy.this,
    aws_ssm_parameter.setting,
    aws_ssm_parameter.user_names,
    aws_ssm_parameter.user_options,
  ]
}

resource "aws_lambda_permission" "exposed_keys" {
  for_each = local.exposed_keys

  statement_id  = "exposed-keys"
  action        = "lambda:InvokeFunction"
  function_name = aws_lambda_function.this.function_name
  principal     = "events.amazonaws.com"
  source_arn    = local.arn.exposed_rule
}
