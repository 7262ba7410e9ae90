# What the function may do: one statement per capability. IAM itself enforces the limits that matter most: the function
# cannot change keys of unmanaged users, cannot read the value of a secret, and nothing else that gets the role can use it.

data "aws_iam_policy_document" "assume_role" {
  statement {
    sid     = "LambdaRunsTheFunction"
    actions = ["sts:AssumeRole"]

    principals {
      type        = "Service"
      identifiers = ["lambda.amazonaws.com"]
    }
  }
}

# IAM gives a name once, but a topic, a queue, a rule, an alarm or a dashboard that exists is taken over without an error. So
# these wait for this role: a second installation of this name changes nothing of the first one. It has the claim before.
resource "aws_iam_role" "function" {
  name                 = var.name
  path                 = local.function.role_path
  description          = "What the IAM access key rotation ${var.name} may do."
  assume_role_policy   = data.aws_iam_policy_document.assume_role.json
  permissions_boundary = local.function.permissions_boundary_arn
  tags                 = var.tags

  depends_on = [aws_iam_role.claim]
}

resource "aws_iam_role_policy" "function" {
  name   = "rotate-access-keys"
  role   = aws_iam_role.function.id
  policy = data.aws_iam_policy_document.function.json
}

locals {
  # var.user_tag with its defaults.
  user_tag = {
    key   = coalesce(lookup(var.user_tag, "key", null), "access-key-rotation")
    value = coalesce(lookup(var.user_tag, "value", null), "enabled")
  }

  # A run checks that the readers of this account exist, before it creates a key.
  readers_here     = [for arn in var.secret_reader_arns : arn if split(":", arn)[4] == local.account_id]
  reader_users     = [for arn in local.readers_here : arn if startswith(split(":", arn)[5], "user/")]
  reader_roles     = [for arn in local.readers_here : arn if startswith(split(":", arn)[5], "role/")]
  managed_by_key   = one(keys(local.managed_by_tag))
  metric_namespace = "AccessKeyRotation"
  event_source     = "iam-access-key-rotation" # key_rotation/notify/events.py

  # What Lambda itself does with the role, not the function's code. `lambda:SourceFunctionArn` is not in such requests, or
  # nobody has seen that it is, so OnlyThisFunction leaves them alone. See docs/adr/0024.
  network_actions = [
    "ec2:AssignPrivateIpAddresses",
    "ec2:CreateNetworkInterface",
    "ec2:DeleteNetworkInterface",
    "ec2:DescribeNetworkInterfaces",
    "ec2:DescribeSubnets",
    "ec2:UnassignPrivateIpAddresses",
  ]
  actions_of_lambda = concat(
    ["logs:CreateLogStream", "logs:PutLogEvents", "sqs:SendMessage"],
    local.function.vpc != null ? local.network_actions : [],
    ["kms:Decrypt", "kms:Encrypt", "kms:GenerateDataKey"], # asked by Secrets Manager and SNS on behalf of the role
  )
}

data "aws_iam_policy_document" "function" {
  # --- IAM users and their keys

  # A run reads in bulk. If the account denies that, it uses ListUsers and ListUserTags.
  statement {
    sid = "FindManagedUsers"
    actions = concat(
      ["iam:GenerateCredentialReport", "iam:GetCredentialReport", "iam:ListUsers"],
      var.bulk_discovery ? ["iam:GetAccountAuthorizationDetails"] : [],
    )
    resources = ["*"] # AWS offers no restriction
  }

  # Without a condition on the tag: this call finds out who has the tag. It is also asked again before
  # a superseded or unused key is disabled.
  statement {
    sid       = "ReadTagsOfUsers"
    actions   = ["iam:ListUserTags"]
    resources = [local.arn.users]
  }

  statement {
    sid       = "ReadKeysOfManagedUsers"
    actions   = ["iam:GetAccessKeyLastUsed", "iam:GetLoginProfile", "iam:ListAccessKeys"]
    resources = [local.arn.users]

    condition {
      test     = "StringEquals"
      variable = "aws:ResourceTag/${local.user_tag.key}"
      values   = [local.user_tag.value]
    }
  }

  statement {
    sid       = "ChangeKeysOfManagedUsers"
    actions   = ["iam:CreateAccessKey", "iam:DeleteAccessKey", "iam:UpdateAccessKey"]
    resources = [local.arn.users]

    condition {
      test     = "StringEquals"
      variable = "aws:ResourceTag/${local.user_tag.key}"
      values   = [local.user_tag.value]
    }
  }

  # Whatever tag they carry, and whatever else is attached to the role.
  dynamic "statement" {
    for_each = length(var.never_user_arns) > 0 ? [var.never_user_arns] : []

    content {
      sid    = "NeverTouchTheseUsers"
      effect = "Deny"
      actions = [
        "iam:CreateAccessKey",
        "iam:DeleteAccessKey",
        "iam:GetAccessKeyLastUsed",
        "iam:GetLoginProfile",
        "iam:ListAccessKeys",
        "iam:UpdateAccessKey",
      ]
      resources = statement.value
    }
  }

  dynamic "statement" {
    for_each = length(local.reader_users) > 0 ? [local.reader_users] : []

    content {
      sid       = "CheckReadingUsers"
      actions   = ["iam:GetUser"]
      resources = statement.value
    }
  }

  dynamic "statement" {
    for_each = length(local.reader_roles) > 0 ? [local.reader_roles] : []

    content {
      sid       = "CheckReadingRoles"
      actions   = ["iam:GetRole"]
      resources = statement.value
    }
  }

  # --- The users' secrets

  # Without a condition on the tag: this call finds out whether a secret exists.
  statement {
    sid       = "DescribeSecrets"
    actions   = ["secretsmanager:DescribeSecret"]
    resources = [local.arn.secrets]
  }

  # CreateSecret with tags needs TagResource. The second condition protects secrets that have another installation's tag; a
  # new secret has no tag yet.
  statement {
    sid       = "CreateOwnSecrets"
    actions   = ["secretsmanager:CreateSecret", "secretsmanager:TagResource"]
    resources = [local.arn.secrets]

    condition {
      test     = "StringEquals"
      variable = "aws:RequestTag/${local.managed_by_key}"
      values   = [var.name]
    }

    condition {
      test     = "StringEqualsIfExists"
      variable = "aws:ResourceTag/${local.managed_by_key}"
      values   = [var.name]
    }
  }

  statement {
    sid = "KeepOwnSecrets"
    actions = [
      "secretsmanager:GetResourcePolicy",
      "secretsmanager:PutSecretValue",
      "secretsmanager:RemoveRegionsFromReplication",
      "secretsmanager:RestoreSecret",
      "secretsmanager:TagResource",
      "secretsmanager:UntagResource",
      "secretsmanager:UpdateSecret",
    ]
    resources = [local.arn.secrets]

    condition {
      test     = "StringEquals"
      variable = "aws:ResourceTag/${local.managed_by_key}"
      values   = [var.name]
    }
  }

  # Secrets Manager refuses a policy that would let the public read.
  statement {
    sid       = "ProtectOwnSecrets"
    actions   = ["secretsmanager:PutResourcePolicy"]
    resources = [local.arn.secrets]

    condition {
      test     = "StringEquals"
      variable = "aws:ResourceTag/${local.managed_by_key}"
      values   = [var.name]
    }

    condition {
      test     = "Bool"
      variable = "secretsmanager:BlockPublicPolicy"
      values   = ["true"]
    }
  }

  # Who can read a secret is looked at weekly and after a change of readers. Secrets of deleted users are found, too.
  statement {
    sid       = "FindOwnSecrets"
    actions   = ["secretsmanager:ListSecrets"]
    resources = ["*"] # AWS offers no restriction
  }

  # Secrets of deleted users.
  dynamic "statement" {
    for_each = var.deleted_user_secret_retention_days > 0 ? [local.arn.secrets] : []

    content {
      sid       = "ScheduleDeletionOfOwnSecrets"
      actions   = ["secretsmanager:DeleteSecret"]
      resources = [statement.value]

      condition {
        test     = "StringEquals"
        variable = "aws:ResourceTag/${local.managed_by_key}"
        values   = [var.name]
      }

      # Never at once: operators can restore it for 30 days, the longest that Secrets Manager offers.
      condition {
        test     = "NumericEquals"
        variable = "secretsmanager:RecoveryWindowInDays"
        values   = ["30"]
      }
    }
  }

  # This holds even if somebody attaches another policy to the role.
  statement {
    sid       = "NeverReadSecretValues"
    effect    = "Deny"
    actions   = ["secretsmanager:BatchGetSecretValue", "secretsmanager:GetSecretValue"]
    resources = ["*"]
  }

  statement {
    sid       = "EncryptSecretsAndMessages"
    actions   = ["kms:Decrypt", "kms:Encrypt", "kms:GenerateDataKey"]
    resources = [local.kms_key_arn]

    condition {
      test     = "StringEquals"
      variable = "kms:ViaService"
      values   = concat(local.via_secretsmanager, local.via_sns)
    }
  }

  # A secret that is on another key can only leave it if Secrets Manager may decrypt it there. Without this permission it
  # would stay on the former key, without an error. No permission lets the role see what is in it.
  statement {
    sid       = "MoveSecretsFromOtherKeys"
    actions   = ["kms:Decrypt"]
    resources = ["arn:${local.partition}:kms:${local.region}:*:key/*"]

    condition {
      test     = "StringEquals"
      variable = "kms:ViaService"
      values   = local.via_secretsmanager
    }

    condition {
      test     = "StringLike"
      variable = "kms:EncryptionContext:SecretARN"
      values   = [local.arn.secrets]
    }
  }

  # --- Messages and events

  statement {
    sid       = "PublishMessages"
    actions   = ["sns:Publish"]
    resources = [local.arn.topic]
  }

  # SNS checks GetSubscriptionAttributes against the topic, too.
  statement {
    sid       = "FindSubscriptions"
    actions   = ["sns:GetSubscriptionAttributes", "sns:ListSubscriptionsByTopic"]
    resources = [local.arn.topic]
  }

  statement {
    sid       = "SendEvents"
    actions   = ["events:PutEvents"]
    resources = [local.arn.event_bus]

    # Events of a batch may differ in their source.
    condition {
      test     = "ForAllValues:StringEquals"
      variable = "events:source"
      values   = [local.event_source]
    }
  }

  # --- The run itself

  statement {
    sid       = "ReadSettings"
    actions   = ["ssm:GetParametersByPath"]
    resources = concat([local.arn.config], length(local.user_options) > 0 ? [local.arn.user_options] : [])
  }

  statement {
    sid       = "WriteLogs"
    actions   = ["logs:CreateLogStream", "logs:PutLogEvents"]
    resources = ["${local.arn.log_group}:*"]
  }

  statement {
    sid       = "PutMetrics"
    actions   = ["cloudwatch:PutMetricData"]
    resources = ["*"] # AWS offers the namespace as the only restriction

    condition {
      test     = "StringEquals"
      variable = "cloudwatch:namespace"
      values   = [local.metric_namespace]
    }
  }

  statement {
    sid       = "KeepEventsThatFailed"
    actions   = ["sqs:SendMessage"]
    resources = [local.arn.dead_letters]
  }

  # --- The network, if it runs in a VPC

  dynamic "statement" {
    for_each = local.function.vpc[*]

    content {
      sid       = "FindNetworkInterfaces"
      actions   = ["ec2:DescribeNetworkInterfaces", "ec2:DescribeSubnets"]
      resources = ["*"] # AWS offers no restriction
    }
  }

  # Lambda's documentation asks for this resource: Lambda checks it before it creates the function.
  dynamic "statement" {
    for_each = local.function.vpc[*]

    content {
      sid = "ConnectToTheNetwork"
      actions = [
        "ec2:AssignPrivateIpAddresses",
        "ec2:CreateNetworkInterface",
        "ec2:DeleteNetworkInterface",
        "ec2:UnassignPrivateIpAddresses",
      ]
      resources = ["arn:${local.partition}:ec2:${local.region}:${local.account_id}:*"]
    }
  }

  # Only Lambda itself may use these permissions. The code of a function, whichever has this role, may not.
  dynamic "statement" {
    for_each = local.function.vpc[*]

    content {
      sid       = "LeaveTheNetworkToLambda"
      effect    = "Deny"
      actions   = local.network_actions
      resources = ["*"]

      condition {
        test     = "Null"
        variable = "lambda:SourceFunctionArn"
        values   = ["false"]
      }
    }
  }

  # --- Nobody else

  # Of all that can get the role's credentials: another function that it is passed to, or a person.
  statement {
    sid         = "OnlyThisFunction"
    effect      = "Deny"
    not_actions = local.actions_of_lambda
    resources   = ["*"]

    condition {
      test     = "ArnNotEquals"
      variable = "lambda:SourceFunctionArn"
      values   = [local.arn.function]
    }
  }
}
