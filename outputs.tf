output "function_name" {
  description = "Name of the Lambda function; invoke it by hand with {\"dry_run\": true} to see what a run would do."
  value       = aws_lambda_function.this.function_name
}

output "function_arn" {
  description = "ARN of the Lambda function."
  value       = aws_lambda_function.this.arn
}

output "role_arn" {
  description = "ARN of the role that the function runs as."
  value       = aws_iam_role.function.arn
}

output "schedule_rule_arn" {
  description = "ARN of the EventBridge rule that starts the function."
  value       = aws_cloudwatch_event_rule.schedule.arn
}

output "topic_arn" {
  description = "ARN of the SNS topic for messages; add your own subscriptions, filtered by the attributes `audience`, `user` or `event`."
  value       = aws_sns_topic.this.arn
}

output "dead_letter_queue_arn" {
  description = "ARN of the SQS queue for events that could not be served."
  value       = aws_sqs_queue.dead_letters.arn
}

output "alarm_topic_arn" {
  description = "ARN of the SNS topic for alarms; null if `monitoring.enabled` is false."
  value       = one(aws_sns_topic.alarms[*].arn)
}

output "dashboard_name" {
  description = "Name of the CloudWatch dashboard; null if `monitoring.enabled` is false."
  value       = one(aws_cloudwatch_dashboard.this[*].dashboard_name)
}

output "config_path" {
  description = "Path of the function's settings in SSM Parameter Store."
  value       = local.config_path
}

output "secret_name_prefix" {
  description = "Beginning of the names of the users' secrets."
  value       = var.secret_name_prefix
}

output "kms_key_arn" {
  description = "ARN of the key that encrypts the secrets and the messages."
  value       = local.kms_key_arn
}

output "module_kms_key_arn" {
  description = "ARN of the key that the module made; null without one. While `kms_key` is set, no secret should stay on it."
  value       = one(aws_kms_key.this[*].arn)
}

output "kms_key_policy_statements" {
  description = "Policy document (JSON) with the statements that your own key (`kms_key`) needs in its policy; merge it with `source_policy_documents`."
  value       = data.aws_iam_policy_document.kms_key_use.json
}

output "user_secret_arns" {
  description = "ARN of the secret of each entry of `users`, by IAM user name."
  value       = { for user, secret in aws_secretsmanager_secret.user : user => secret.arn }
}
