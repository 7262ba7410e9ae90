# A key of your own in place of the module's. The module says which statements it needs; how the key is administered is up
# to you.

data "aws_caller_identity" "current" {}
data "aws_partition" "current" {}
data "aws_region" "current" {}

data "aws_iam_policy_document" "own_key" {
  #checkov:skip=CKV_AWS_109:In a key policy "*" is this key, and the account must be able to administer it.
  #checkov:skip=CKV_AWS_111:In a key policy "*" is this key.
  #checkov:skip=CKV_AWS_356:In a key policy "*" is this key.

  source_policy_documents = [module.key_rotation.kms_key_policy_statements]

  # Administration only, as of the module's own key. With `kms:*`, every administrator of the account could decrypt by a
  # policy of their own.
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
      identifiers = ["arn:${data.aws_partition.current.partition}:iam::${data.aws_caller_identity.current.account_id}:root"]
    }
  }
}

resource "aws_kms_key" "own" {
  count = var.own_kms_key ? 1 : 0

  description         = "Secrets and messages of the access key rotation ${var.name}."
  enable_key_rotation = true
  tags                = var.tags

  # If it goes again, the module's secrets move to the module's key first. Those that the function made move with its next
  # run, so cancel the deletion until then: docs/operations.md, "Another KMS key".
  lifecycle {
    create_before_destroy = true
  }
}

# Apart from the key, because the statements come from the module, which takes the key.
resource "aws_kms_key_policy" "own" {
  count = var.own_kms_key ? 1 : 0

  key_id = aws_kms_key.own[0].key_id
  policy = data.aws_iam_policy_document.own_key.json
}
