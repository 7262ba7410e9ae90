output "reader_policy_json" {
  description = "Policy (JSON) for the role that reads the key: exactly this secret, decrypted through Secrets Manager only. The role must be a reader of the secret as well."
  value       = data.aws_iam_policy_document.reader.json
}

output "rule_arn" {
  description = "ARN of the event rule."
  value       = aws_cloudwatch_event_rule.this.arn
}

output "dead_letter_queue_arn" {
  description = "ARN of the SQS queue for events that could not be delivered. It can be the function's own dead-letter queue, too."
  value       = aws_sqs_queue.dead_letters.arn
}

output "dead_letter_queue_url" {
  description = "URL of that queue."
  value       = aws_sqs_queue.dead_letters.url
}
