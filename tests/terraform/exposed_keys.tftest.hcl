# Keys that AWS finds in public, by plan with the real provider, offline, as in policies.tftest.hcl.

provider "aws" {
  region                      = "eu-central-1"
  access_key                  = "offline"
  secret_key                  = "offline"
  skip_credentials_validation = true
  skip_metadata_api_check     = true
  skip_requesting_account_id  = true
}

override_data {
  target = data.aws_caller_identity.current
  values = { account_id = "123456789012" }
}

override_data {
  target = data.aws_iam_roles.claim
  values = { arns = [] }
}

variables {
  kms_key = { arn = "arn:aws:kms:eu-central-1:123456789012:key/brought-along", keep_module_key = false }
}

run "not_unless_asked_for" {
  command = plan

  assert {
    condition     = length(aws_cloudwatch_event_rule.exposed_keys) == 0 && length(aws_lambda_permission.exposed_keys) == 0
    error_message = "rotate_exposed_keys must be off by default."
  }

  assert {
    condition     = length(terraform_data.rule_token) == 0
    error_message = "Without the rule there must be no token that an event could match."
  }
}

run "exposed_keys" {
  command = plan

  variables {
    rotate_exposed_keys = true
  }

  # The sample is what the function's tests read, too.
  assert {
    condition = alltrue([
      for field, values in jsondecode(aws_cloudwatch_event_rule.exposed_keys["rule"].event_pattern) :
      field == "detail" ?
      alltrue([for inner, wanted in values : contains(wanted, jsondecode(file("tests/samples/health_exposed_key.json")).detail[inner])]) :
      contains(values, jsondecode(file("tests/samples/health_exposed_key.json"))[field])
    ])
    error_message = "The rule must match the event that AWS sends."
  }

  assert {
    condition     = keys(jsondecode(aws_cloudwatch_event_rule.exposed_keys["rule"].event_pattern).detail) == ["service"]
    error_message = "The rule must match a risk under any code and category: the function refuses those that it cannot serve, with a dead letter."
  }

  assert {
    condition     = length(terraform_data.rule_token) == 1 && length(aws_cloudwatch_event_target.exposed_keys["rule"].input_transformer) == 1
    error_message = "The rule must hand the event over with the token, which tells it from an invocation by anybody else."
  }

  assert {
    condition = length([
      for statement in jsondecode(aws_sqs_queue.dead_letters.policy).Statement : statement
      if try(statement.Condition.ArnEquals["aws:SourceArn"], null) == [
        "arn:aws:events:eu-central-1:123456789012:rule/access-key-rotation",
        "arn:aws:events:eu-central-1:123456789012:rule/access-key-rotation-exposed-keys",
      ]
    ]) == 1
    error_message = "The rule must be able to leave a dead letter: an emergency is never lost."
  }
}
