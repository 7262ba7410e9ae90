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

# As ARNs of resources are: unknown as a whole, not only their ends.
resource "terraform_data" "arn" {
  for_each = {
    key      = "arn:aws:kms:eu-central-1:111122223333:key/secrets"
    bus      = "arn:aws:events:eu-central-1:111122223333:event-bus/security"
    deploy   = "arn:aws:iam::111122223333:role/deploy"
    admin    = "arn:aws:iam::111122223333:user/admin"
    alarms   = "arn:aws:sns:eu-central-1:111122223333:alarms"
    boundary = "arn:aws:iam::111122223333:policy/boundary"
    on-call  = "arn:aws:iam::111122223333:role/on-call"
  }

  input = each.value
}

module "key_rotation" {
  source = "../../.."

  users = {
    alice = { email = "alice@example.com", reader_arns = ["arn:aws:iam::111122223333:role/${terraform_data.made.id}"] }
    bob   = { reader_arns = ["arn:aws:iam::444455556666:role/${terraform_data.made.id}"], first_key = true }
    carol = { reader_arns = [terraform_data.arn["deploy"].output] }
  }

  kms_key                   = { arn = terraform_data.arn["key"].output, keep_module_key = false }
  secret_reader_arns        = [terraform_data.arn["deploy"].output]
  never_user_arns           = [terraform_data.arn["admin"].output]
  dead_letter_operator_arns = [terraform_data.arn["on-call"].output]
  event_bus_arn             = terraform_data.arn["bus"].output

  function = {
    permissions_boundary_arn = terraform_data.arn["boundary"].output
    vpc = {
      subnet_ids         = ["subnet-${terraform_data.made.id}"]
      security_group_ids = ["sg-${terraform_data.made.id}"]
    }
  }

  monitoring = { alarm_action_arns = [terraform_data.arn["alarms"].output] }
}

# Both keys, until every secret has moved.
module "moving" {
  source = "../../.."

  name     = "moving"
  user_tag = { value = "moving" }
  kms_key  = { arn = terraform_data.arn["key"].output, keep_module_key = true }
}

module "guardrails" {
  source = "../../../examples/guardrails"

  event_bus_arn       = terraform_data.arn["bus"].output
  kms_key_arns        = [module.key_rotation.kms_key_arn]
  reader_role_arns    = [terraform_data.arn["deploy"].output]
  terraform_role_arns = [terraform_data.arn["deploy"].output]
  operator_role_arns  = [terraform_data.arn["on-call"].output]
}

output "secrets" {
  description = "Names of the users whose secrets the plan makes."
  value       = keys(module.key_rotation.user_secret_arns)
}
