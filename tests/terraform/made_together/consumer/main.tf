# modules/consumer beside a rotation and a function of the same configuration, whose ARNs are not known before the apply. The
# rotation admits the function's role, and the function has the consumer's queue for what it fails on: no circle.

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

resource "terraform_data" "function" {
  input = module.build_agent_key.dead_letter_queue_arn
}

resource "terraform_data" "policy_of_its_role" {
  input = module.build_agent_key.reader_policy_json
}

module "key_rotation" {
  source = "../../../.."

  users         = { build-agent = { reader_arns = ["arn:aws:iam::111122223333:role/${terraform_data.made.id}"] } }
  event_bus_arn = "arn:aws:events:eu-central-1:111122223333:event-bus/${terraform_data.made.id}"
  grace_days    = 7
}

module "build_agent_key" {
  source = "../../../../modules/consumer"

  name             = "build-agent-key"
  user_name        = "build-agent"
  secret_arn       = module.key_rotation.user_secret_arns["build-agent"]
  kms_key_arn      = module.key_rotation.kms_key_arn
  function_arn     = "arn:aws:lambda:eu-central-1:111122223333:function:${terraform_data.function.id}"
  event_bus_arn    = "arn:aws:events:eu-central-1:111122223333:event-bus/${terraform_data.made.id}"
  alarm_topic_arns = ["arn:aws:sns:eu-central-1:111122223333:${terraform_data.made.id}"]
}
