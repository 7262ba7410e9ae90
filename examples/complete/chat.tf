# The same messages, and the alarms, as cards in a Slack channel, by Amazon Q Developer in chat applications (once AWS
# Chatbot). Before this, connect the workspace by hand, once per account: its console asks for your consent in Slack.
#
# The channel gets what owners get, too: its subscription counts for every user, so nobody is blocked as
# `no_confirmed_subscription`. Choose a channel whose members may know who has which key; no message holds a secret.

resource "aws_chatbot_slack_channel_configuration" "operators" {
  count = var.slack_channel == null ? 0 : 1

  configuration_name    = var.name
  slack_team_id         = var.slack_channel.team_id
  slack_channel_id      = var.slack_channel.channel_id
  iam_role_arn          = aws_iam_role.chat[0].arn
  guardrail_policy_arns = ["arn:${data.aws_partition.current.partition}:iam::aws:policy/AWSDenyAll"] # it only shows messages
  sns_topic_arns        = compact([module.key_rotation.topic_arn, module.key_rotation.alarm_topic_arn])
  tags                  = var.tags
}

resource "aws_iam_role" "chat" {
  count = var.slack_channel == null ? 0 : 1

  name               = "${var.name}-chat"
  description        = "What may be done from the Slack channel: nothing."
  assume_role_policy = data.aws_iam_policy_document.chat_assume.json
  tags               = var.tags
}

data "aws_iam_policy_document" "chat_assume" {
  statement {
    sid     = "AmazonQInChatApplications"
    actions = ["sts:AssumeRole"]

    principals {
      type        = "Service"
      identifiers = ["chatbot.amazonaws.com"]
    }
  }
}
