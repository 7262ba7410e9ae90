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

  statement {
    sid       = "AccountAdministersTheKey"
    actions   = ["kms:*"]
    resources = ["*"]

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
}

# Apart from the key, because the statements come from the module, which takes the key.
resource "aws_kms_key_policy" "own" {
  count = var.own_kms_key ? 1 : 0

  key_id = aws_kms_key.own[0].key_id
  policy = data.aws_iam_policy_document.own_key.json
}
