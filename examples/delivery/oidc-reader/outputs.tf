output "role_arn" {
  description = "ARN of the role, for `reader_arns` of the user, and for whoever assumes it."
  value       = aws_iam_role.this.arn
}
