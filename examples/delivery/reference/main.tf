# Nothing is copied here: what reads parameters, or ECS itself, reads the secret. Each way needs a role that is a reader of the
# secret (output `reader_arn`), and reads it when it starts: restart it after a rotation, while the old key still works.
#
# - A task of ECS: `valueFrom` names the secret and the field.
# - A program, such as read_key.py, reads the parameter /aws/reference/secretsmanager/<name of the secret>.

data "aws_caller_identity" "current" {}
data "aws_partition" "current" {}
data "aws_region" "current" {}

locals {
  partition  = data.aws_partition.current.partition
  account_id = data.aws_caller_identity.current.account_id
  region     = try(lookup(data.aws_region.current, "region"), lookup(data.aws_region.current, "id")) # provider 6, or 5

  # The name of the secret is in its ARN, before six characters that AWS chose.
  secret_name    = regex(":secret:(.+)-[A-Za-z0-9]{6}$", var.secret_arn)[0]
  reference_name = "/aws/reference/secretsmanager/${local.secret_name}"
  reference_arn  = "arn:${local.partition}:ssm:${local.region}:${local.account_id}:parameter${local.reference_name}"
}

resource "aws_ecs_task_definition" "program" {
  #checkov:skip=CKV_AWS_336:Whether its root can be read-only is for the program to say.

  family                   = var.name
  requires_compatibilities = ["FARGATE"]
  network_mode             = "awsvpc"
  cpu                      = 256
  memory                   = 512
  execution_role_arn       = aws_iam_role.reader.arn # ECS reads the secret with it

  # Behind the ARN: the field of the JSON value, then stage and version, which are left out.
  container_definitions = jsonencode([{
    name       = "program"
    image      = var.image
    essential  = true
    entryPoint = ["sh", "-c"]
    command    = ["exec ${var.program}"]
    secrets = [
      { name = "AWS_ACCESS_KEY_ID", valueFrom = "${var.secret_arn}:AccessKeyId::" },
      { name = "AWS_SECRET_ACCESS_KEY", valueFrom = "${var.secret_arn}:SecretAccessKey::" },
    ]
  }])
}

# Nothing of the secret here: the rotation takes the ARN of this role, and the secret comes from the rotation.
resource "aws_iam_role" "reader" {
  name               = var.name
  description        = "Reads one access key from its secret, for ${var.name}."
  assume_role_policy = data.aws_iam_policy_document.trust.json
}

data "aws_iam_policy_document" "trust" {
  statement {
    sid     = "EcsStartsTasks"
    actions = ["sts:AssumeRole"]

    principals {
      type        = "Service"
      identifiers = ["ecs-tasks.amazonaws.com"]
    }

    condition {
      test     = "StringEquals"
      variable = "aws:SourceAccount"
      values   = [local.account_id]
    }
  }
}

resource "aws_iam_role_policy" "reader" {
  name   = "read-the-key"
  role   = aws_iam_role.reader.id
  policy = data.aws_iam_policy_document.reader.json
}

data "aws_iam_policy_document" "reader" {
  statement {
    sid       = "ReadTheSecret"
    actions   = ["secretsmanager:GetSecretValue"]
    resources = [var.secret_arn]
  }

  statement {
    sid       = "DecryptTheSecret"
    actions   = ["kms:Decrypt"]
    resources = [var.kms_key_arn]

    condition {
      test     = "StringEquals"
      variable = "kms:EncryptionContext:SecretARN"
      values   = [var.secret_arn]
    }
  }

  # For the reference alone. Parameter Store asks Secrets Manager with the reader's own permissions.
  statement {
    sid       = "ReadTheReference"
    actions   = ["ssm:GetParameter", "ssm:GetParameters"]
    resources = [local.reference_arn]
  }
}
