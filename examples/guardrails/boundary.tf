# The permissions boundary: the most that the function's role can ever do. It has every action of the module's own policy of
# the role, in any of its settings; the details, such as which secrets, are in that policy.

data "aws_iam_policy_document" "boundary" {
  statement {
    sid = "FindManagedUsers"

    actions = [
      "iam:GenerateCredentialReport",
      "iam:GetAccountAuthorizationDetails",
      "iam:GetCredentialReport",
      "iam:ListUsers",
    ]

    resources = ["*"] # AWS offers no restriction
  }

  statement {
    sid       = "LookAtUsersAndReaders"
    actions   = ["iam:GetRole", "iam:GetUser", "iam:ListUserTags"]
    resources = [local.user_arns, "arn:${local.partition}:iam::*:role/*"]
  }

  statement {
    sid = "RotateKeysOfManagedUsers"

    actions = [
      "iam:CreateAccessKey",
      "iam:DeleteAccessKey",
      "iam:GetAccessKeyLastUsed",
      "iam:GetLoginProfile",
      "iam:ListAccessKeys",
      "iam:UpdateAccessKey",
    ]

    resources = [local.user_arns]

    condition {
      test     = "StringEquals"
      variable = "aws:ResourceTag/${var.user_tag.key}"
      values   = [var.user_tag.value]
    }
  }

  statement {
    sid       = "FindSecrets"
    actions   = ["secretsmanager:ListSecrets"]
    resources = ["*"] # AWS offers no restriction
  }

  statement {
    sid = "KeepSecrets"

    actions = [
      "secretsmanager:CreateSecret",
      "secretsmanager:DeleteSecret",
      "secretsmanager:DescribeSecret",
      "secretsmanager:GetResourcePolicy",
      "secretsmanager:PutResourcePolicy",
      "secretsmanager:PutSecretValue",
      "secretsmanager:RemoveRegionsFromReplication",
      "secretsmanager:RestoreSecret",
      "secretsmanager:TagResource",
      "secretsmanager:UntagResource",
      "secretsmanager:UpdateSecret",
    ]

    resources = [local.secret_arns]
  }

  # That it is not allowed above would not do: a secret's policy can admit a session of the role, beside any boundary.
  statement {
    sid       = "NeverReadSecretValues"
    effect    = "Deny"
    actions   = ["secretsmanager:GetSecretValue"]
    resources = ["*"]
  }

  # With any key, since a secret that somebody put on another one must come back. The role sees nothing of what is decrypted.
  statement {
    sid       = "EncryptSecretsAndMessages"
    actions   = ["kms:Decrypt", "kms:Encrypt", "kms:GenerateDataKey"]
    resources = ["arn:${local.partition}:kms:*:*:key/*"]

    condition {
      test     = "StringLike"
      variable = "kms:ViaService"
      values   = ["secretsmanager.*", "sns.*"]
    }
  }

  statement {
    sid       = "NotifyPeople"
    actions   = ["sns:GetSubscriptionAttributes", "sns:ListSubscriptionsByTopic", "sns:Publish"]
    resources = [local.topic_arn]
  }

  statement {
    sid       = "SendEvents"
    actions   = ["events:PutEvents"]
    resources = [coalesce(var.event_bus_arn, "arn:${local.partition}:events:*:*:event-bus/default")]
  }

  statement {
    sid       = "ReadSettings"
    actions   = ["ssm:GetParametersByPath"]
    resources = [local.parameters]
  }

  statement {
    sid       = "WriteLogs"
    actions   = ["logs:CreateLogStream", "logs:PutLogEvents"]
    resources = ["${local.log_group_arn}:*"]
  }

  statement {
    sid       = "PutMetrics"
    actions   = ["cloudwatch:PutMetricData"]
    resources = ["*"] # AWS offers the namespace as the only restriction

    condition {
      test     = "StringEquals"
      variable = "cloudwatch:namespace"
      values   = ["AccessKeyRotation"]
    }
  }

  statement {
    sid       = "KeepEventsThatFailed"
    actions   = ["sqs:SendMessage"]
    resources = [local.queue_arn]
  }

  # Lambda joins the network with the role. The module's policy of the role denies it to the function's code.
  dynamic "statement" {
    for_each = var.vpc ? ["ec2"] : []

    content {
      sid = "JoinTheNetwork"

      actions = [
        "ec2:AssignPrivateIpAddresses",
        "ec2:CreateNetworkInterface",
        "ec2:DeleteNetworkInterface",
        "ec2:DescribeNetworkInterfaces",
        "ec2:DescribeSubnets",
        "ec2:UnassignPrivateIpAddresses",
      ]

      resources = ["*"]
    }
  }
}
