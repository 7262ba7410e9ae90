# Two installations in one account, as docs/operations.md has it.

terraform {
  required_version = ">= 1.9"

  required_providers {
    aws = {
      source  = "hashicorp/aws"
      version = ">= 5.80"
    }
  }
}

module "key_rotation" {
  source   = "../../../.."
  for_each = toset(["people", "services"])

  name               = "access-key-rotation-${each.key}"
  user_tag           = { value = each.key }
  secret_name_prefix = "iam-access-key-${each.key}/"

  users = { alice = { email = "alice@example.com" } }
}

output "installations" {
  description = "What must differ between them, and be known to the plan."
  value = {
    for name, installation in module.key_rotation : name => [
      installation.function_name, installation.config_path, installation.secret_name_prefix, keys(installation.user_secret_arns),
    ]
  }
}
