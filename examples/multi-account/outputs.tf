output "account_id" {
  description = "The account of this workspace."
  value       = local.account.id
}

output "function_name" {
  description = "Name of the function, the same in every account."
  value       = module.key_rotation.function_name
}

output "central_bus_arn" {
  description = "The bus that the events of all accounts go to."
  value       = local.central_bus_arn
}

output "central_topic_arn" {
  description = "The topic that the alarms of all accounts go to."
  value       = local.central_topic_arn
}
