# The rotation and recipes of examples/delivery in one configuration, as examples/delivery/README.md has it: each needs something
# of the other, and none waits for itself.

terraform {
  required_version = ">= 1.9"

  required_providers {
    aws = {
      source  = "hashicorp/aws"
      version = ">= 5.80"
    }
  }
}

resource "terraform_data" "others" {
  for_each = {
    key   = "arn:aws:kms:eu-central-1:111122223333:key/others"
    token = "arn:aws:secretsmanager:eu-central-1:111122223333:secret:gitlab-token-AbCdEf"
  }

  input = each.value
}

module "key_rotation" {
  source = "../../../.."

  users      = { build-agent = { reader_arns = [module.parameter.reader_arn, module.ci_variable.reader_arn, module.reference.reader_arn] } }
  grace_days = 7
}

module "parameter" {
  source = "../../../../examples/delivery/parameter"

  user_name             = "build-agent"
  secret_arn            = module.key_rotation.user_secret_arns["build-agent"]
  kms_key_arn           = module.key_rotation.kms_key_arn
  parameter_name        = "/build-agent/credentials"
  parameter_kms_key_arn = terraform_data.others["key"].output
  image                 = "example"
  program               = "program"
}

module "ci_variable" {
  source = "../../../../examples/delivery/ci-variable"

  user_name         = "build-agent"
  secret_arn        = module.key_rotation.user_secret_arns["build-agent"]
  kms_key_arn       = module.key_rotation.kms_key_arn
  gitlab_project    = "platform/shop"
  token_secret_arn  = terraform_data.others["token"].output
  token_kms_key_arn = terraform_data.others["key"].output
}

module "reference" {
  source = "../../../../examples/delivery/reference"

  secret_arn  = module.key_rotation.user_secret_arns["build-agent"]
  kms_key_arn = module.key_rotation.kms_key_arn
  image       = "example"
  program     = "program"
}

output "functions" {
  description = "Names of the functions that deliver."
  value       = [module.parameter.function_name, module.ci_variable.function_name]
}
