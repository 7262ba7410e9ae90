output "service_control_policy" {
  description = "The service control policy (JSON), for an `aws_organizations_policy` in the management account."
  value       = data.aws_iam_policy_document.service_control.minified_json

  precondition {
    condition     = length(data.aws_iam_policy_document.service_control.minified_json) <= 5120
    error_message = "The service control policy has ${length(data.aws_iam_policy_document.service_control.minified_json)} characters; AWS takes 5120. Name fewer roles and keys, with wildcards."
  }
}

output "permissions_boundary" {
  description = "The permissions boundary (JSON), for an `aws_iam_policy` of the name `<name>-boundary` in each account."
  value       = data.aws_iam_policy_document.boundary.minified_json
}
