# One topic for all messages. Each message carries the attributes `audience` (user or operator) and `user`; subscriptions
# filter on them, so that a key owner hears of their own keys only.

resource "aws_sns_topic" "this" {
  name              = var.name
  display_name      = "IAM access keys"
  kms_master_key_id = local.kms_key_arn
  signature_version = 2 # SHA-256; 1 is SHA-1
  tags              = var.tags

  depends_on = [aws_iam_role.function] # which has the name: see iam.tf
}

data "aws_iam_policy_document" "topic" {
  # The function needs no statement here: its role allows it. This denies everyone else, even with a policy of their own, and
  # every AWS service: people paste commands from these messages, so nobody may forge one.
  statement {
    sid       = "NobodyElsePublishes"
    effect    = "Deny"
    actions   = ["sns:Publish"]
    resources = [local.arn.topic]

    principals {
      type        = "*"
      identifiers = ["*"]
    }

    condition {
      test     = "ArnNotEquals"
      variable = "aws:PrincipalArn"
      values   = [local.arn.role]
    }
  }

  statement {
    sid       = "TlsOnly"
    effect    = "Deny"
    actions   = ["sns:Publish"]
    resources = [local.arn.topic]

    principals {
      type        = "*"
      identifiers = ["*"]
    }

    condition {
      test     = "Bool"
      variable = "aws:SecureTransport"
      values   = ["false"]
    }
  }
}

resource "aws_sns_topic_policy" "this" {
  arn    = aws_sns_topic.this.arn
  policy = data.aws_iam_policy_document.topic.json
}

locals {
  # SNS takes one subscription per address, so users are grouped by theirs.
  users_by_email = {
    for name, user in local.users : user.email => name... if user.email != null
  }

  subscribers = toset(concat(keys(local.users_by_email), tolist(var.operator_emails)))

  filter_of_operators = { audience = ["operator"] }
  filters_of_users = {
    for email, users in local.users_by_email : email => { audience = ["user"], user = sort(users) }
  }

  # JSON here, since the three shapes have three types. An address of an operator and of a user gets both by "$or".
  filter_policies = {
    for email in local.subscribers : email => (
      !contains(keys(local.users_by_email), email) ? jsonencode(local.filter_of_operators) :
      !contains(var.operator_emails, email) ? jsonencode(local.filters_of_users[email]) :
      jsonencode({ "$or" = [local.filter_of_operators, local.filters_of_users[email]] })
    )
  }
}

resource "aws_sns_topic_subscription" "email" {
  for_each = local.subscribers

  topic_arn           = aws_sns_topic.this.arn
  protocol            = "email"
  endpoint            = each.value
  filter_policy_scope = "MessageAttributes"
  filter_policy       = local.filter_policies[each.value]
}
