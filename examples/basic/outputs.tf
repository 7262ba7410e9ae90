output "key_rotation" {
  description = "All outputs of the module."
  value       = module.key_rotation
}
