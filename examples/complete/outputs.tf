output "function_name" {
  description = "Name of the Lambda function; invoke it by hand with {\"dry_run\": true} to see what a run would do."
  value       = module.key_rotation.function_name
}

output "function_arn" {
  description = "ARN of the Lambda function."
  value       = module.key_rotation.function_arn
}

output "role_arn" {
  description = "ARN of the role that the function runs as."
  value       = module.key_rotation.role_arn
}

output "schedule_rule_arn" {
  description = "ARN of the EventBridge rule that starts the function."
  value       = module.key_rotation.schedule_rule_arn
}

output "topic_arn" {
  description = "ARN of the SNS topic for messages; add your own subscriptions, filtered by the attributes `audience`, `user` or `event`."
  value       = module.key_rotation.topic_arn
}

output "dead_letter_queue_arn" {
  description = "ARN of the SQS queue for events that could not be served."
  value       = module.key_rotation.dead_letter_queue_arn
}

output "alarm_topic_arn" {
  description = "ARN of the SNS topic for alarms."
  value       = module.key_rotation.alarm_topic_arn
}

output "dashboard_name" {
  description = "Name of the CloudWatch dashboard."
  value       = module.key_rotation.dashboard_name
}

output "config_path" {
  description = "Path of the function's settings in SSM Parameter Store."
  value       = module.key_rotation.config_path
}

output "secret_name_prefix" {
  description = "Beginning of the names of the users' secrets."
  value       = module.key_rotation.secret_name_prefix
}

output "kms_key_arn" {
  description = "ARN of the key that encrypts the secrets and the messages."
  value       = module.key_rotation.kms_key_arn
}

output "module_kms_key_arn" {
  description = "ARN of the key that the module made; null without one."
  value       = module.key_rotation.module_kms_key_arn
}

output "kms_key_policy_statements" {
  description = "Policy document (JSON) with the statements that your own key (`kms_key`) needs in its policy; merge it with `source_policy_documents`."
  value       = module.key_rotation.kms_key_policy_statements
}

output "user_secret_arns" {
  description = "ARN of the secret of each entry of `users`, by IAM user name."
  value       = module.key_rotation.user_secret_arns
}

output "iam_users" {
  description = "The example's IAM users by name: whether each is managed, is an entry of `users`, has a console password, and the ages of its keys, to be made outside Terraform."
  value = {
    for key, user in local.iam_users : aws_iam_user.example[key].name => {
      about            = user.about
      email            = user.email
      managed          = user.managed
      declared         = user.declared
      console_password = user.console_password
      key_ages_days    = user.key_ages_days
    }
  }
}
