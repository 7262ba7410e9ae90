output "key_rotation" {
  description = "All outputs of the module."
  value       = module.key_rotation
}

output "reader_arn" {
  description = "ARN of the role that reads every secret."
  value       = aws_iam_role.reader.arn
}

output "messages_url" {
  description = "URL of the queue that is subscribed to the topic."
  value       = aws_sqs_queue.messages.url
}

output "events_url" {
  description = "URL of the queue that gets the events."
  value       = aws_sqs_queue.events.url
}
