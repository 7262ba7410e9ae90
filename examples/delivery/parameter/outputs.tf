output "reader_arn" {
  description = "Role that reads the secret: name it in the user's `reader_arns`, in `users` of the rotation module."
  value       = aws_iam_role.deliver.arn
}

output "function_name" {
  description = "Name of the function; start it by hand with {} to copy the key now."
  value       = aws_lambda_function.deliver.function_name
}

output "parameter_name" {
  description = "Name of the parameter."
  value       = var.parameter_name
}

output "task_definition_arn" {
  description = "ARN of the task definition."
  value       = aws_ecs_task_definition.program.arn
}

output "dead_letter_queue_url" {
  description = "URL of the queue for events that could not be served."
  value       = module.consumer.dead_letter_queue_url
}
