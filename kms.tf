# One key encrypts the users' secrets and the messages. Nobody can use it directly, but only through Secrets Manager, where
# each secret's own policy says who reads it, and through SNS.

locals {
  # Only the object is compared with null: the same apply may make the key, and its ARN is unknown until then.
  kms_key_arn = var.kms_key == null ? aws_kms_key.this[0].arn : var.kms_key.arn

  # Secrets stay on the module's key until they have moved to `kms_key`, and nobody could read them without it.
  module_kms_key = var.kms_key == null ? true : tobool(var.kms_key.keep_module_key)

  # The services call KMS on behalf of their caller. The suffix of the service name differs in China.
  dns_suffixes       = distinct(["amazonaws.com", data.aws_partition.current.dns_suffix])
  via_secretsmanager = [for suffix in local.dns_suffixes : "secretsmanager.${local.region}.${suffix}"]
  via_sns            = [for suffix in local.dns_suffixes : "sns.${local.region}.${suffix}"]

  readers           = distinct(concat(tolist(var.secret_reader_arns), flatten([for user in local.users : user.reader_arns])))
  readers_elsewhere = [for arn in local.readers : arn if split(":", arn)[4] != local.account_id]
}

resource "aws_kms_key" "this" {
  count = local.module_kms_key ? 1 : 0

  description             = "Secrets and messages of the IAM access key rotation ${var.name}."
  enable_key_rotation     = true
  deletion_window_in_days = 30
  policy                  = data.aws_iam_policy_document.kms_key.json
  tags                    = var.tags

  # When the key goes, Terraform moves its secrets and topics to the other one first.
  lifecycle {
    create_before_destroy = true
  }
}

resource "aws_kms_alias" "this" {
  count = local.module_kms_key ? 1 : 0

  name          = "alias/${var.name}"
  target_key_id = aws_kms_key.this[0].key_id

  depends_on = [aws_iam_role.function] # which has the name: see iam.tf
}

data "aws_iam_policy_document" "kms_key" {
  #checkov:skip=CKV_AWS_109:In a key policy "*" is this key, and the account must be able to administer it.
  #checkov:skip=CKV_AWS_111:In a key policy "*" is this key.
  #checkov:skip=CKV_AWS_356:In a key policy "*" is this key.

  source_policy_documents = [data.aws_iam_policy_document.kms_key_use.json]

  # Administration only. With CreateGrant, Decrypt or GenerateDataKey, every administrator of the account could decrypt by a
  # policy of their own.
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

# What any key needs that is used here. It is an output for your own key, so it must not depend on the key.
data "aws_iam_policy_document" "kms_key_use" {
  # This leaves it to IAM policies who may do it: the function's role, and whoever runs Terraform, since Secrets Manager tries
  # the key when it creates a secret.
  statement {
    sid       = "AccountEncryptsThroughSecretsManagerAndSns"
    actions   = ["kms:Decrypt", "kms:Encrypt", "kms:GenerateDataKey"] # Encrypt: a secret moves here from another key
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

  # A key owner needs only the secret's own policy, and no IAM policy.
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

  dynamic "statement" {
    for_each = local.monitoring.enabled ? [local.account_id] : []

    content {
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
        values   = [statement.value]
      }
    }
  }
}
