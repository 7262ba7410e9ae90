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
