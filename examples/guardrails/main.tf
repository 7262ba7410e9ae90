# What keeps an administrator of an account from undoing what protects the keys. Two policies, as JSON in the outputs; this
# example creates nothing.
#
# service_control_policy  Attach it in the organization's management account (aws_organizations_policy) to the accounts or OUs
#                         that have an installation. It allows nothing: it takes away from everybody, root users included, what
#                         only Terraform, the operators and the function need.
# permissions_boundary    Make it a policy of the account of the name <name>-boundary (aws_iam_policy), and give its ARN to the
#                         module: function = { permissions_boundary_arn = … }. Whatever else somebody attaches to the
#                         function's role, it never gets more than that.
#
# What to know before you attach the service control policy:
# - AWS does not apply such policies to the management account, nor to service-linked roles. Install in a member account.
# - Apply the module first. Afterwards only terraform_role_arns can change the installation, and only they can change the roles
#   that are exempt, or read secrets: otherwise an administrator would let themselves assume one. Name a role of your landing
#   zone too, such as OrganizationAccountAccessRole, so that a broken trust policy can be mended.
# - It refuses everything but what it names as harmless, in every region. So it also covers what AWS adds later.
# - Everybody may still disable or delete a managed user's key, and invoke the function: a leak cannot wait for a role. The next
#   run disables a leaked key that somebody enabled again.
# - Names are all it knows. Another installation's `name` or secrets must not begin like these.
# - At most 5,120 characters. The output refuses more: use wildcards, such as arn:aws:iam::*:role/terraform.

data "aws_partition" "current" {}

locals {
  partition = data.aws_partition.current.partition
  role_arn  = "arn:${local.partition}:iam::*:role${var.role_path}${var.name}"

  # The role that the module's claim.tf names, at whatever path.
  claim = "one-access-key-rotation-per-tag-${substr(sha256(jsonencode([lower(var.user_tag.key), var.user_tag.value])), 0, 12)}"

  # Who is exempt. A session has the ARN of its role here.
  terraform              = sort(var.terraform_role_arns)
  terraform_and_function = concat(local.terraform, [local.role_arn])
  operators              = concat(local.terraform, sort(var.operator_role_arns))
  everybody_exempt       = concat(local.operators, [local.role_arn])

  rule_arns = [
    for name in [var.name, "${var.name}-exposed-keys", "${var.name}/*"] : "arn:${local.partition}:events:*:*:rule/${name}"
  ]
  queue_arn     = "arn:${local.partition}:sqs:*:*:${var.name}-dead-letters"
  secret_arns   = "arn:${local.partition}:secretsmanager:*:*:secret:${var.secret_name_prefix}*"
  parameters    = "arn:${local.partition}:ssm:*:*:parameter/${var.name}/*"
  topic_arn     = "arn:${local.partition}:sns:*:*:${var.name}"
  log_group_arn = "arn:${local.partition}:logs:*:*:log-group:/aws/lambda/${var.name}"
  user_arns     = "arn:${local.partition}:iam::*:user/*"
}

# --- The service control policy -------------------------------------------------------------------------------------

data "aws_iam_policy_document" "service_control" {
  # Everything but reading, what an operator needs, invoking, and assuming a role, which its trust policy decides.
  statement {
    sid    = "OnlyTerraformChangesTheInstallation"
    effect = "Deny"

    not_actions = [
      "cloudwatch:Describe*",
      "cloudwatch:List*",
      "events:Describe*",
      "events:DisableRule",
      "events:EnableRule",
      "events:List*",
      "iam:Generate*",
      "iam:Get*",
      "iam:List*",
      "iam:Simulate*",
      "lambda:Get*",
      "lambda:InvokeFunction",
      "lambda:List*",
      "logs:Describe*",
      "logs:FilterLogEvents",
      "logs:Get*",
      "logs:List*",
      "logs:Start*",
      "secretsmanager:Describe*",
      "secretsmanager:Get*",
      "secretsmanager:List*",
      "secretsmanager:RestoreSecret",
      "secretsmanager:TagResource",
      "secretsmanager:UntagResource",
      "secretsmanager:UpdateSecretVersionStage",
      "sns:Get*",
      "sns:List*",
      "sqs:ChangeMessageVisibility",
      "sqs:DeleteMessage",
      "sqs:Get*",
      "sqs:List*",
      "sqs:PurgeQueue",
      "sqs:ReceiveMessage",
      "ssm:Get*",
      "ssm:List*",
      "sts:*",
    ]

    resources = concat(local.rule_arns, local.operators, sort(var.reader_role_arns), [
      local.log_group_arn,
      "${local.log_group_arn}:*",
      local.parameters,
      local.queue_arn,
      local.role_arn,
      local.secret_arns,
      local.topic_arn,
      "${local.topic_arn}-alarms",
      "${local.topic_arn}-central", # this and the bus: of examples/multi-account
      "arn:${local.partition}:events:*:*:event-bus/${var.name}",
      "arn:${local.partition}:cloudwatch:*:*:alarm:${var.name}-*",
      "arn:${local.partition}:iam::*:policy/${var.name}-boundary",
      "arn:${local.partition}:iam::*:role/*${local.claim}",
      "arn:${local.partition}:kms:*:*:alias/${var.name}",
      "arn:${local.partition}:lambda:*:*:function:${var.name}",
      "arn:${local.partition}:lambda:*:*:function:${var.name}:*",
    ])

    condition {
      test     = "ArnNotLike"
      variable = "aws:PrincipalArn"
      values   = local.terraform_and_function
    }
  }

  # What the runbooks ask for: stopping the schedule, dead letters, `restore`, a secret that somebody changed or deleted.
  statement {
    sid    = "OnlyOperatorsHandleWhatFailed"
    effect = "Deny"

    actions = [
      "events:DisableRule",
      "events:EnableRule",
      "secretsmanager:RestoreSecret",
      "secretsmanager:TagResource",
      "secretsmanager:UntagResource",
      "secretsmanager:UpdateSecretVersionStage",
      "sqs:ChangeMessageVisibility",
      "sqs:DeleteMessage",
      "sqs:PurgeQueue",
      "sqs:ReceiveMessage",
    ]

    resources = concat(local.rule_arns, [local.queue_arn, local.secret_arns])

    condition {
      test     = "ArnNotLike"
      variable = "aws:PrincipalArn"
      values   = local.everybody_exempt
    }
  }

  # Whoever can do this becomes the user, takes the user's name, or takes the user out of the rotation.
  statement {
    sid    = "OnlyOperatorsChangeManagedUsers"
    effect = "Deny"

    actions = [
      "iam:CreateAccessKey",
      "iam:CreateLoginProfile",
      "iam:TagUser",
      "iam:UntagUser",
      "iam:UpdateLoginProfile",
      "iam:UpdateUser",
    ]

    resources = [local.user_arns]

    condition {
      test     = "StringEquals"
      variable = "aws:ResourceTag/${var.user_tag.key}"
      values   = [var.user_tag.value]
    }

    condition {
      test     = "ArnNotLike"
      variable = "aws:PrincipalArn"
      values   = local.everybody_exempt
    }
  }

  # The first rotation of a user disables the key that they use. IAM ignores upper and lower case in the key of a tag.
  statement {
    sid       = "OnlyOperatorsMakeUsersManaged"
    effect    = "Deny"
    actions   = ["iam:TagUser"]
    resources = [local.user_arns]

    condition {
      test     = "ForAnyValue:StringEqualsIgnoreCase"
      variable = "aws:TagKeys"
      values   = [var.user_tag.key]
    }

    condition {
      test     = "ArnNotLike"
      variable = "aws:PrincipalArn"
      values   = local.operators
    }
  }

  # The module's key by its alias, which only Terraform can move. AWS documents this condition key for the policies of
  # identities, and says nothing of service control policies: name the keys in kms_key_arns to be sure.
  statement {
    sid    = "OnlyTerraformChangesTheKey"
    effect = "Deny"

    actions = [
      "kms:CreateGrant",
      "kms:DeleteImportedKeyMaterial",
      "kms:DisableKey",
      "kms:DisableKeyRotation",
      "kms:PutKeyPolicy",
      "kms:ReplicateKey",
      "kms:ScheduleKeyDeletion",
    ]

    resources = length(var.kms_key_arns) > 0 ? var.kms_key_arns : ["arn:${local.partition}:kms:*:*:key/*"]

    dynamic "condition" {
      for_each = length(var.kms_key_arns) > 0 ? [] : ["alias/${var.name}"]

      content {
        test     = "ForAnyValue:StringEquals"
        variable = "kms:ResourceAliases"
        values   = [condition.value]
      }
    }

    condition {
      test     = "ArnNotLike"
      variable = "aws:PrincipalArn"
      values   = local.terraform
    }
  }

  # An account that leaves the organization leaves this policy, too.
  statement {
    sid       = "NobodyLeavesTheOrganization"
    effect    = "Deny"
    actions   = ["organizations:LeaveOrganization"]
    resources = ["*"]
  }

  # This does not stop the embedded metric format, which is a line of any log: no alarm that matters may rest on this namespace.
  statement {
    sid       = "OnlyTheFunctionSendsItsMetrics"
    effect    = "Deny"
    actions   = ["cloudwatch:PutMetricData"]
    resources = ["*"]

    condition {
      test     = "StringEquals"
      variable = "cloudwatch:namespace"
      values   = ["AccessKeyRotation"]
    }

    condition {
      test     = "ArnNotLike"
      variable = "aws:PrincipalArn"
      values   = [local.role_arn]
    }
  }
}
