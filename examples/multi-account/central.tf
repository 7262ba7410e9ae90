# What the central account has in addition: a bus that every account's function may send to, and a topic that every account's
# alarms may publish to. In all other workspaces none of this is made.

locals {
  central = local.is_central ? { here = true } : {}
}

# --- The bus --------------------------------------------------------------------------------------------------------

resource "aws_cloudwatch_event_bus" "central" {
  for_each = local.central

  name = var.name
}

data "aws_iam_policy_document" "bus" {
  statement {
    sid       = "FunctionsOfTheAccountsSend"
    actions   = ["events:PutEvents"]
    resources = [local.central_bus_arn]

    principals {
      type        = "AWS"
      identifiers = [for id in local.all_ids : "arn:${data.aws_partition.current.partition}:iam::${id}:root"]
    }

    condition {
      test     = "ArnEquals"
      variable = "aws:PrincipalArn"
      values   = [for id in local.all_ids : "arn:${data.aws_partition.current.partition}:iam::${id}:role/${var.name}"]
    }

    # A request has the sources of all its events.
    condition {
      test     = "ForAllValues:StringEquals"
      variable = "events:source"
      values   = ["iam-access-key-rotation"]
    }
  }
}

resource "aws_cloudwatch_event_bus_policy" "central" {
  for_each = local.central

  event_bus_name = aws_cloudwatch_event_bus.central[each.key].name
  policy         = data.aws_iam_policy_document.bus.json
}

# A blocked user waits for a person, in whichever account: the central addresses get a message.
resource "aws_cloudwatch_event_rule" "blocked" {
  for_each = local.central

  name           = "${var.name}-blocked"
  description    = "A user of any account is blocked."
  event_bus_name = aws_cloudwatch_event_bus.central[each.key].name

  event_pattern = jsonencode({
    source        = ["iam-access-key-rotation"]
    "detail-type" = ["Access Key Blocked"]
  })
}

resource "aws_cloudwatch_event_target" "blocked" {
  for_each = local.central

  rule           = aws_cloudwatch_event_rule.blocked[each.key].name
  event_bus_name = aws_cloudwatch_event_bus.central[each.key].name
  target_id      = "notify-the-operators"
  arn            = aws_sns_topic.central[each.key].arn

  # The account is that of the envelope: EventBridge writes it, and the sender writes the detail.
  input_transformer {
    input_paths = {
      account = "$.account"
      user    = "$.detail.user.name"
      key     = "$.detail.access_key_id"
      reason  = "$.detail.reason"
    }
    # One text for every reason, since an input transformer cannot choose. The runbook has a table of the reasons.
    input_template = "\"The rotation of access keys waits for a person. AWS account <account>, IAM user <user>, access key <key>. Reason: <reason>. What it means and what to do is in docs/operations.md, 'A blocked user', in the row of that reason. Until then the keys stay as they are, and grow older.\""
  }
}

# --- The topic ------------------------------------------------------------------------------------------------------

resource "aws_sns_topic" "central" {
  for_each = local.central

  name              = "${var.name}-central"
  display_name      = "IAM access keys, all accounts"
  kms_master_key_id = aws_kms_key.central[each.key].arn
  signature_version = 2
}

data "aws_iam_policy_document" "topic" {
  statement {
    sid       = "AlarmsOfTheAccountsPublish"
    actions   = ["sns:Publish"]
    resources = [local.central_topic_arn]

    principals {
      type        = "Service"
      identifiers = ["cloudwatch.amazonaws.com"]
    }

    condition {
      test     = "StringEquals"
      variable = "aws:SourceAccount"
      values   = local.all_ids
    }

    condition {
      test     = "ArnEquals"
      variable = "aws:SourceArn"
      values = [
        for alarm in setproduct(local.all_ids, ["dead-letters", "errors", "key-overdue", "no-run", "not-started"]) :
        "arn:${data.aws_partition.current.partition}:cloudwatch:${var.region}:${alarm[0]}:alarm:${var.name}-${alarm[1]}"
      ]
    }
  }

  statement {
    sid       = "TheBusPublishes"
    actions   = ["sns:Publish"]
    resources = [local.central_topic_arn]

    principals {
      type        = "Service"
      identifiers = ["events.amazonaws.com"]
    }

    condition {
      test     = "ArnEquals"
      variable = "aws:SourceArn"
      values   = ["arn:${data.aws_partition.current.partition}:events:${var.region}:${local.central_id}:rule/${var.name}/${var.name}-blocked"]
    }
  }

  # This denies everyone else, administrators too: the operators act on these messages. See docs/adr/0009.
  statement {
    sid       = "NobodyElsePublishes"
    effect    = "Deny"
    actions   = ["sns:Publish"]
    resources = [local.central_topic_arn]

    principals {
      type        = "*"
      identifiers = ["*"]
    }

    condition {
      test     = "Bool"
      variable = "aws:PrincipalIsAWSService" # services have no permission but the statements above
      values   = ["false"]
    }
  }

  statement {
    sid       = "TlsOnly"
    effect    = "Deny"
    actions   = ["sns:Publish"]
    resources = [local.central_topic_arn]

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

resource "aws_sns_topic_policy" "central" {
  for_each = local.central

  arn    = aws_sns_topic.central[each.key].arn
  policy = data.aws_iam_policy_document.topic.json
}

resource "aws_sns_topic_subscription" "central" {
  for_each = local.is_central ? var.central_emails : toset([])

  topic_arn = aws_sns_topic.central["here"].arn
  protocol  = "email"
  endpoint  = each.value
}

# Alarms of other accounts can publish to an encrypted topic only if the policy of its key admits CloudWatch.
resource "aws_kms_key" "central" {
  for_each = local.central

  description         = "Alarms of the access key rotation, of all accounts."
  enable_key_rotation = true
  policy              = data.aws_iam_policy_document.key.json
}

data "aws_iam_policy_document" "key" {
  #checkov:skip=CKV_AWS_109:In a key policy "*" is this key, and the account must be able to administer it.
  #checkov:skip=CKV_AWS_111:In a key policy "*" is this key.
  #checkov:skip=CKV_AWS_356:In a key policy "*" is this key.

  statement {
    sid       = "AccountAdministersTheKey"
    resources = ["*"]
    actions = [
      "kms:CancelKeyDeletion",
      "kms:CreateAlias",
      "kms:DeleteAlias",
      "kms:DescribeKey",
      "kms:DisableKey",
      "kms:DisableKeyRotation",
      "kms:EnableKey",
      "kms:EnableKeyRotation",
      "kms:GetKeyPolicy",
      "kms:GetKeyRotationStatus",
      "kms:ListGrants",
      "kms:ListKeyPolicies",
      "kms:ListKeyRotations",
      "kms:ListResourceTags",
      "kms:PutKeyPolicy",
      "kms:RotateKeyOnDemand",
      "kms:ScheduleKeyDeletion",
      "kms:TagResource",
      "kms:UntagResource",
      "kms:UpdateAlias",
      "kms:UpdateKeyDescription",
    ]

    principals {
      type        = "AWS"
      identifiers = ["arn:${data.aws_partition.current.partition}:iam::${local.central_id}:root"]
    }
  }

  statement {
    sid       = "AlarmsAndTheBusPublish"
    actions   = ["kms:Decrypt", "kms:GenerateDataKey*"]
    resources = ["*"]

    principals {
      type        = "Service"
      identifiers = ["cloudwatch.amazonaws.com", "events.amazonaws.com"]
    }

    condition {
      test     = "StringEquals"
      variable = "aws:SourceAccount"
      values   = local.all_ids
    }
  }
}
