# After each rotation of a user's key, a function of yours copies the new key from its secret into a SecureString of Parameter
# Store, which tasks of ECS get when they start (task.tf). The function's code is in function/, what it may do in role.tf.
#
# The function makes the parameter. If Terraform made it, it would read the value back, and the key would be in its state.

data "aws_caller_identity" "current" {}
data "aws_partition" "current" {}
data "aws_region" "current" {}

locals {
  partition  = data.aws_partition.current.partition
  account_id = data.aws_caller_identity.current.account_id
  region     = try(lookup(data.aws_region.current, "region"), lookup(data.aws_region.current, "id")) # provider 6, or 5

  # Names rather than attributes, so that a first plan shows the policies in full.
  daily_rule_arn   = "arn:${local.partition}:events:${local.region}:${local.account_id}:rule/${var.name}-daily"
  dead_letters_arn = "arn:${local.partition}:sqs:${local.region}:${local.account_id}:${var.name}-dead-letters"
  log_group_arn    = "arn:${local.partition}:logs:${local.region}:${local.account_id}:log-group:${local.log_group_name}"
  log_group_name   = "/aws/lambda/${var.name}"
  parameter_arn    = "arn:${local.partition}:ssm:${local.region}:${local.account_id}:parameter${var.parameter_name}"
}

# Starts the function after a rotation, keeps what could not be served, and raises alarms.
module "consumer" {
  source = "../../../modules/consumer"

  name             = var.name
  user_name        = var.user_name
  secret_arn       = var.secret_arn
  kms_key_arn      = var.kms_key_arn
  function_arn     = aws_lambda_function.deliver.arn
  installation     = var.installation
  alarm_topic_arns = var.alarm_topic_arns
}

resource "aws_lambda_function" "deliver" {
  #checkov:skip=CKV_AWS_50:A trace would be one more place to keep free of secrets.
  #checkov:skip=CKV_AWS_117:It needs nothing in a VPC.
  #checkov:skip=CKV_AWS_173:The variables are names and ARNs. The key is never among them.
  #checkov:skip=CKV_AWS_272:The package is in the repo; a signing profile would have to be the account's own.

  function_name    = var.name
  description      = "Copies the access key of ${var.user_name} to ${var.parameter_name}."
  role             = aws_iam_role.deliver.arn
  runtime          = "python3.13"
  architectures    = ["arm64"]
  handler          = "to_parameter.handler"
  filename         = "${path.module}/function.zip"
  source_code_hash = filebase64sha256("${path.module}/function.zip")
  memory_size      = 256
  timeout          = 60

  # One at a time: a slow start could write an older key over a newer one.
  reserved_concurrent_executions = 1

  environment {
    variables = {
      USER_NAME         = var.user_name
      SECRET_ARN        = var.secret_arn
      PARAMETER_NAME    = var.parameter_name
      PARAMETER_KEY_ARN = var.parameter_kms_key_arn
    }
  }

  logging_config {
    log_format            = "JSON"
    log_group             = aws_cloudwatch_log_group.deliver.name
    application_log_level = "INFO"
    system_log_level      = "INFO"
  }

  # Lambda tries twice more before that.
  dead_letter_config {
    target_arn = module.consumer.dead_letter_queue_arn
  }

  # Lambda checks at creation that the role may write to the dead-letter queue.
  depends_on = [aws_iam_role_policy.deliver]
}

resource "aws_cloudwatch_log_group" "deliver" {
  #checkov:skip=CKV_AWS_158:The log holds no secret, and is encrypted with the key of CloudWatch Logs.

  name              = local.log_group_name
  retention_in_days = 365
}

# --- Once a day, too: an event can get lost, and the first key may be there already ---------------------------------

resource "aws_cloudwatch_event_rule" "daily" {
  name                = "${var.name}-daily"
  description         = "Copies the access key of ${var.user_name} if that was missed."
  schedule_expression = "rate(1 day)"
}

resource "aws_cloudwatch_event_target" "daily" {
  rule      = aws_cloudwatch_event_rule.daily.name
  target_id = "deliver"
  arn       = aws_lambda_function.deliver.arn

  depends_on = [aws_lambda_permission.daily]
}

resource "aws_lambda_permission" "daily" {
  statement_id  = "${var.name}-daily"
  action        = "lambda:InvokeFunction"
  function_name = aws_lambda_function.deliver.function_name
  principal     = "events.amazonaws.com"
  source_arn    = local.daily_rule_arn
}
