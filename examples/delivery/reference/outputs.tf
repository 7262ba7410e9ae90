output "reader_arn" {
  description = "Role that reads the secret: name it in the user's `reader_arns`, in `users` of the rotation module."
  value       = aws_iam_role.reader.arn
}

output "reader_policy_json" {
  description = "Policy (JSON) for a role of your own that reads the secret. That role must be a reader, too."
  value       = data.aws_iam_policy_document.reader.json
}

output "parameter_name" {
  description = "Parameter that stands for the secret."
  value       = local.reference_name
}

output "task_definition_arn" {
  description = "ARN of the task definition."
  value       = aws_ecs_task_definition.program.arn
}
