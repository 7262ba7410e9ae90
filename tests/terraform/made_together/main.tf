# The module beside something of the same configuration, whose id is not known before the apply.

terraform {
  required_version = ">= 1.9"

  required_providers {
    aws = {
      source  = "hashicorp/aws"
      version = ">= 5.80"
    }
  }
}

resource "terraform_data" "made" {}

module "key_rotation" {
  source = "../../.."

  users = {
    alice = { email = "alice@example.com", reader_arns = ["arn:aws:iam::111122223333:role/${terraform_data.made.id}"] }
    bob   = { reader_arns = ["arn:aws:iam::444455556666:role/${terraform_data.made.id}"], first_key = true }
  }

  function = {
    permissions_boundary_arn = "arn:aws:iam::111122223333:policy/${terraform_data.made.id}"
    vpc = {
      subnet_ids         = ["subnet-${terraform_data.made.id}"]
      security_group_ids = ["sg-${terraform_data.made.id}"]
    }
  }

  monitoring = { alarm_action_arns = ["arn:aws:sns:eu-central-1:111122223333:${terraform_data.made.id}"] }
}

output "secrets" {
  description = "Names of the users whose secrets the plan makes."
  value       = keys(module.key_rotation.user_secret_arns)
}
