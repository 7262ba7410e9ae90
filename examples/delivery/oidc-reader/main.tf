# A role that a job or a pod assumes with a token of its own (OpenID Connect), so that it stores no key. The role can do one
# thing: read one secret. Used by ../github-actions and ../external-secrets.
#
# The secret's own policy denies everyone but its owner and its readers. So name the role as a reader too, in the module's users:
#
#   users = { build-agent = { reader_arns = ["arn:aws:iam::123456789012:role/read-key-of-build-agent"] } }
#
# Create the role first: Secrets Manager refuses a policy that names a role which does not exist.

data "aws_partition" "current" {}

locals {
  # In a condition, AWS names a claim of the token by its issuer, which is the end of the provider's ARN.
  issuer        = regex("oidc-provider/(.+)$", var.oidc_provider_arn)[0]
  secret_region = split(":", var.secret_arn)[3]
}

resource "aws_iam_role" "this" {
  name               = var.name
  description        = "Reads the secret ${var.secret_arn}."
  assume_role_policy = data.aws_iam_policy_document.assume.json
  tags               = var.tags
}

data "aws_iam_policy_document" "assume" {
  statement {
    sid     = "OnlyThisSubject"
    actions = ["sts:AssumeRoleWithWebIdentity"]

    principals {
      type        = "Federated"
      identifiers = [var.oidc_provider_arn]
    }

    condition {
      test     = "StringEquals"
      variable = "${local.issuer}:aud"
      values   = ["sts.amazonaws.com"]
    }

    condition {
      test     = "StringEquals"
      variable = "${local.issuer}:sub"
      values   = [var.subject]
    }
  }
}

resource "aws_iam_role_policy" "this" {
  name   = "read-one-secret"
  role   = aws_iam_role.this.id
  policy = data.aws_iam_policy_document.read.json
}

data "aws_iam_policy_document" "read" {
  statement {
    sid       = "ReadTheSecret"
    actions   = ["secretsmanager:GetSecretValue"]
    resources = [var.secret_arn]
  }

  # Only through Secrets Manager, and only what that secret holds.
  statement {
    sid       = "DecryptTheSecret"
    actions   = ["kms:Decrypt"]
    resources = [var.kms_key_arn]

    condition {
      test     = "StringEquals"
      variable = "kms:ViaService"
      values   = ["secretsmanager.${local.secret_region}.${data.aws_partition.current.dns_suffix}"]
    }

    condition {
      test     = "StringEquals"
      variable = "kms:EncryptionContext:SecretARN"
      values   = [var.secret_arn]
    }
  }
}
