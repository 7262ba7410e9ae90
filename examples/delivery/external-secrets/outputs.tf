output "role_arn" {
  description = "ARN of the role, for `reader_arns` of the user and for service-account.yaml."
  value       = module.reader.role_arn
}
