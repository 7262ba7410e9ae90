# What of examples/complete LocalStack cannot apply, by plan.

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
  values = { account_id = "111122223333" }
}

override_data {
  target = module.key_rotation.data.aws_caller_identity.current
  values = { account_id = "111122223333" }
}

override_data {
  target = module.key_rotation.data.aws_iam_roles.claim
  values = { arns = [] }
}

run "no_chat_unless_asked_for" {
  command = plan

  module {
    source = "./examples/complete"
  }

  assert {
    condition     = length(aws_chatbot_slack_channel_configuration.operators) == 0 && length(aws_iam_role.chat) == 0
    error_message = "Without slack_channel there must be no chat."
  }
}

# The workspace of a test is called default: so is the account.
run "many_accounts" {
  command = plan

  module {
    source = "./examples/multi-account"
  }

  variables {
    region          = "eu-central-1"
    central_account = "default"
    central_emails  = ["security@example.com"]
    operator_emails = ["ops@example.com"]
    accounts = {
      default = { id = "111122223333" }
      shop    = { id = "444455556666", operator_emails = ["shop@example.com"] }
    }
  }

  assert {
    condition = [
      for statement in jsondecode(aws_sns_topic_policy.central["here"].policy).Statement :
      [statement.Sid, statement.Condition] if statement.Effect == "Deny"
      ] == [
      ["NobodyElsePublishes", { Bool = { "aws:PrincipalIsAWSService" = "false" } }],
      ["TlsOnly", { Bool = { "aws:SecureTransport" = "false" } }],
    ]
    error_message = "The central topic must take messages of the two services only, over TLS."
  }

  assert {
    condition = toset(flatten([
      for statement in jsondecode(aws_sns_topic_policy.central["here"].policy).Statement :
      statement.Condition.ArnEquals["aws:SourceArn"] if statement.Sid == "AlarmsOfTheAccountsPublish"
      ])) == toset(flatten([
      for id in ["111122223333", "444455556666"] : [
        for alarm in ["dead-letters", "errors", "key-overdue", "no-run", "not-started"] : "arn:aws:cloudwatch:eu-central-1:${id}:alarm:access-key-rotation-${alarm}"
      ]
    ]))
    error_message = "The alarms of each installation, and no others, must be able to publish to the central topic."
  }

  assert {
    condition     = aws_cloudwatch_event_target.blocked["here"].input_transformer[0].input_paths.account == "$.account"
    error_message = "The account in the mail must be the one that EventBridge wrote on the envelope."
  }

  assert {
    condition     = keys(aws_sns_topic_subscription.central) == ["security@example.com"]
    error_message = "Of all accounts only central_emails are told."
  }
}

run "many_accounts_and_nobody_to_tell" {
  command = plan

  module {
    source = "./examples/multi-account"
  }

  variables {
    region          = "eu-central-1"
    central_account = "default"
    central_emails  = []
    operator_emails = []
    accounts = {
      default = { id = "111122223333", operator_emails = ["ops@example.com"] }
      shop    = { id = "444455556666" }
    }
  }

  expect_failures = [var.operator_emails]
}

run "slack" {
  command = plan

  module {
    source = "./examples/complete"
  }

  variables {
    slack_channel = { team_id = "T0123456789", channel_id = "C0123456789" }
  }

  assert {
    condition = alltrue([
      aws_chatbot_slack_channel_configuration.operators[0].slack_team_id == "T0123456789",
      aws_chatbot_slack_channel_configuration.operators[0].slack_channel_id == "C0123456789",
      tolist(aws_chatbot_slack_channel_configuration.operators[0].guardrail_policy_arns) == tolist(["arn:aws:iam::aws:policy/AWSDenyAll"]),
      jsondecode(aws_iam_role.chat[0].assume_role_policy).Statement[0].Principal.Service == "chatbot.amazonaws.com",
    ])
    error_message = "The Slack channel must be configured, and may do nothing."
  }
}

run "no_security_hub_unless_asked_for" {
  command = plan

  module {
    source = "./examples/complete"
  }

  assert {
    condition     = length(aws_securityhub_automation_rule.secrets) == 0
    error_message = "Where Security Hub is off, the apply would fail."
  }
}

run "security_hub" {
  command = plan

  module {
    source = "./examples/complete"
  }

  variables {
    suppress_security_hub_findings = true
  }

  assert {
    condition = (
      toset(aws_securityhub_automation_rule.secrets[0].criteria[0].compliance_security_control_id[*].value)
      == toset(["SecretsManager.1", "SecretsManager.3", "SecretsManager.4"])
    )
    error_message = "No other control may be suppressed."
  }

  # AWS has called the product "Security Hub" and "Security Hub CSPM".
  assert {
    condition = (
      length(aws_securityhub_automation_rule.secrets[0].criteria[0].product_name) == 0 &&
      one(aws_securityhub_automation_rule.secrets[0].criteria[0].product_arn).comparison == "CONTAINS" &&
      strcontains(
        "arn:aws:securityhub:eu-central-1::product/aws/securityhub",
        one(aws_securityhub_automation_rule.secrets[0].criteria[0].product_arn).value
      ) &&
      !strcontains(
        "arn:aws:securityhub:eu-central-1:111122223333:product/111122223333/default",
        one(aws_securityhub_automation_rule.secrets[0].criteria[0].product_arn).value
      )
    )
    error_message = "The findings of Security Hub itself, and no others, may be suppressed, whatever it calls itself."
  }

  # Without these, it would suppress the findings about every secret of the account.
  assert {
    condition = alltrue([
      length(aws_securityhub_automation_rule.secrets[0].criteria[0].resource_tags) == 1,
      one(aws_securityhub_automation_rule.secrets[0].criteria[0].resource_tags).key == "access-key-rotation:managed-by",
      one(aws_securityhub_automation_rule.secrets[0].criteria[0].resource_tags).value == "access-key-rotation",
      one(aws_securityhub_automation_rule.secrets[0].criteria[0].resource_tags).comparison == "EQUALS",
      one(aws_securityhub_automation_rule.secrets[0].criteria[0].resource_id).value == ":secret:iam-access-key/",
    ])
    error_message = "Only secrets with the name and the tag of this installation may be suppressed."
  }
}

# What its policies refuse and allow is in tests/policies.
run "guardrails" {
  command = plan

  module {
    source = "./examples/guardrails"
  }

  variables {
    terraform_role_arns = ["arn:aws:iam::*:role/terraform"]
    operator_role_arns  = ["arn:aws:iam::*:role/aws-reserved/sso.amazonaws.com/*/AWSReservedSSO_KeyOperators_*"]
  }

  assert {
    condition = alltrue([
      for statement in jsondecode(output.service_control_policy).Statement :
      statement.Effect == "Deny" && !can(statement.Principal)
    ])
    error_message = "A service control policy must only take away, and has no principal."
  }
}

run "guardrails_too_large_for_aws" {
  command = plan

  module {
    source = "./examples/guardrails"
  }

  variables {
    terraform_role_arns = [for number in range(20) : "arn:aws:iam::${format("%012d", number)}:role/terraform"]
    operator_role_arns  = ["arn:aws:iam::*:role/on-call"]
  }

  expect_failures = [output.service_control_policy]
}

run "guardrails_that_exempt_every_role" {
  command = plan

  module {
    source = "./examples/guardrails"
  }

  variables {
    terraform_role_arns = ["arn:aws:iam::*:role/*"]
    operator_role_arns  = []
  }

  expect_failures = [var.terraform_role_arns, var.operator_role_arns]
}

run "a_key_of_ones_own" {
  command = plan

  module {
    source = "./examples/complete"
  }

  variables {
    own_kms_key = true
  }

  assert {
    condition = alltrue([
      for statement in jsondecode(data.aws_iam_policy_document.own_key.json).Statement : alltrue([
        for action in flatten([statement.Action]) :
        !can(regex("[*]|Encrypt|Decrypt|DataKey|CreateGrant|Sign|Mac", action))
      ]) if statement.Sid == "AccountAdministersTheKey"
    ])
    error_message = "Administration must not include the use of the key, nor grants."
  }
}

run "a_document_of_one_command" {
  command = plan

  module {
    source = "./examples/complete"
  }

  assert {
    condition = (
      jsondecode(aws_ssm_document.restart_the_consumer.content).mainSteps[0].inputs == { runCommand = ["systemctl restart build-agent"] } &&
      !can(jsondecode(aws_ssm_document.restart_the_consumer.content).parameters) &&
      [
        for statement in jsondecode(data.aws_iam_policy_document.redeploy.json).Statement : statement.Resource
        if statement.Sid == "RunTheDocument"
      ] == ["arn:aws:ssm:eu-central-1:111122223333:document/access-key-rotation-restart-build-agent"]
    )
    error_message = "The role must be able to restart the consumer, and to run nothing else."
  }
}

# What is not known before the apply is no wrong value, and the plan still shows whose secrets it makes.
run "resources_of_the_same_configuration" {
  command = plan

  module {
    source = "./tests/terraform/made_together"
  }

  override_data {
    target = module.moving.data.aws_caller_identity.current
    values = { account_id = "111122223333" }
  }

  override_data {
    target = module.moving.data.aws_iam_roles.claim
    values = { arns = [] }
  }

  assert {
    condition     = output.secrets == ["alice", "bob", "carol"]
    error_message = "The plan must show the secrets."
  }
}
