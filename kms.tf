# One key encrypts the users' secrets and the messages. Its policy hands its use to nobody directly: it can be used only
# through Secrets Manager, where each secret's own policy says who reads it, and through SNS.

locals {
  kms_key_arn = var.kms_key_arn != null ? var.kms_key_arn : aws_kms_key.this[0].arn

  # KMS is asked by the services, on behalf of their caller. The suffix of the service name differs in China.
  dns_suffixes       = distinct(["amazonaws.com", data.aws_partition.current.dns_suffix])
  via_secretsmanager = [for suffix in local.dns_suffixes : "secretsmanager.${local.region}.${suffix}"]
  via_sns            = [for suffix in local.dns_suffixes : "sns.${local.region}.${suffix}"]

  readers_elsewhere = [for arn in var.secret_reader_arns : arn if split(":", arn)[4] != local.account_id]
}

resource "aws_kms_key" "this" {
  count = var.kms_key_arn == null ? 1 : 0

  description             = "Secrets and messages of the IAM access key rotation ${var.name}."
  enable_key_rotation     = true
  deletion_window_in_days = 30
  policy                  = data.aws_iam_policy_document.kms_key.json
  tags                    = var.tags
}

resource "aws_kms_alias" "this" {
  count = var.kms_key_arn == null ? 1 : 0

  name          = "alias/${var.name}"
  target_key_id = aws_kms_key.this[0].key_id
}

data "aws_iam_policy_document" "kms_key" {
  #checkov:skip=CKV_AWS_109:In a key policy "*" is this key, and the account must be able to administer it.
  #checkov:skip=CKV_AWS_111:In a key policy "*" is this key.
  #checkov:skip=CKV_AWS_356:In a key policy "*" is this key.

  source_policy_documents = [data.aws_iam_policy_document.kms_key_use.json]

  # Administration only. CreateGrant, Decrypt, GenerateDataKey and the like are left out on purpose: with them every
  # administrator of the account could decrypt by a policy of their own.
  statement {
    sid       = "AccountAdministersTheKey"
    resources = ["*"] # in a key policy: this key
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
      identifiers = ["arn:${local.partition}:iam::${local.account_id}:root"]
    }
  }
}

# What any key needs that is used here; an output for those who bring their own. It must not depend on the key.
data "aws_iam_policy_document" "kms_key_use" {
  # Naming the account leaves it to IAM policies who may do this: the function's role does, and so does whoever runs
  # Terraform, because Secrets Manager tries the key when a secret is created.
  statement {
    sid       = "AccountEncryptsThroughSecretsManagerAndSns"
    actions   = ["kms:Decrypt", "kms:GenerateDataKey"]
    resources = ["*"]

    principals {
      type        = "AWS"
      identifiers = ["arn:${local.partition}:iam::${local.account_id}:root"]
    }

    condition {
      test     = "StringEquals"
      variable = "kms:ViaService"
      values   = concat(local.via_secretsmanager, local.via_sns)
    }
  }

  # A key owner needs no permission but the secret's own policy: here no IAM policy is asked for.
  statement {
    sid       = "ReadersDecryptThroughSecretsManager"
    actions   = ["kms:Decrypt"]
    resources = ["*"]

    principals {
      type        = "AWS"
      identifiers = ["*"]
    }

    condition {
      test     = "StringEquals"
      variable = "kms:CallerAccount"
      values   = [local.account_id]
    }

    condition {
      test     = "StringEquals"
      variable = "kms:ViaService"
      values   = local.via_secretsmanager
    }
  }

  dynamic "statement" {
    for_each = length(local.readers_elsewhere) > 0 ? [local.readers_elsewhere] : []

    content {
      sid       = "ReadersOfOtherAccountsDecryptThroughSecretsManager"
      actions   = ["kms:Decrypt"]
      resources = ["*"]

      principals {
        type        = "AWS"
        identifiers = statement.value
      }

      condition {
        test     = "StringEquals"
        variable = "kms:ViaService"
        values   = local.via_secretsmanager
      }
    }
  }

  statement {
    sid       = "AlarmsPublishToTheTopic"
    actions   = ["kms:Decrypt", "kms:GenerateDataKey*"]
    resources = ["*"]

    principals {
      type        = "Service"
      identifiers = ["cloudwatch.amazonaws.com"]
    }

    condition {
      test     = "StringEquals"
      variable = "aws:SourceAccount"
      values   = [local.account_id]
    }
  }
}
